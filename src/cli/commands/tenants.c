/* tenants.c - tenants, and new ones. */
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static int run(const struct args *args, struct why *why)
{
	static const char *const columns[] = { "name", "sensors", "created_at", NULL };
	bool is_add = args->positional_count > 0 && strcmp(args->positionals[0], "add") == 0;
	struct target target = target_of("/api/v1/tenants");
	struct client *client = NULL;
	json_t *answer = NULL;
	json_t *items;
	enum output output;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (args->positional_count > 0 && (!is_add || args->positional_count != 2)) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	if (client_call(client, is_add ? "POST" : "GET", &target,
			is_add ? json_pack("{s:s}", "name", args->positionals[1]) : NULL, &answer,
			why) != 0) {
		client_free(&client);
		return EXIT_REFUSED;
	}
	if (output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else {
		items = is_add ? json_pack("[O]", answer)
			       : json_incref(json_object_get(answer, "items"));
		output_items(items, columns, output);
		json_decref(items);
	}
	json_decref(answer);
	client_free(&client);
	return EXIT_FINE;
}

const struct command command_tenants = {
	.name = "tenants",
	.spec = { .usage = "bartizan tenants [add NAME] [options]",
		  .summary = "Lists the tenants that you can see. 'add NAME' makes one: lower-case "
			     "letters, "
			     "digits and hyphens, beginning with a letter.",
		  .options = options,
		  .examples = "  bartizan tenants\n"
			      "  bartizan tenants add acme",
		  .positionals_max = 2 },
	.run = run,
};
