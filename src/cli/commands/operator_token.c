/* operator_token.c - a token for one tenant's API. */
#include "cli/command.h"
#include "cli/make_token.h"

static const struct arg options[] = {
	COMMAND_DATA_OPTION,
	{ "--tenant", "T", "the tenant that it opens, and no other" },
	{ "--name", "N", "what it is for; the audit log shows it" },
	{ "--json", NULL, "print one JSON document" },
	{ 0 },
};

static int run(const struct args *args, struct why *why)
{
	const char *name = args_value(args, "--name", NULL);

	if (name == NULL || !args_has(args, "--tenant")) {
		(void)why_set(why, 0, "%s is missing; the usage is: %s",
			      name == NULL ? "--name" : "--tenant", args->spec->usage);
		return EXIT_USAGE;
	}
	return make_token(args, "/api/v1/operator-tokens", json_pack("{s:s}", "name", name), why);
}

const struct command command_operator_token = {
	.name = "operator-token",
	.spec = { .usage = "bartizan operator-token --tenant T --name N [options]",
		  .summary = "Makes a token for one tenant's API and prints it alone. It is shown "
			     "only now. A "
			     "token of the platform is needed.",
		  .options = options,
		  .examples =
			  "  bartizan operator-token --tenant acme --name \"acme's dashboard\" > "
			  "acme.token\n"
			  "  BARTIZAN_URL=https://HOST:PORT BARTIZAN_TOKEN_FILE=acme.token "
			  "BARTIZAN_CA=ca.pem bartizan assets" },
	.run = run,
};
