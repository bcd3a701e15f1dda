/* call.c - the way of a request, its parameters and its answers. */
#include "server/api/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "schema/schema.h"
#include "server/api/embedded.h"
#include "server/api/identify.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

/* --- answers --- */

static const char *code_of(unsigned status)
{
	switch (status) {
	case 401:
		return "unauthorized";
	case 403:
		return "forbidden";
	case 404:
		return "not_found";
	case 408:
		return "timeout";
	case 409:
		return "conflict";
	case 429:
		return "too_many";
	default:
		return status >= 500 ? "unavailable" : "bad_request";
	}
}

static unsigned status_of(int error)
{
	switch (error) {
	case ERR_NOT_FOUND:
		return 404;
	case ERR_DENIED:
	case ERR_USAGE:
	case ERR_MALFORMED:
	case ERR_LIMIT:
	case ERR_UNSUPPORTED:
		return 400;
	case ERR_EXISTS:
	case ERR_CONFLICT:
		return 409;
	case ERR_TIMEOUT:
		return 408;
	default:
		return 503;
	}
}

static void send(struct call *call, unsigned status, const char *name, const char *value)
{
	http_answer(call->http,
		    &(struct http_answer){
			    .status = status,
			    .content_type = "application/json",
			    .headers = { { "Cache-Control", "no-store" }, { name, value } },
			    .body = &call->out,
		    });
}

static void start_body(struct call *call)
{
	buffer_done(&call->out);
	buffer_init(&call->out, CALL_ANSWER_MAX);
	call->json = emit_over(&call->out);
}

static void write_error(struct call *call, unsigned status, const char *message)
{
	start_body(call);
	emit_object(&call->json);
	emit_key(&call->json, "error");
	emit_object(&call->json);
	emit_key(&call->json, "code");
	emit_text(&call->json, code_of(status));
	emit_key(&call->json, "message");
	emit_text(&call->json, message);
	emit_object_end(&call->json);
	emit_object_end(&call->json);
}

void call_fail(struct call *call, unsigned status, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	write_error(call, status, message);
	if (status == 401) {
		send(call, status, "WWW-Authenticate", "Bearer realm=\"bartizan\"");
	} else if (status == 429 || status == 503) {
		send(call, status, "Retry-After", "1");
	} else {
		send(call, status, NULL, NULL);
	}
}

void call_fail_why(struct call *call, int error, const struct why *why)
{
	unsigned status = status_of(error);

	if (status >= 500) {
		log_warn("request failed", log_span("target", http_target(call->http)),
			 log_text("reason", why->text));
	}
	call_fail(call, status, "%s", why->text[0] != '\0' ? why->text : error_text(error));
}

void call_answer(struct call *call, unsigned status)
{
	call_answer_with(call, status, NULL, NULL);
}

void call_answer_page(struct call *call, bool has_more, int64_t oldest)
{
	emit_array_end(&call->json);
	emit_key(&call->json, "next");
	if (has_more) {
		emit_integer(&call->json, oldest);
	} else {
		emit_null(&call->json);
	}
	emit_object_end(&call->json);
	call_answer(call, 200);
}

void call_answer_with(struct call *call, unsigned status, const char *header, const char *value)
{
	if (!emit_ok(&call->json)) {
		call_fail(
			call, 400,
			"the answer is larger than 64 MiB: ask for less, or use POST /api/v1/query "
			"with a narrower SELECT");
		return;
	}
	send(call, status, header, value);
}

void call_answer_empty(struct call *call, unsigned status, const char *header, const char *value)
{
	http_answer(call->http,
		    &(struct http_answer){
			    .status = status,
			    .headers = { { "Cache-Control", "no-store" }, { header, value } },
		    });
}

/* --- parameters --- */

/* Reads one; *out_is_given false where it is absent. */
static bool text_parameter(struct call *call, const char *name, char out[CALL_TEXT_SIZE],
			   bool *out_is_given)
{
	int error = url_param(call->url.query, name, out, CALL_TEXT_SIZE);

	*out_is_given = error == 0;
	switch (error) {
	case 0:
		return true;
	case ERR_NOT_FOUND:
		out[0] = '\0';
		return true;
	case ERR_CONFLICT:
		call_fail(call, 400, "the parameter '%s' is given twice; give it once", name);
		return false;
	case ERR_LIMIT:
		call_fail(call, 400, "the parameter '%s' is longer than %d bytes", name,
			  CALL_TEXT_SIZE - 1);
		return false;
	default:
		call_fail(call, 400,
			  "the parameter '%s' is not well-formed: percent-encode UTF-8 without "
			  "control "
			  "characters",
			  name);
		return false;
	}
}

bool call_text(struct call *call, const char *name, char out[CALL_TEXT_SIZE])
{
	bool is_given;

	return text_parameter(call, name, out, &is_given);
}

bool call_integer(struct call *call, const char *name, int64_t min, int64_t max, int64_t fallback,
		  int64_t *out)
{
	char text[CALL_TEXT_SIZE];
	bool is_given;
	int64_t value;

	if (!text_parameter(call, name, text, &is_given)) {
		return false;
	}
	if (!is_given) {
		*out = fallback;
		return true;
	}
	if (text_to_i64(span_of(text), &value) != 0 || value < min || value > max) {
		call_fail(call, 400, "the parameter '%s' must be a whole number from %lld to %lld",
			  name, (long long)min, (long long)max);
		return false;
	}
	*out = value;
	return true;
}

bool call_limit(struct call *call, int64_t *out)
{
	return call_integer(call, "limit", 1, 1000, 100, out);
}

bool call_time(struct call *call, const char *name, int64_t *out, bool *out_is_given)
{
	char text[CALL_TEXT_SIZE];

	if (!text_parameter(call, name, text, out_is_given)) {
		return false;
	}
	if (*out_is_given && clock_from_text(span_of(text), out) != 0) {
		call_fail(call, 400,
			  "the parameter '%s' must be a time such as 2026-11-21T12:00:00Z, "
			  "2026-11-21, or "
			  "seconds since 1970 (a + in it is written %%2B)",
			  name);
		return false;
	}
	return true;
}

bool call_table(struct call *call, const char *name, unsigned status, const struct table **out)
{
	*out = name[0] != '\0' ? schema_find(span_of(name)) : NULL;
	if (name[0] != '\0' && *out == NULL) {
		call_fail(call, status, "there is no table '%s'; GET /api/v1/schema lists them",
			  name);
		return false;
	}
	return true;
}

bool call_event_kind(struct call *call, const char *name, char out[CALL_TEXT_SIZE])
{
	if (!call_text(call, name, out)) {
		return false;
	}
	if (out[0] != '\0' && schema_event_find(span_of(out)) == NULL) {
		call_fail(call, 400,
			  "there is no kind of event '%s'; GET /api/v1/schema lists them", out);
		return false;
	}
	return true;
}

bool call_boolean(struct call *call, const char *name, bool fallback, bool *out)
{
	char text[CALL_TEXT_SIZE];

	if (!call_text(call, name, text)) {
		return false;
	}
	if (text[0] != '\0' && strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
		call_fail(call, 400, "the parameter '%s' must be true or false", name);
		return false;
	}
	*out = text[0] == '\0' ? fallback : strcmp(text, "true") == 0;
	return true;
}

/* --- the way in --- */

/* The console's files: true where it has answered with one. */
static bool answer_file(struct call *call)
{
	const struct embedded_file *file = embedded_find(call->url.path);
	const char *method = http_method(call->http);

	if (file == NULL || (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)) {
		return false;
	}
	embedded_answer(call, file);
	return true;
}

static bool route(struct call *call)
{
	char allowed[64];
	int error = url_parse(http_target(call->http), &call->url);

	if (error != 0) {
		call_fail(call, error == ERR_LIMIT ? 414 : 400,
			  "the request's target must begin with a slash, have at most %d bytes and "
			  "%d "
			  "parameters",
			  URL_TARGET_MAX, URL_PARAMS_MAX);
		return false;
	}
	error = router_find(resources, call->url.path, http_method(call->http), &call->route);
	if (error == ERR_NOT_FOUND && answer_file(call)) {
		return false;
	}
	if (error == ERR_NOT_FOUND) {
		call_fail(call, 404, "there is nothing here; GET /openapi.yaml says what there is");
		return false;
	}
	if (error == ERR_UNSUPPORTED) {
		router_allowed(call->route.resource, allowed, sizeof allowed);
		write_error(call, 405,
			    "this method does nothing here; the Allow header names those that do");
		send(call, 405, "Allow", allowed);
		return false;
	}
	if (error != 0) {
		call_fail(call, 400,
			  "the path is not well-formed: percent-encode UTF-8 without control "
			  "characters, at most 255 bytes a segment");
		return false;
	}
	return true;
}

static bool check_parameters(struct call *call)
{
	struct span rest = call->url.query;
	struct span name;
	struct span value;
	const char *known = call->route.operation->parameters;

	while (url_next_param(&rest, &name, &value)) {
		if (!router_takes(call->route.operation, name)) {
			call_fail(call, 400, "unknown parameter '%.*s'; known here: %s%stenant",
				  (int)(name.len < 100 ? name.len : 100), (const char *)name.ptr,
				  known, known[0] != '\0' ? " " : "");
			return false;
		}
	}
	return true;
}

void call_begin(struct api *api, struct http_request *http)
{
	struct call *call = alloc_zeroed(1, sizeof *call);

	call->api = api;
	call->http = http;
	http_set_user(http, call);
	start_body(call);
	if (route(call) && identify_call(call) && check_parameters(call)) {
		call->route.operation->run(call);
	}
}

void call_end(struct http_request *http)
{
	struct call *call = http_user(http);

	if (call->ended != NULL) {
		call->ended(call);
	}
	buffer_done(&call->out);
	free(call);
}

void call_drained(struct http_request *http)
{
	struct call *call = http_user(http);

	if (call->drained != NULL) {
		call->drained(call);
	}
}
