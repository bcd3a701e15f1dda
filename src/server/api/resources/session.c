/* session.c - who am I, signing in and out. */
#include <stdio.h>

#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/identify.h"
#include "sys/clock.h"

/* Tenants that are named to an operator of the platform. */
#define TENANTS_MAX 1000

struct names {
	struct emit *json;
	unsigned count;
};

static bool write_name(void *context, const struct tenant *tenant)
{
	struct names *names = context;

	emit_text(names->json, tenant->name);
	return ++names->count < TENANTS_MAX;
}

/* False where it has answered. */
static bool write_session(struct call *call, const struct identity *who)
{
	struct emit *j = &call->json;
	struct names names = { .json = j };
	bool is_platform = who->tenant[0] == '\0';

	emit_object(j);
	emit_key(j, "name");
	emit_text(j, who->name);
	emit_key(j, "tenant");
	emit_text(j, is_platform ? "default" : who->tenant);
	emit_key(j, "is_platform");
	emit_boolean(j, is_platform);
	emit_key(j, "tenants");
	emit_array(j);
	if (!is_platform) {
		emit_text(j, who->tenant);
	} else if (tenant_each(call->api->platform, write_name, &names) != 0) {
		call_fail(call, 503, "the platform's file cannot be read now; try again");
		return false;
	}
	emit_array_end(j);
	emit_key(j, "version");
	emit_text(j, BARTIZAN_VERSION);
	emit_key(j, "sensors_address");
	emit_text(j, call->api->config->sensors_address);
	emit_object_end(j);
	return true;
}

static void get(struct call *call)
{
	if (write_session(call, &call->who)) {
		call_answer(call, 200);
	}
}

/* Finds out who signs in; false where it has answered. */
static bool recognise(struct call *call, struct span token, struct span code, struct identity *out)
{
	if (token.ptr != NULL) {
		if (operator_token_find(call->api->platform, token, out) == 0) {
			return true;
		}
		identify_refuse(call, "this token is not known here: the platform's is in "
				      "operator.token in the server's data folder");
		return false;
	}
	if (signin_code_redeem(call->api->signins, code, clock_ms(), out) == 0) {
		return true;
	}
	identify_refuse(call, "this sign-in link is used up or older than ten minutes; "
			      "'bartizan signin-link' makes a new one");
	return false;
}

static void sign_in(struct call *call, struct span token, struct span code)
{
	const char *origin = http_request_header(call->http, "Origin");
	char id[SESSION_TEXT_SIZE];
	char cookie[256];
	struct identity who;

	if ((token.ptr == NULL) == (code.ptr == NULL)) {
		call_fail(call, 400, "the body must have either 'token' or 'code'");
		return;
	}
	/* nobody else's page may sign a browser in */
	if (origin != NULL &&
	    !identify_is_same_origin(origin, http_request_header(call->http, "Host"))) {
		call_fail(call, 403,
			  "the Origin header does not match the Host header: sign in from the "
			  "console itself");
		return;
	}
	if (!recognise(call, token, code, &who) || !write_session(call, &who)) {
		return;
	}
	signin_open(call->api->signins, &who, clock_ms(), id);
	snprintf(cookie, sizeof cookie,
		 "bartizan_session=%s; Path=/; Max-Age=%lld; HttpOnly; Secure; SameSite=Strict", id,
		 (long long)(SESSION_LIFE_MS / 1000));
	call_answer_with(call, 200, "Set-Cookie", cookie);
}

static void post(struct call *call)
{
	struct body body;
	struct span token;
	struct span code;

	if (body_read(call, "token code", &body) && body_text(&body, "token", 256, false, &token) &&
	    body_text(&body, "code", 256, false, &code)) {
		sign_in(call, token, code);
	}
	body_done(&body);
}

static void delete (struct call *call)
{
	if (call->session[0] != '\0') {
		signin_end(call->api->signins, span_of(call->session));
	}
	call_answer_empty(
		call, 204, "Set-Cookie",
		"bartizan_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
}

const struct resource resource_session = {
	.path = "/api/v1/session",
	.summary = "Who am I; sign in and out",
	.operations = { { "GET", RESOURCE_SIGNED_IN, "", get },
			{ "POST", RESOURCE_PUBLIC, "", post },
			{ "DELETE", RESOURCE_SIGNED_IN, "", delete } },
};
