/* signin_link.c - the console's address, which signs in once. */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--json", NULL, "print one JSON document" },
	{ 0 },
};

static int run(const struct args *args, struct why *why)
{
	struct target target = target_of("/api/v1/signin-links");
	struct client *client = NULL;
	json_t *answer = NULL;

	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	if (client_call(client, "POST", &target, NULL, &answer, why) != 0) {
		client_free(&client);
		return EXIT_REFUSED;
	}
	if (args_has(args, "--json")) {
		output_json(answer, stdout);
	} else {
		printf("%s%s\n", client_url(client),
		       json_string_value(json_object_get(answer, "path")));
	}
	json_decref(answer);
	client_free(&client);
	return EXIT_FINE;
}

const struct command command_signin_link = {
	.name = "signin-link",
	.spec = { .usage = "bartizan signin-link [options]",
		  .summary = "Prints an address that opens the console signed in: once, within ten "
			     "minutes.",
		  .options = options,
		  .examples = "  bartizan signin-link --data var\n"
			      "  xdg-open \"$(bartizan signin-link --data var)\"" },
	.run = run,
};
