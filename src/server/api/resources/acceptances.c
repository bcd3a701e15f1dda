/* acceptances.c - risks that somebody accepted: listed, made, taken back. */
#include "base/error.h"
#include "server/api/accepting.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/fleets.h"
#include "server/api/requests.h"
#include "server/inventory/view.h"
#include "sys/clock.h"

#define TIMEOUT_MS 5000
#define ID_MAX     63

#define COLUMNS                                                                                    \
	"SELECT no, vulnerability, asset, asset_name, reason, until, accepted_by, accepted_at "    \
	"FROM acceptances "

struct listing {
	struct emit *json;
	int64_t now_ms;
	unsigned count;
};

static void text(struct emit *j, const char *name, const struct view_value *value)
{
	emit_key(j, name);
	if (value->kind == VIEW_TEXT) {
		emit_span(j, value->bytes);
	} else {
		emit_null(j);
	}
}

static bool write_one(void *context, size_t count, const char *const *names,
		      const struct view_value *values)
{
	struct listing *l = context;
	struct emit *j = l->json;
	bool has_end;

	(void)names;
	if (values == NULL || count != 8) {
		return true;
	}
	l->count++;
	has_end = values[5].kind == VIEW_INTEGER;
	emit_object(j);
	emit_key(j, "no");
	emit_integer(j, values[0].integer);
	text(j, "vulnerability", &values[1]);
	text(j, "asset", &values[2]);
	text(j, "asset_name", &values[3]);
	text(j, "reason", &values[4]);
	emit_key(j, "until");
	if (has_end) {
		emit_time(j, values[5].integer);
	} else {
		emit_null(j);
	}
	text(j, "by", &values[6]);
	emit_key(j, "at");
	emit_time(j, values[7].integer);
	emit_key(j, "is_expired");
	emit_boolean(j, has_end && values[5].integer <= l->now_ms);
	emit_object_end(j);
	return true;
}

static void get(struct call *call)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct listing listing = { &call->json, clock_wall_ms(), 0 };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	error = view_query(view, span_of(COLUMNS "ORDER BY no DESC"), NULL, 0, &limits, write_one,
			   &listing, NULL, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

/* --- making one --- */

static void accepted(struct call *call, const struct reply *reply)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct listing listing = { &call->json, clock_wall_ms(), 0 };
	struct why why = { 0 };
	struct view *view;
	uint64_t no = 0;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	error = arguments_uint(&reply->result, "no", &no);
	if (error == 0) {
		error = view_query(view, span_of(COLUMNS "WHERE no = ?1"),
				   (const struct view_value[]){ view_integer((int64_t)no) }, 1,
				   &limits, write_one, &listing, NULL, &why);
	}
	if (error != 0 || listing.count != 1) {
		call_fail(call, 503, "it is accepted, but cannot be read now: %s", why.text);
	} else {
		call_answer(call, 201);
	}
}

struct wanted {
	char vulnerability[ID_MAX + 1];
	char reason[ACCEPTING_REASON_MAX + 1];
	char asset[ASSET_ID_SIZE];
	int64_t until_ms;
};

static bool read_wanted(struct call *call, struct body *body, struct wanted *out)
{
	struct span vulnerability;
	struct span reason;
	struct span asset;
	struct span until;

	if (!body_text(body, "vulnerability", ID_MAX, true, &vulnerability) ||
	    !body_text(body, "reason", ACCEPTING_REASON_MAX, true, &reason) ||
	    !body_text(body, "asset", CALL_TEXT_SIZE - 1, false, &asset) ||
	    !body_text(body, "until", ACCEPTING_TIME_MAX, false, &until) ||
	    !accepting_reason(call, reason) || !accepting_until(call, until, &out->until_ms) ||
	    !accepting_asset(call, asset, out->asset)) {
		return false;
	}
	body_copy(vulnerability, out->vulnerability);
	body_copy(reason, out->reason);
	return true;
}

/* A slip of the pen would accept nothing, for good: somebody must know the vulnerability. */
static bool is_known(struct fleet *fleet, const struct knowledge *knowledge, const char *id)
{
	struct knowledge_vulnerability facts;

	return fleet_vulnerability_named(fleet, span_of(id)) != NULL ||
	       (knowledge != NULL && knowledge_vulnerability(knowledge, span_of(id), &facts));
}

static void ask(struct call *call, struct fleet *fleet, const struct wanted *wanted)
{
	const struct argument arguments[] = {
		argument_text("tenant", call->tenant),
		argument_text("actor", call->who.name),
		argument_text("id", wanted->vulnerability),
		argument_text("asset", wanted->asset),
		argument_text("reason", wanted->reason),
		argument_uint("until_ms", (uint64_t)wanted->until_ms),
	};

	if (!is_known(fleet, fleets_knowledge(call->api->fleets), wanted->vulnerability)) {
		call_fail(call, 404, "no feed and no asset knows '%s'", wanted->vulnerability);
		return;
	}
	requests_ask(call, "accept", arguments, COUNT_OF(arguments), accepted);
}

static void accept(struct call *call, struct fleet *fleet, struct view *view)
{
	struct wanted wanted;
	struct body body;
	bool is_read;

	(void)view;
	is_read = body_read(call, "vulnerability asset reason until", &body) &&
		  read_wanted(call, &body, &wanted);
	body_done(&body);
	if (is_read) {
		ask(call, fleet, &wanted);
	}
}

static void post(struct call *call)
{
	fleets_ask(call, accept);
}

const struct resource resource_acceptances = {
	.path = "/api/v1/acceptances",
	.summary = "Risks that somebody accepted",
	.operations = { { "GET", RESOURCE_READ, "", get }, { "POST", RESOURCE_OPERATE, "", post } },
};

static void delete (struct call *call)
{
	accepting_withdraw(call, "acceptance-withdraw", "/api/v1/acceptances");
}

const struct resource resource_acceptance = {
	.path = "/api/v1/acceptances/{no}",
	.summary = "Takes an acceptance back",
	.operations = { { "DELETE", RESOURCE_OPERATE, "", delete } },
};
