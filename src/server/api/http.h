/*
 * http.h - an HTTPS server on our event loop (TLS 1.2 and 1.3, HTTP/1.1).
 *
 * One request at a time is handed over, whole, with its body; it is answered at once or
 * later, with a whole body or a stream. A request lives until `finished` was called
 * for it, which happens exactly once, whatever became of it. Only http.c knows the library beneath.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/loop.h"
#include "sys/why.h"

/* Most bytes of a request's body, most headers of an answer. */
#define HTTP_BODY_MAX    (128u << 10)
#define HTTP_HEADERS_MAX 8

struct http_server;
struct http_request;

struct http_header {
	const char *name;
	const char *value;
};

struct http_handler {
	/* A request is complete. The target is not checked yet. */
	void (*request)(void *context, struct http_request *request);
	/* The request is over: answered, or the client is gone. status is what was answered, 0 for
	 * nothing. */
	void (*finished)(void *context, struct http_request *request, unsigned status,
			 int64_t elapsed_us);
	/* More of a stream may be written: its queue is nearly empty. May be NULL. */
	void (*drained)(void *context, struct http_request *request);
};

struct http_config {
	int listen_fd; /* stays the caller's */
	const char *certificate_pem;
	const char *key_pem;
	unsigned connections_max;
	unsigned idle_s;                  /* connections that say nothing for so long are closed */
	const struct http_header *common; /* on every answer; ended by one without a name */
};

MUST_USE int http_serve(struct loop *loop, const struct http_config *config,
			const struct http_handler *handler, void *context, struct http_server **out,
			struct why *why);

/* Ends every connection; finished is called for what was under way. */
void http_server_free(struct http_server **server);

/* Connections that are open. */
unsigned http_connections(const struct http_server *server);

/* --- the request; what is returned lives as long as the request --- */
const char *http_method(const struct http_request *request);
struct span http_target(const struct http_request *request); /* path and query as sent */
const char *http_request_header(struct http_request *request, const char *name); /* or NULL */
const char *http_request_cookie(struct http_request *request, const char *name); /* or NULL */
struct span http_body(const struct http_request *request);

/* Where it comes from, without the port. */
const char *http_peer(const struct http_request *request);

/* The caller's own pointer; NULL at first. */
void http_set_user(struct http_request *request, void *user);
void *http_user(const struct http_request *request);

/* --- the answer: once for each request, in `request` or later --- */
struct http_answer {
	unsigned status;
	const char *content_type; /* NULL where there is no body */
	struct http_header headers[HTTP_HEADERS_MAX];
	struct buffer *body;     /* taken over and left empty; or NULL */
	struct span static_body; /* lives for ever; where body is NULL */
};
void http_answer(struct http_request *request, const struct http_answer *answer);

/* Begins a stream; at most queue_max bytes wait to be sent. Body fields of answer are not used.
 * size_bytes: what will be written in all, or HTTP_SIZE_UNKNOWN. */
#define HTTP_SIZE_UNKNOWN UINT64_MAX
void http_stream(struct http_request *request, const struct http_answer *answer,
		 uint64_t size_bytes, size_t queue_max);

/* ERR_FULL where the queue has no room for all of it: nothing was queued then. */
MUST_USE int http_stream_write(struct http_request *request, struct span bytes);

/* Bytes that still fit. */
size_t http_stream_room(const struct http_request *request);

/* Sends what is queued, then ends it; cut: the connection breaks, so that the client knows that
 * something is missing. */
void http_stream_end(struct http_request *request, bool is_cut);
