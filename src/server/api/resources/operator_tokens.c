/* operator_tokens.c - tokens of one tenant's operators. */
#include <stdio.h>

#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/requests.h"

/* Longest name of a token. */
#define NAME_MAX_BYTES 100

static bool read_name(struct call *call, char out[NAME_MAX_BYTES + 1])
{
	struct body body;
	struct span name;
	bool is_good = body_read(call, "name", &body) &&
		       body_text(&body, "name", NAME_MAX_BYTES, true, &name);

	if (is_good && name.len == 0) {
		call_fail(call, 400, "the body's member 'name' must say what the token is for");
		is_good = false;
	}
	if (is_good) {
		snprintf(out, NAME_MAX_BYTES + 1, "%.*s", (int)name.len, (const char *)name.ptr);
	}
	body_done(&body);
	return is_good;
}

static void made(struct call *call, const struct reply *reply)
{
	struct emit *j = &call->json;
	char name[NAME_MAX_BYTES + 1];
	struct span token;

	if (!read_name(call, name)) {
		return;
	}
	if (arguments_text(&reply->result, "token", &token) != 0) {
		call_fail(call, 503,
			  "the engine's answer lacks the token; are both of one version?");
		return;
	}
	emit_object(j);
	emit_key(j, "token");
	emit_span(j, token);
	emit_key(j, "name");
	emit_text(j, name);
	emit_key(j, "tenant");
	emit_text(j, call->tenant);
	emit_object_end(j);
	call_answer(call, 201);
}

static void post(struct call *call)
{
	char name[NAME_MAX_BYTES + 1];

	if (read_name(call, name)) {
		const struct argument arguments[] = {
			argument_text("tenant", call->tenant),
			argument_text("name", name),
			argument_text("actor", call->who.name),
		};

		requests_ask(call, "operator-token", arguments, COUNT_OF(arguments), made);
	}
}

static bool write_token(void *context, const struct operator_token *token)
{
	struct emit *j = context;

	emit_object(j);
	emit_key(j, "id");
	emit_text(j, token->id);
	emit_key(j, "name");
	emit_text(j, token->who.name);
	emit_key(j, "tenant");
	emit_text(j, token->who.tenant[0] != '\0' ? token->who.tenant : NULL);
	emit_key(j, "created_at");
	emit_time(j, token->created_ms);
	emit_object_end(j);
	return true;
}

static void get(struct call *call)
{
	struct emit *j = &call->json;

	emit_object(j);
	emit_key(j, "items");
	emit_array(j);
	if (operator_token_each(call->api->platform, write_token, j) != 0) {
		call_fail(call, 503, "the tokens cannot be read now; try again");
		return;
	}
	emit_array_end(j);
	emit_object_end(j);
	call_answer(call, 200);
}

const struct resource resource_operator_tokens = {
	.path = "/api/v1/operator-tokens",
	.summary = "Tokens of operators",
	.operations = { { "GET", RESOURCE_PLATFORM, "", get },
			{ "POST", RESOURCE_PLATFORM, "", post } },
};
