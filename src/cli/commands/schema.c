/* schema.c - the vocabulary; no server is asked. */
#include "schema/schema.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	{ "--sql", NULL, "as CREATE TABLE statements: what 'bartizan query' can ask" },
	{ "--cddl", NULL, "as CDDL (RFC 8610): the rows on the wire" },
	{ "--markdown", NULL, "as a document" },
	COMMAND_OUTPUT_OPTIONS,
	COMMAND_SERVER_OPTIONS, /* taken and not needed, so that a script can give them everywhere
				 */
	{ 0 },
};

/* What every table has in front, and the tables beside those of the schema. */
static const char sql_head[] =
	"-- Each table has an asset's id and name first. Times are seconds since 1970 in the "
	"tables of the schema,\n"
	"-- milliseconds in assets, sensors and changes. With the hidden column `at` (milliseconds "
	"since 1970) a\n"
	"-- table is as it was then: SELECT * FROM users WHERE at = unixepoch('2026-11-21') * "
	"1000\n\n"
	"CREATE TABLE assets(\n"
	"  id TEXT, name TEXT, os TEXT,\n"
	"  addresses TEXT, -- a JSON array: global addresses, at most 8\n"
	"  sensor TEXT, is_connected INTEGER,\n"
	"  first_seen INTEGER, last_seen INTEGER,\n"
	"  rows INTEGER -- over all tables\n"
	");\n\n"
	"CREATE TABLE sensors(\n"
	"  id TEXT, kind TEXT, asset TEXT, name TEXT, version TEXT,\n"
	"  address TEXT, -- where it last came from\n"
	"  is_connected INTEGER, is_revoked INTEGER,\n"
	"  enrolled_at INTEGER, last_seen INTEGER, certificate_not_after INTEGER\n"
	");\n\n"
	"CREATE TABLE changes(\n"
	"  no INTEGER, -- of the committed change, rising; one may hold several rows\n"
	"  idx INTEGER, -- position within the change\n"
	"  at INTEGER, -- when the server committed it\n"
	"  observed_at INTEGER, -- when the sensor saw it, by the sensor's clock\n"
	"  asset TEXT, asset_name TEXT, table_name TEXT,\n"
	"  op TEXT, -- added, updated, removed\n"
	"  key TEXT, -- the key columns' values, separated by spaces\n"
	"  \"row\" TEXT, old TEXT -- JSON objects; null where removed, added\n"
	");\n\n"
	"CREATE TABLE events( -- of all kinds; each kind is a table of its own too, see below\n"
	"  no INTEGER, -- rising by one in the order in which they were stored\n"
	"  at INTEGER, -- when it happened, by the sensor's clock\n"
	"  received_at INTEGER,\n"
	"  asset TEXT, asset_name TEXT, kind TEXT,\n"
	"  \"row\" TEXT -- a JSON object\n"
	");\n";

static const char *sql_type(enum column_type type)
{
	return type == COLUMN_TEXT || type == COLUMN_LIST ? "TEXT" : "INTEGER";
}

static void print_sql_of(const struct table *table, const char *first)
{
	printf("\n-- %s\nCREATE TABLE %s(\n  %s,\n", table->summary, table->name, first);
	for (size_t c = 0; c < table->column_count; c++) {
		const struct column *column = &table->columns[c];

		printf("  \"%s\" %s%s -- %s%s%s\n", column->name, sql_type(column->type),
		       c + 1 < table->column_count ? "," : "", column->meaning,
		       column->type == COLUMN_LIST ? " (a JSON array)" : "",
		       column->type == COLUMN_TIME ? " (seconds since 1970)" : "");
	}
	puts(");");
}

static void print_sql(void)
{
	fputs(sql_head, stdout);
	for (size_t t = 0; schema_tables[t] != NULL; t++) {
		print_sql_of(schema_tables[t], "asset TEXT, asset_name TEXT");
	}
	puts("\n-- Kinds of events. `at`: milliseconds since 1970, by the sensor's clock; hidden: "
	     "no, "
	     "received_at");
	for (size_t t = 0; schema_events[t] != NULL; t++) {
		print_sql_of(schema_events[t], "asset TEXT, asset_name TEXT, at INTEGER");
	}
}

static const char *cddl_type(enum column_type type)
{
	switch (type) {
	case COLUMN_INTEGER:
		return "int";
	case COLUMN_BOOLEAN:
		return "bool";
	case COLUMN_TIME:
		return "time-s";
	case COLUMN_LIST:
		return "[* text]";
	case COLUMN_TEXT:
	default:
		return "text";
	}
}

/* CDDL's own names use hyphens; ours stay recognisable. */
static void print_name(const char *name)
{
	for (; *name != '\0'; name++) {
		putchar(*name == '_' ? '-' : *name);
	}
}

static void print_cddl_of(const char *what, const struct table *const *list)
{
	for (size_t t = 0; list[t] != NULL; t++) {
		const struct table *table = list[t];

		printf("\n; %s %u: %s\n", what, table->number, table->summary);
		print_name(table->name);
		puts("-row = [");
		for (size_t c = 0; c < table->column_count; c++) {
			const struct column *column = &table->columns[c];

			fputs("  ", stdout);
			print_name(column->name);
			printf(": %s / null, ; %s%s\n", cddl_type(column->type), column->meaning,
			       (column->flags & COLUMN_KEY) != 0 ? " (key)" : "");
		}
		puts("]");
	}
}

static void print_cddl(void)
{
	puts("; The rows of each table, as docs/protocol.cddl's `row`: columns in this order, null "
	     "for unknown,\n"
	     "; missing ones at the end are null.\n\ntime-s = int ; seconds since 1970-01-01 UTC");
	print_cddl_of("table", schema_tables);
	print_cddl_of("event", schema_events);
}

static void print_markdown_of(const struct table *const *list)
{
	for (size_t t = 0; list[t] != NULL; t++) {
		const struct table *table = list[t];

		printf("\n## %s\n\n%s. Number %u; signal: %s.%s\n\n| column | type | | meaning "
		       "|\n|---|---|---|---|\n",
		       table->name, table->summary, table->number, table->signal,
		       table->is_live_only ? " Only of running machines." : "");
		for (size_t c = 0; c < table->column_count; c++) {
			const struct column *column = &table->columns[c];
			bool is_key = (column->flags & COLUMN_KEY) != 0;
			bool is_personal = (column->flags & COLUMN_PERSONAL) != 0;

			printf("| `%s` | %s | %s%s%s | %s |\n", column->name,
			       schema_type_name(column->type), is_key ? "key" : "",
			       is_key && is_personal ? ", " : "", is_personal ? "personal" : "",
			       column->meaning);
		}
	}
}

static void print_markdown(void)
{
	puts("# The vocabulary\n\nMade by `bartizan schema --markdown`. Key columns tell a row "
	     "from its "
	     "neighbours on one asset; personal ones can identify a person or a device.");
	print_markdown_of(schema_tables);
	puts("\n# Events\n\nWhat happens, with its time: it has no key and is never updated.");
	print_markdown_of(schema_events);
}

static json_t *columns_of(const struct table *table)
{
	json_t *columns = json_array();

	for (size_t c = 0; c < table->column_count; c++) {
		const struct column *column = &table->columns[c];

		json_array_append_new(columns,
				      json_pack("{s:s, s:s, s:b, s:b, s:s}", "name", column->name,
						"type", schema_type_name(column->type), "is_key",
						(column->flags & COLUMN_KEY) != 0, "is_personal",
						(column->flags & COLUMN_PERSONAL) != 0, "meaning",
						column->meaning));
	}
	return columns;
}

static json_t *list_of(const struct table *const *list)
{
	json_t *tables = json_array();

	for (size_t t = 0; list[t] != NULL; t++) {
		const struct table *table = list[t];

		json_array_append_new(
			tables, json_pack("{s:s, s:i, s:s, s:s, s:o}", "name", table->name,
					  "number", (int)table->number, "summary", table->summary,
					  "signal", table->signal, "columns", columns_of(table)));
	}
	return tables;
}

/* What GET /api/v1/schema answers. */
static void print_json(void)
{
	json_t *whole = json_pack("{s:o, s:o}", "tables", list_of(schema_tables), "events",
				  list_of(schema_events));

	output_json(whole, stdout);
	json_decref(whole);
}

static void add_list(struct sheet *sheet, const struct table *const *list, const char *what)
{
	for (size_t t = 0; list[t] != NULL; t++) {
		char names[1024] = "";
		size_t used = 0;

		for (size_t c = 0; c < list[t]->column_count && used < sizeof names; c++) {
			used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
						 c > 0 ? " " : "", list[t]->columns[c].name);
		}
		sheet_text(sheet, span_of(list[t]->name));
		sheet_text(sheet, span_of(what));
		sheet_text(sheet, span_of(names));
		sheet_text(sheet, span_of(list[t]->summary));
	}
}

static void print_list(enum output output)
{
	static const char *const columns[] = { "table", "is", "columns", "summary", NULL };
	struct sheet *sheet = sheet_new(columns);

	add_list(sheet, schema_tables, "state");
	add_list(sheet, schema_events, "events");
	sheet_print(sheet, output, output_width(), stdout);
	sheet_free(&sheet);
}

static int run(const struct args *args, struct why *why)
{
	unsigned given =
		args_has(args, "--sql") + args_has(args, "--cddl") + args_has(args, "--markdown");
	enum output output;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (given > 1) {
		(void)why_set(why, 0, "give one of --sql, --cddl and --markdown");
		return EXIT_USAGE;
	}
	if (args_has(args, "--sql")) {
		print_sql();
	} else if (args_has(args, "--cddl")) {
		print_cddl();
	} else if (args_has(args, "--markdown")) {
		print_markdown();
	} else if (output == OUTPUT_JSON) {
		print_json();
	} else {
		print_list(output);
	}
	return EXIT_FINE;
}

const struct command command_schema = {
	.name = "schema",
	.spec = { .usage = "bartizan schema [--sql | --cddl | --markdown]",
		  .summary = "Shows the tables, the kinds of events, and their columns. No server "
			     "is needed.",
		  .options = options,
		  .examples = "  bartizan schema\n"
			      "  bartizan schema --sql | less\n"
			      "  bartizan schema --cddl > rows.cddl" },
	.run = run,
};
