/* asset.c - one asset: what it is and which tables it holds, or the rows of one of them. */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--table", "T", "the asset's rows of this table, instead" },
	{ "--scope", "S", "join, split: the scope that the address was scanned in" },
	{ "--reason", "TEXT", "join, split: why" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static void print_facts(const json_t *asset)
{
	static const char *const names[] = { "id",        "name",   "os",           "addresses",
					     "kind",      "sensor", "is_connected", "first_seen",
					     "last_seen", NULL };
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

/* --- joins --- */

/* The scope in which a scan found the asset at an address: to be freed, or NULL. */
static json_t *scope_of(struct client *client, const char *asset, const char *address,
			struct why *why)
{
	struct target target = target_of("/api/v1/assets");
	json_t *answer = NULL;
	json_t *found = NULL;
	json_t *item;
	size_t i;

	target_segment(&target, asset);
	target_segment(&target, "joins");
	if (client_call(client, "GET", &target, NULL, &answer, why) != 0) {
		return NULL;
	}
	json_array_foreach(json_object_get(answer, "items"), i, item)
	{
		if (span_is(span_of(json_string_value(json_object_get(item, "address"))),
			    address)) {
			found = json_incref(json_object_get(item, "scope"));
			break;
		}
	}
	if (found == NULL) {
		(void)why_set(why, 0, "no scan found this asset at %s; name the --scope", address);
	}
	json_decref(answer);
	return found;
}

static int decide(const struct args *args, bool is_join, struct why *why)
{
	const char *asset = args->positionals[1];
	const char *address = args->positionals[2];
	const char *scope = args_value(args, "--scope", NULL);
	const char *reason = args_value(args, "--reason", "");
	struct target target = target_of("/api/v1/assets");
	struct client *client = NULL;
	json_t *answer = NULL;
	json_t *in;
	int error = -1;

	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	in = scope != NULL ? json_string(scope) : scope_of(client, asset, address, why);
	if (in != NULL) {
		target_segment(&target, asset);
		target_segment(&target, "joins");
		error = client_call(client, "PUT", &target,
				    json_pack("{s:s, s:o, s:b, s:s}", "address", address, "scope",
					      in, "is_join", is_join, "reason", reason),
				    &answer, why);
	}
	json_decref(answer);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

static int run(const struct args *args, struct why *why)
{
	const char *table = args_value(args, "--table", NULL);
	struct target target = target_of("/api/v1/assets");
	struct client *client = NULL;
	json_t *answer = NULL;
	enum output output;

	if (args->positional_count == 3 && span_is(span_of(args->positionals[0]), "join")) {
		return decide(args, true, why);
	}
	if (args->positional_count == 3 && span_is(span_of(args->positionals[0]), "split")) {
		return decide(args, false, why);
	}
	if (args->positional_count != 1) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
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
	.spec = { .usage = "bartizan asset ID [--table T] | join ID ADDRESS --scope S | split ID "
			   "ADDRESS [options]",
		  .summary = "Shows one asset: what it is, and its tables or the rows of one. ID "
			     "is its "
			     "id, the first digits of it (at least 4), or its exact name. join and "
			     "split decide for good whether what scans find at an address is this "
			     "asset's.",
		  .options = options,
		  .examples = "  bartizan asset web1\n"
			      "  bartizan asset 3f9c --table listeners\n"
			      "  bartizan asset web1 --table packages --csv > packages.csv\n"
			      "  bartizan asset split web1 192.0.2.7 --reason 'a load balancer'",
		  .positionals_min = 1,
		  .positionals_max = 3 },
	.run = run,
};
