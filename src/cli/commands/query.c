/* query.c - SQL over the inventory. */
#include <stdlib.h>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "sys/clock.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--limit", "N", "rows at the most, up to 100000 (default: 10000)" },
	{ "--timeout", "S", "how long it may take, up to 60s (default: 10s)" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

/* The request's body; NULL where an option makes no sense. */
static json_t *body_of(const struct args *args, struct why *why)
{
	uint64_t limit;
	int64_t timeout_ms;

	if (text_to_u64(span_of(args_value(args, "--limit", "10000")), 100000, &limit) != 0 ||
	    limit == 0) {
		(void)why_set(why, 0, "--limit must be a number from 1 to 100000");
		return NULL;
	}
	if (clock_duration_from_text(span_of(args_value(args, "--timeout", "10s")), &timeout_ms) !=
		    0 ||
	    timeout_ms < 10 || timeout_ms > 60000) {
		(void)why_set(why, 0, "--timeout must be a time from 10ms to 60s, such as 30s");
		return NULL;
	}
	return json_pack("{s:s, s:I, s:I}", "sql", args->positionals[0], "limit", (json_int_t)limit,
			 "timeout_ms", (json_int_t)timeout_ms);
}

static int run(const struct args *args, struct why *why)
{
	struct target target = target_of("/api/v1/query");
	struct client *client = NULL;
	json_t *answer = NULL;
	json_t *body;
	enum output output;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	body = body_of(args, why);
	if (body == NULL) {
		if (why->text[0] == '\0') {
			(void)why_set(why, 0, "the SQL is not UTF-8");
		}
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		json_decref(body);
		return EXIT_REFUSED;
	}
	if (client_call(client, "POST", &target, body, &answer, why) != 0) {
		client_free(&client);
		return EXIT_REFUSED;
	}
	if (output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else {
		output_rows(json_object_get(answer, "columns"), json_object_get(answer, "rows"),
			    output);
	}
	if (json_is_true(json_object_get(answer, "is_truncated")) && output != OUTPUT_JSON) {
		fputs("bartizan query: there are more rows than --limit\n", stderr);
	}
	json_decref(answer);
	client_free(&client);
	return EXIT_FINE;
}

const struct command command_query = {
	.name = "query",
	.spec = { .usage = "bartizan query SQL [options]",
		  .summary = "Runs one read-only SELECT (SQLite's dialect) over the tenant's "
			     "inventory. "
			     "Each table has the columns asset and asset_name first; 'bartizan "
			     "schema' "
			     "lists tables and columns.",
		  .options = options,
		  .examples = "  bartizan query \"SELECT name, version, count(*) FROM packages "
			      "GROUP BY 1, 2 "
			      "ORDER BY 3 DESC LIMIT 20\"\n"
			      "  bartizan query \"SELECT asset_name, port, process FROM listeners "
			      "WHERE address "
			      "IN ('0.0.0.0', '::')\"\n"
			      "  bartizan query --csv \"SELECT * FROM users WHERE uid = 0\"",
		  .positionals_min = 1,
		  .positionals_max = 1 },
	.run = run,
};
