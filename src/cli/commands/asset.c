/* asset.c - one asset: what it is and which tables it holds, or the rows of one of them. */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--table", "T", "the asset's rows of this table, instead" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static void print_facts(const json_t *asset)
{
	static const char *const names[] = { "id",         "name",      "os",
					     "addresses",  "sensor",    "is_connected",
					     "first_seen", "last_seen", NULL };
	static const char *const columns[] = { "fact", "value", NULL };
	struct sheet *sheet = sheet_new(columns);

	for (size_t i = 0; names[i] != NULL; i++) {
		sheet_text(sheet, span_of(names[i]));
		sheet_json(sheet, json_object_get(asset, names[i]));
	}
	sheet_print(sheet, OUTPUT_TABLE, output_width(), stdout);
	sheet_free(&sheet);
	fputc('\n', stdout);
}

static void print_asset(const json_t *asset, enum output output)
{
	static const char *const columns[] = { "name",   "rows",    "changed_at",
					       "digest", "summary", NULL };

	if (output == OUTPUT_JSON) {
		output_json(asset, stdout);
		return;
	}
	if (output == OUTPUT_TABLE) {
		print_facts(asset);
	}
	output_items(json_object_get(asset, "tables"), columns, output);
}

static void print_rows(const json_t *rows, enum output output)
{
	if (output == OUTPUT_JSON) {
		output_json(rows, stdout);
	} else {
		output_rows(json_object_get(rows, "columns"), json_object_get(rows, "rows"),
			    output);
	}
}

static int run(const struct args *args, struct why *why)
{
	const char *table = args_value(args, "--table", NULL);
	struct target target = target_of("/api/v1/assets");
	struct client *client = NULL;
	json_t *answer = NULL;
	enum output output;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	target_segment(&target, args->positionals[0]);
	if (table != NULL) {
		target_segment(&target, "tables");
		target_segment(&target, table);
	}
	if (client_call(client, "GET", &target, NULL, &answer, why) != 0) {
		client_free(&client);
		return EXIT_REFUSED;
	}
	if (table != NULL) {
		print_rows(answer, output);
	} else {
		print_asset(answer, output);
	}
	json_decref(answer);
	client_free(&client);
	return EXIT_FINE;
}

const struct command command_asset = {
	.name = "asset",
	.spec = { .usage = "bartizan asset ID [--table T] [options]",
		  .summary = "Shows one asset: what it is, and its tables or the rows of one. ID "
			     "is its "
			     "id, the first digits of it (at least 4), or its exact name.",
		  .options = options,
		  .examples = "  bartizan asset web1\n"
			      "  bartizan asset 3f9c --table listeners\n"
			      "  bartizan asset web1 --table packages --csv > packages.csv",
		  .positionals_min = 1,
		  .positionals_max = 1 },
	.run = run,
};
