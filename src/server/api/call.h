/*
 * call.h - one request on its way through the API: who asks, for which tenant, with what.
 *
 * A resource gets a call that is routed, identified and judged. It answers exactly once: at once,
 * or later, with `ended` set to hear that the client left before. Functions that return false have
 * answered already, with what is wrong and what to do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/api/http.h"
#include "server/api/emit.h"
#include "server/api/resource.h"
#include "server/api/router.h"
#include "server/api/signins.h"
#include "server/api/state.h"
#include "server/api/url.h"
#include "server/tenants/tenants.h"

/* Most bytes of an answer that is built in memory. */
#define CALL_ANSWER_MAX (64u << 20)

/* Most bytes of a text parameter, with its NUL. */
#define CALL_TEXT_SIZE 1024

struct call {
	struct api *api;
	struct http_request *http;
	struct url url;
	struct route route;
	struct identity who;             /* name "" where nobody was asked for */
	char session[SESSION_TEXT_SIZE]; /* the cookie's id; "" where a token was sent */
	char tenant[TENANT_NAME_SIZE];   /* the tenant that is meant */
	struct buffer out;
	struct emit json; /* the answer's body: fill it, then call_answer */

	/* Called once when the call is over, answered or not, before it is freed. May be NULL. */
	void (*ended)(struct call *call);
	/* More of its stream can be written. May be NULL. */
	void (*drained)(struct call *call);
	void *work; /* the resource's own, for both */
};

/* Takes a request in: routes, identifies, judges, runs. */
void call_begin(struct api *api, struct http_request *http);

/* The request is over: frees the call. */
void call_end(struct http_request *http);

/* More of its stream can be written. */
void call_drained(struct http_request *http);

/* --- answers --- */

/* {"error": ...}: the message says what is wrong and what to do. */
void call_fail(struct call *call, unsigned status, const char *format, ...) PRINTF(3, 4);

/* The same for an error of a function and its reason. */
void call_fail_why(struct call *call, int error, const struct why *why);

/* What call->json holds. */
void call_answer(struct call *call, unsigned status);

/* The same after the items of a page, newest first: where the next one goes on, if there is one. */
void call_answer_page(struct call *call, bool has_more, int64_t oldest);

/* The same with one more header. */
void call_answer_with(struct call *call, unsigned status, const char *header, const char *value);

/* No body, with one more header, which may be NULL. */
void call_answer_empty(struct call *call, unsigned status, const char *header, const char *value);

/* --- parameters --- */

/* A whole number within min and max; fallback where it is not given. */
bool call_integer(struct call *call, const char *name, int64_t min, int64_t max, int64_t fallback,
		  int64_t *out);

/* Text; "" where it is not given. */
bool call_text(struct call *call, const char *name, char out[CALL_TEXT_SIZE]);

/* A moment, milliseconds since 1970; *out_is_given false where it is not given. */
bool call_time(struct call *call, const char *name, int64_t *out, bool *out_is_given);

/* The table that a name means, which may be NULL where the name is "". */
struct table;
bool call_table(struct call *call, const char *name, unsigned status, const struct table **out);

/* The name of a kind of event, "" where it is not given. */
bool call_event_kind(struct call *call, const char *name, char out[CALL_TEXT_SIZE]);

/* True or false as text; fallback where it is not given. */
bool call_boolean(struct call *call, const char *name, bool fallback, bool *out);

/* The standard page size parameter. */
bool call_limit(struct call *call, int64_t *out);
