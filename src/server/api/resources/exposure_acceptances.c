/* exposure_acceptances.c - exposures that somebody accepted: listed, made, taken back. */
#include "base/error.h"
#include "server/api/accepting.h"
#include "server/api/body.h"
#include "server/api/listing.h"
#include "server/api/requests.h"

#define RULE_MAX    63
#define SUBJECT_MAX 255

#define COLUMNS                                                                                    \
	"SELECT no, rule, asset, asset_name, subject, reason, until, accepted_by, accepted_at, "   \
	"ended_at, ended_because FROM exposure_acceptances "

static const struct listing_member members[] = {
	{ "no", LISTING_INTEGER },      { "rule", LISTING_TEXT },    { "asset", LISTING_TEXT },
	{ "asset_name", LISTING_TEXT }, { "subject", LISTING_TEXT }, { "reason", LISTING_TEXT },
	{ "until", LISTING_TIME },      { "by", LISTING_TEXT },      { "at", LISTING_TIME },
	{ "ended_at", LISTING_TIME },   { "cause", LISTING_TEXT },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = COLUMNS "WHERE ?1 OR ended_at IS NULL ORDER BY no DESC LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = "SELECT count(*) FROM exposure_acceptances WHERE ?1 OR ended_at IS "
			     "NULL",
	};
	bool is_with_ended;

	if (call_boolean(call, "ended", false, &is_with_ended)) {
		listing.bound[0] = view_integer(is_with_ended);
		listing_answer(call, &listing);
	}
}

/* --- making one --- */

struct wanted {
	char rule[RULE_MAX + 1];
	char subject[SUBJECT_MAX + 1];
	char reason[ACCEPTING_REASON_MAX + 1];
	char asset[ASSET_ID_SIZE];
	int64_t until_ms;
};

static bool read_wanted(struct call *call, struct body *body, struct wanted *out)
{
	struct span rule;
	struct span subject;
	struct span asset;
	struct span reason;
	struct span until;

	if (!body_text(body, "asset", CALL_TEXT_SIZE - 1, true, &asset) ||
	    !body_text(body, "rule", RULE_MAX, true, &rule) ||
	    !body_text(body, "subject", SUBJECT_MAX, true, &subject) ||
	    !body_text(body, "reason", ACCEPTING_REASON_MAX, true, &reason) ||
	    !body_text(body, "until", ACCEPTING_TIME_MAX, false, &until) ||
	    !accepting_reason(call, reason) || !accepting_until(call, until, &out->until_ms) ||
	    !accepting_asset(call, asset, out->asset)) {
		return false;
	}
	body_copy(rule, out->rule);
	body_copy(subject, out->subject);
	body_copy(reason, out->reason);
	return true;
}

static void accepted(struct call *call, const struct reply *reply)
{
	struct listing one = {
		.sql = COLUMNS "WHERE no = ?1 LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
	};
	struct view *view;
	uint64_t no = 0;

	if (!call_view(call, &view)) {
		return;
	}
	if (arguments_uint(&reply->result, "no", &no) != 0) {
		call_fail(call, 503, "it is accepted, but the engine did not say as which number");
		return;
	}
	one.bound[0] = view_integer((int64_t)no);
	if (listing_write_one(call, view, &one)) {
		call_answer(call, 201);
	}
}

static void post(struct call *call)
{
	struct wanted w;
	struct body body;
	bool is_read = body_read(call, "asset rule subject reason until", &body) &&
		       read_wanted(call, &body, &w);

	body_done(&body);
	if (is_read) {
		const struct argument arguments[] = {
			argument_text("tenant", call->tenant),
			argument_text("actor", call->who.name),
			argument_text("asset", w.asset),
			argument_text("rule", w.rule),
			argument_text("subject", w.subject),
			argument_text("reason", w.reason),
			argument_uint("until_ms", (uint64_t)w.until_ms),
		};

		requests_ask(call, "exposure-accept", arguments, COUNT_OF(arguments), accepted);
	}
}

const struct resource resource_exposure_acceptances = {
	.path = "/api/v1/exposures/acceptances",
	.summary = "Exposures that somebody accepted",
	.operations = { { "GET", RESOURCE_READ, "ended limit after", get },
			{ "POST", RESOURCE_OPERATE, "", post } },
};

static void delete (struct call *call)
{
	accepting_withdraw(call, "exposure-acceptance-withdraw", "/api/v1/exposures/acceptances");
}

const struct resource resource_exposure_acceptance = {
	.path = "/api/v1/exposures/acceptances/{no}",
	.summary = "Takes the acceptance of an exposure back",
	.operations = { { "DELETE", RESOURCE_OPERATE, "", delete } },
};
