/* assets.c - the assets of a tenant. */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--search", "TEXT", "only those whose id, name, operating system or address holds TEXT" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static const char *const columns[] = { "id",   "name",         "os",        "addresses",
				       "rows", "is_connected", "last_seen", NULL };

static const char *const all_columns[] = { "id",        "name", "os",           "addresses",
					   "sensor",    "rows", "is_connected", "first_seen",
					   "last_seen", NULL };

static int run(const struct args *args, struct why *why)
{
	struct target target = target_of("/api/v1/assets");
	struct client *client = NULL;
	json_t *all = NULL;
	enum output output;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	target_param(&target, "search", args_value(args, "--search", NULL));
	if (client_pages(client, &target, "after", 0, &all, why) != 0) {
		client_free(&client);
		return EXIT_REFUSED;
	}
	output_answer(all, output == OUTPUT_CSV ? all_columns : columns, output);
	json_decref(all);
	client_free(&client);
	return EXIT_FINE;
}

const struct command command_assets = {
	.name = "assets",
	.spec = { .usage = "bartizan assets [--search TEXT] [options]",
		  .summary = "Lists assets: what each is called, runs, and whether its sensor is "
			     "connected.",
		  .options = options,
		  .examples = "  bartizan assets --data var\n"
			      "  bartizan assets --search debian --json" },
	.run = run,
};
