/* identify.c - every decision about a tenant's data is access_judge's; here it is asked. */
#include "server/api/identify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "server/api/call.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

/* Answers that may be held back at once, over all addresses. */
#define HELD_BACK_MAX 256

/* --- refusing, slowly --- */

struct refusal {
	struct call *call;
	struct loop_timer *timer;
	const char *message;
};

static void refusal_ended(struct call *call)
{
	struct refusal *refusal = call->work;

	loop_timer_free(&refusal->timer);
	call->api->held_back--;
	free(refusal);
	call->work = NULL;
}

static void refusal_due(void *context)
{
	struct refusal *refusal = context;

	call_fail(refusal->call, 401, "%s", refusal->message);
}

void identify_refuse(struct call *call, const char *message)
{
	struct api *api = call->api;
	int64_t delay_ms = throttle_failed(&api->throttle, http_peer(call->http), clock_ms());
	struct refusal *refusal;

	if (delay_ms == 0) {
		call_fail(call, 401, "%s", message);
		return;
	}
	if (api->held_back >= HELD_BACK_MAX) {
		call_fail(call, 429, "too many failed attempts to sign in; wait a few seconds");
		return;
	}
	api->held_back++;
	refusal = alloc_zeroed(1, sizeof *refusal);
	refusal->call = call;
	refusal->message = message;
	refusal->timer = loop_timer(api->loop, refusal_due, refusal);
	loop_timer_arm(refusal->timer, delay_ms);
	call->work = refusal;
	call->ended = refusal_ended;
}

/* --- reading what was sent --- */

struct span identify_bearer(const char *header)
{
	static const char scheme[] = "Bearer ";
	struct span all = span_of(header);

	if (all.len < sizeof scheme - 1 || strncasecmp(header, scheme, sizeof scheme - 1) != 0) {
		return (struct span){ 0 };
	}
	return span_trim(span_after(all, sizeof scheme - 1));
}

bool identify_is_same_origin(const char *origin, const char *host)
{
	static const char scheme[] = "https://";

	return origin != NULL && host != NULL && host[0] != '\0' &&
	       strncasecmp(origin, scheme, sizeof scheme - 1) == 0 &&
	       strcasecmp(origin + sizeof scheme - 1, host) == 0;
}

static bool is_reading(const struct call *call)
{
	return strcmp(call->route.operation->method, "GET") == 0;
}

static bool by_token(struct call *call, struct span token)
{
	if (token.len == 0) {
		identify_refuse(call, "the Authorization header must be 'Bearer TOKEN'");
		return false;
	}
	if (operator_token_find(call->api->platform, token, &call->who) != 0) {
		identify_refuse(
			call,
			"this token is not known here: the platform's is in operator.token in "
			"the server's data folder");
		return false;
	}
	return true;
}

static bool by_cookie(struct call *call, const char *cookie)
{
	if (signin_find(call->api->signins, span_of(cookie), clock_ms(), &call->who) != 0) {
		identify_refuse(call, "this session has ended: sign in again");
		return false;
	}
	if (!is_reading(call) &&
	    !identify_is_same_origin(http_request_header(call->http, "Origin"),
				     http_request_header(call->http, "Host"))) {
		call_fail(call, 403,
			  "with the session cookie this must come from the console itself: the "
			  "Origin "
			  "header does not match the Host header. Programs send a bearer token "
			  "instead");
		return false;
	}
	snprintf(call->session, sizeof call->session, "%s", cookie);
	return true;
}

static bool find_identity(struct call *call)
{
	const char *authorization = http_request_header(call->http, "Authorization");
	const char *cookie = http_request_cookie(call->http, "bartizan_session");

	if (authorization != NULL) {
		return by_token(call, identify_bearer(authorization));
	}
	if (cookie != NULL && cookie[0] != '\0') {
		return by_cookie(call, cookie);
	}
	call_fail(call, 401,
		  "say who you are: 'Authorization: Bearer TOKEN' (the platform's token is in "
		  "operator.token in the server's data folder), or sign in to the console");
	return false;
}

/* --- judging --- */

static bool judge(struct call *call, enum access access)
{
	int error = access_judge(call->api->platform, &call->who, access, call->tenant);

	if (error == ERR_NOT_FOUND) {
		call_fail(call, 404, "there is no tenant '%s'", call->tenant);
	} else if (error == ERR_DENIED) {
		call_fail(call, 403, "%s",
			  access == ACCESS_PLATFORM
				  ? "this needs a token of the platform; yours is of one tenant"
				  : "your token does not allow this");
	} else if (error != 0) {
		call_fail(call, 503, "the platform's file cannot be read now; try again");
	}
	return error == 0;
}

/* The tenant that is meant: named, or one's own, or `default`. */
static bool choose_tenant(struct call *call)
{
	char named[CALL_TEXT_SIZE];

	if (!call_text(call, "tenant", named)) {
		return false;
	}
	if (named[0] != '\0' && !tenant_name_is_valid(span_of(named))) {
		call_fail(
			call, 404,
			"there is no tenant of that name: a name is lower-case letters, digits and "
			"hyphens, begins with a letter and has at most 63 characters");
		return false;
	}
	/* a valid name fits */
	snprintf(call->tenant, sizeof call->tenant, "%.*s", (int)sizeof call->tenant - 1,
		 named[0] != '\0'              ? named
		 : call->who.tenant[0] != '\0' ? call->who.tenant
					       : "default");
	return true;
}

bool identify_call(struct call *call)
{
	enum resource_access access = call->route.operation->access;

	if (access == RESOURCE_PUBLIC) {
		return true;
	}
	if (!find_identity(call) || !choose_tenant(call)) {
		return false;
	}
	switch (access) {
	case RESOURCE_READ:
		return judge(call, ACCESS_READ);
	case RESOURCE_OPERATE:
		return judge(call, ACCESS_OPERATE);
	case RESOURCE_PLATFORM:
		return judge(call, ACCESS_PLATFORM);
	default:
		return true;
	}
}
