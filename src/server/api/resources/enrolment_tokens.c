/* enrolment_tokens.c - tokens with which sensors enrol. */
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/requests.h"

#include <stdio.h>

struct wanted {
	char kind[16];
	int64_t uses;
	int64_t ttl_s;
};

/* False, with an answer, where it is none that there is. */
static bool read_kind(struct call *call, struct body *body, struct wanted *out)
{
	struct span kind = span_of("");

	if (!body_text(body, "kind", sizeof out->kind - 1, false, &kind)) {
		return false;
	}
	if (kind.len > 0 && !span_is(kind, "agent") && !span_is(kind, "scanner")) {
		call_fail(call, 400, "kind must be agent or scanner");
		return false;
	}
	snprintf(out->kind, sizeof out->kind, "%s", span_is(kind, "scanner") ? "scanner" : "agent");
	return true;
}

static bool read_wanted(struct call *call, struct wanted *out)
{
	struct body body;
	bool is_good = body_read(call, "kind uses ttl_seconds", &body) &&
		       read_kind(call, &body, out) &&
		       body_integer(&body, "uses", 1, 1000000, 1, &out->uses) &&
		       body_integer(&body, "ttl_seconds", 1, 31536000, 3600, &out->ttl_s);

	body_done(&body);
	return is_good;
}

static void made(struct call *call, const struct reply *reply)
{
	struct emit *j = &call->json;
	struct wanted wanted;
	struct span token;
	uint64_t expires_ms;

	if (!read_wanted(call, &wanted)) {
		return;
	}
	if (arguments_text(&reply->result, "token", &token) != 0 ||
	    arguments_uint(&reply->result, "expires_ms", &expires_ms) != 0) {
		call_fail(call, 503,
			  "the engine's answer lacks something; are both of one version?");
		return;
	}
	emit_object(j);
	emit_key(j, "token");
	emit_span(j, token);
	emit_key(j, "uses");
	emit_integer(j, wanted.uses);
	emit_key(j, "expires_at");
	emit_time(j, (int64_t)expires_ms);
	emit_object_end(j);
	call_answer(call, 201);
}

static void post(struct call *call)
{
	struct wanted wanted;

	if (read_wanted(call, &wanted)) {
		const struct argument arguments[] = {
			argument_text("tenant", call->tenant),
			argument_text("kind", wanted.kind),
			argument_uint("uses", (uint64_t)wanted.uses),
			argument_uint("ttl_ms", (uint64_t)wanted.ttl_s * 1000),
			argument_text("actor", call->who.name),
		};

		requests_ask(call, "enrolment-token", arguments, COUNT_OF(arguments), made);
	}
}

const struct resource resource_enrolment_tokens = {
	.path = "/api/v1/enrolment-tokens",
	.summary = "Tokens with which sensors enrol",
	.operations = { { "POST", RESOURCE_OPERATE, "", post } },
};
