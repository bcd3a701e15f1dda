/* token.c - operators' tokens: listed and revoked. */
#include <stdio.h>
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
	static const char *const columns[] = { "id", "name", "tenant", "created_at", NULL };
	bool is_revoke = strcmp(args->positionals[0], "revoke") == 0;
	bool is_list = strcmp(args->positionals[0], "list") == 0;
	struct target target = target_of("/api/v1/operator-tokens");
	struct client *client = NULL;
	json_t *answer = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (args->positional_count != (is_revoke ? 2 : 1) || (!is_revoke && !is_list)) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	if (is_revoke) {
		target_segment(&target, args->positionals[1]);
	}
	error = client_call(client, is_revoke ? "DELETE" : "GET", &target, NULL, &answer, why);
	if (error == 0 && is_list) {
		output_answer(answer, columns, output);
	}
	json_decref(answer);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_token = {
	.name = "token",
	.spec = { .usage = "bartizan token list | revoke ID [options]",
		  .summary = "Lists operators' tokens, without what is secret of them, and revokes "
			     "one at once. A token of the platform is needed; 'operator-token' "
			     "makes one.",
		  .options = options,
		  .examples = "  bartizan token list\n"
			      "  bartizan token revoke 3f9c0a1b2c3d4e5f",
		  .positionals_min = 1,
		  .positionals_max = 2 },
	.run = run,
};
