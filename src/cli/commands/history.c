/* history.c - what changed on an asset, or how it was at a moment. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/change.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "schema/schema.h"
#include "sys/clock.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--table", "T", "only this table" },
	{ "--at", "TIME",
	  "the tables as they were then: 2026-11-21T12:00:00Z, 2026-11-21, or how long "
	  "ago: 2h, 7d" },
	{ "--limit", "N", "changes at the most, newest first; 0 for all (default: 100)" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static int print_changes(struct client *client, const struct args *args, enum output output,
			 struct why *why)
{
	struct target target = target_of("/api/v1/assets");
	json_t *all = NULL;
	uint64_t limit;
	int error;

	if (text_to_u64(span_of(args_value(args, "--limit", "100")), 100000000, &limit) != 0) {
		return why_set(why, ERR_USAGE, "--limit must be a number, 0 for all");
	}
	target_segment(&target, args->positionals[0]);
	target_segment(&target, "history");
	target_param(&target, "table", args_value(args, "--table", NULL));
	error = client_pages(client, &target, "before", (size_t)limit, &all, why);
	if (error != 0) {
		return error;
	}
	if (output == OUTPUT_JSON) {
		output_json(all, stdout);
	} else {
		changes_print(json_object_get(all, "items"), output);
	}
	json_decref(all);
	return 0;
}

static int fetch_table(struct client *client, const char *asset, const char *table, const char *at,
		       json_t **out, struct why *why)
{
	struct target target = target_of("/api/v1/assets");

	target_segment(&target, asset);
	target_segment(&target, "tables");
	target_segment(&target, table);
	target_param(&target, "at", at);
	return client_call(client, "GET", &target, NULL, out, why);
}

static void print_table(const json_t *rows, bool is_first, bool is_named, enum output output)
{
	if (is_named && json_array_size(json_object_get(rows, "rows")) == 0) {
		return;
	}
	if (is_named) {
		printf("%s%s\n", is_first ? "" : "\n",
		       json_string_value(json_object_get(rows, "table")));
	}
	output_rows(json_object_get(rows, "columns"), json_object_get(rows, "rows"), output);
}

static int print_moment(struct client *client, const struct args *args, enum output output,
			struct why *why)
{
	const char *only = args_value(args, "--table", NULL);
	char at[CLOCK_TEXT_SIZE];
	json_t *tables = json_array();
	int error = moment_read("--at", args_value(args, "--at", ""), at, why);
	size_t index;
	json_t *rows;

	for (size_t i = 0; error == 0 && schema_tables[i] != NULL; i++) {
		const char *name = only != NULL ? only : schema_tables[i]->name;

		rows = NULL;
		error = fetch_table(client, args->positionals[0], name, at, &rows, why);
		if (error == 0) {
			json_array_append_new(tables, rows);
		}
		if (only != NULL) {
			break;
		}
	}
	if (error == 0 && output == OUTPUT_JSON) {
		json_t *whole = json_pack("{s:s, s:O}", "at", at, "tables", tables);

		output_json(whole, stdout);
		json_decref(whole);
	} else if (error == 0) {
		json_array_foreach(tables, index, rows)
		{
			print_table(rows, index == 0, only == NULL, output);
		}
	}
	json_decref(tables);
	return error;
}

static int run(const struct args *args, struct why *why)
{
	struct client *client = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = args_has(args, "--at") ? print_moment(client, args, output, why)
				       : print_changes(client, args, output, why);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_history = {
	.name = "history",
	.spec = { .usage = "bartizan history ID [--table T] [--at TIME] [options]",
		  .summary = "Shows what changed on an asset, newest first; or, with --at, its "
			     "tables as "
			     "they were at a moment. ID is its id, the first digits of it, or its "
			     "name.",
		  .options = options,
		  .examples = "  bartizan history web1 --table users\n"
			      "  bartizan history web1 --table packages --at 2026-11-21T12:00:00Z\n"
			      "  bartizan history 3f9c --at 2h --json",
		  .positionals_min = 1,
		  .positionals_max = 1 },
	.run = run,
};
