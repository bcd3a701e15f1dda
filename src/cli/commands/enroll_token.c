/* enroll_token.c - a token with which sensors enrol. */
#include "base/text.h"
#include "cli/command.h"
#include "cli/make_token.h"
#include "sys/clock.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--kind", "KIND", "what may enrol with it: agent (default) or scanner" },
	{ "--uses", "N", "how many sensors may enrol with it (default: 1)" },
	{ "--ttl", "TIME", "how long it holds: 15m, 1h, 7d (default: 1h)" },
	{ "--json", NULL, "print one JSON document: token, uses and when it ends" },
	{ 0 },
};

static json_t *body_of(const struct args *args, struct why *why)
{
	uint64_t uses;
	int64_t ttl_ms;

	if (text_to_u64(span_of(args_value(args, "--uses", "1")), 1000000, &uses) != 0 ||
	    uses == 0) {
		(void)why_set(why, 0, "--uses must be a number from 1 to 1000000");
		return NULL;
	}
	if (clock_duration_from_text(span_of(args_value(args, "--ttl", "1h")), &ttl_ms) != 0 ||
	    ttl_ms < 1000 || ttl_ms > INT64_C(31536000) * 1000) {
		(void)why_set(why, 0, "--ttl must be a time from 1s to 365d, such as 1h");
		return NULL;
	}
	return json_pack("{s:s, s:I, s:I}", "kind", args_value(args, "--kind", "agent"), "uses",
			 (json_int_t)uses, "ttl_seconds", (json_int_t)(ttl_ms / 1000));
}

static int run(const struct args *args, struct why *why)
{
	json_t *body = body_of(args, why);

	return body == NULL ? EXIT_USAGE : make_token(args, "/api/v1/enrolment-tokens", body, why);
}

const struct command command_enroll_token = {
	.name = "enroll-token",
	.spec = { .usage = "bartizan enroll-token [--kind KIND] [--uses N] [--ttl TIME] [options]",
		  .summary = "Makes a token with which sensors enrol, and prints it alone. It is "
			     "shown only "
			     "now.",
		  .options = options,
		  .examples = "  bartizan-agent --state /var/lib/bartizan-agent --server HOST:PORT "
			      "--ca ca.pem \\\n"
			      "    --token \"$(bartizan enroll-token --data var)\"\n"
			      "  bartizan enroll-token --kind scanner\n"
			      "  bartizan enroll-token --tenant acme --uses 100 --ttl 1d" },
	.run = run,
};
