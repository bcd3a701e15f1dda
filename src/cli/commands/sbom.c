/* sbom.c - an asset's bill of materials. */
#include <stdio.h>

#include "base/error.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ 0 },
};

static int run(const struct args *args, struct why *why)
{
	struct target target = target_of("/api/v1/assets");
	struct client *client = NULL;
	json_t *answer = NULL;
	int error;

	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	target_segment(&target, args->positionals[0]);
	target_segment(&target, "sbom");
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0) {
		output_json(answer, stdout);
	}
	json_decref(answer);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_sbom = {
	.name = "sbom",
	.spec = { .usage = "bartizan sbom ASSET [options]",
		  .summary =
			  "An asset's bill of materials as CycloneDX 1.5 (JSON): every package "
			  "with its package URL, and what is known of each vulnerability (VEX): "
			  "exploitable, in triage, not affected, resolved; accepted risks as such.",
		  .options = options,
		  .examples = "  bartizan sbom web1 > web1.cdx.json\n"
			      "  bartizan sbom web1 | grype",
		  .positionals_min = 1,
		  .positionals_max = 1 },
	.run = run,
};
