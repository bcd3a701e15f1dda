/* policy.c - one policy: shown, set, deleted. */
#include "base/text.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/policies.h"
#include "server/api/policy_json.h"
#include "server/api/requests.h"
#include "sys/alloc.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))

static void get(struct call *call)
{
	policies_answer_one(call, call->route.captures[0]);
}

static void was_set(struct call *call, const struct reply *reply)
{
	(void)reply;
	policies_answer_one(call, call->route.captures[0]);
}

static void was_deleted(struct call *call, const struct reply *reply)
{
	(void)reply;
	call_answer_empty(call, 204, NULL, NULL);
}

static void ask(struct call *call, const char *hex, const struct policy_retention *retention)
{
	struct argument arguments[6] = {
		argument_text("tenant", call->tenant),
		argument_text("name", call->route.captures[0]),
		argument_text("actor", call->who.name),
		argument_text("bytes", hex),
	};
	size_t count = 4;

	if (retention->events_days > 0) {
		arguments[count++] = argument_uint("events_keep_ms",
						   (uint64_t)(retention->events_days * DAY_MS));
	}
	if (retention->events_max > 0) {
		arguments[count++] = argument_uint("events_max", (uint64_t)retention->events_max);
	}
	requests_ask(call, "policy-set", arguments, count, was_set);
}

/* The policy's bytes in hex, with their NUL: to be freed. NULL where it has answered. */
static char *read_policy(struct call *call, const struct body *body,
			 struct policy_retention *retention)
{
	bool is_default = span_is(span_of(call->route.captures[0]), "default");
	struct policy policy;
	struct why why = { 0 };
	uint8_t *bytes;
	struct writer w;
	char *hex = NULL;
	int error = policy_json_read(body->root, is_default, &policy, retention, &why);

	if (error != 0) {
		call_fail_why(call, error, &why);
		return NULL;
	}
	bytes = alloc_resize(NULL, MESSAGE_POLICY_MAX, 1);
	w = writer_over(bytes, MESSAGE_POLICY_MAX);
	if (policy_encode(&policy, &w) == 0) {
		hex = alloc_resize(NULL, 2 * writer_used(&w) + 1, 1);
		text_to_hex(writer_span(&w), hex);
	} else {
		call_fail(call, 400, "the policy is longer than %d bytes: name fewer paths",
			  MESSAGE_POLICY_MAX);
	}
	alloc_free(&bytes);
	return hex;
}

static void put(struct call *call)
{
	struct policy_retention retention;
	struct body body;
	char *hex = NULL;

	if (body_read(call, POLICY_JSON_MEMBERS, &body)) {
		hex = read_policy(call, &body, &retention);
	}
	body_done(&body);
	if (hex != NULL) {
		ask(call, hex, &retention);
		alloc_free(&hex);
	}
}

static void delete (struct call *call)
{
	const struct argument arguments[] = {
		argument_text("tenant", call->tenant),
		argument_text("name", call->route.captures[0]),
		argument_text("actor", call->who.name),
	};

	requests_ask(call, "policy-delete", arguments, COUNT_OF(arguments), was_deleted);
}

const struct resource resource_policy = {
	.path = "/api/v1/policies/{name}",
	.summary = "One policy: `default`, or `tag:NAME`",
	.operations = { { "GET", RESOURCE_READ, "", get },
			{ "PUT", RESOURCE_OPERATE, "", put },
			{ "DELETE", RESOURCE_OPERATE, "", delete } },
};
