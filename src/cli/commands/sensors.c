/* sensors.c - the sensors, and cutting one off. */
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static const char *const columns[] = { "id",         "kind",      "name",
				       "version",    "address",   "is_connected",
				       "is_revoked", "last_seen", NULL };

static const char *const all_columns[] = { "id",
					   "kind",
					   "asset",
					   "name",
					   "version",
					   "address",
					   "is_connected",
					   "is_revoked",
					   "enrolled_at",
					   "last_seen",
					   "certificate_not_after",
					   NULL };

static void print_items(const json_t *items, enum output output)
{
	output_items(items, output == OUTPUT_CSV ? all_columns : columns, output);
}

static int list(struct client *client, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/sensors");
	json_t *answer = NULL;
	int error = client_call(client, "GET", &target, NULL, &answer, why);

	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		print_items(json_object_get(answer, "items"), output);
	}
	json_decref(answer);
	return error;
}

static int revoke(struct client *client, const char *id, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/sensors");
	json_t *answer = NULL;
	json_t *items;
	int error;

	target_segment(&target, id);
	target_segment(&target, "revoke");
	error = client_call(client, "POST", &target, NULL, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		items = json_pack("[O]", answer);
		print_items(items, output);
		json_decref(items);
	}
	json_decref(answer);
	return error;
}

static int run(const struct args *args, struct why *why)
{
	bool is_revoke = args->positional_count > 0 && strcmp(args->positionals[0], "revoke") == 0;
	struct client *client = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (args->positional_count > 0 && (!is_revoke || args->positional_count != 2)) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = is_revoke ? revoke(client, args->positionals[1], output, why)
			  : list(client, output, why);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_sensors = {
	.name = "sensors",
	.spec = { .usage = "bartizan sensors [revoke ID] [options]",
		  .summary = "Lists sensors and how fresh they are. 'revoke ID' cuts one off at "
			     "once and "
			     "for good; its asset and history stay.",
		  .options = options,
		  .examples = "  bartizan sensors --data var\n"
			      "  bartizan sensors revoke 3f9c",
		  .positionals_max = 2 },
	.run = run,
};
