/*
 * http.c - libmicrohttpd behind http.h, driven by our loop.
 *
 * The library watches its sockets with an epoll of its own; that epoll is one descriptor in our
 * loop. A request that waits for its answer, or a stream with nothing to send, is suspended: the
 * library then forgets its socket, so that a sweep asks now and then whether the client is still
 * there.
 */
#include "server/api/http.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/net.h"

/* Bytes of a body that is too long which are still read. */
#define DISCARD_MAX (16u << 20)

/* How often suspended requests are asked whether their client is still there. */
#define SWEEP_MS 250

/* TLS 1.2 with forward secrecy and authenticated encryption only, TLS 1.3 first. */
#define TLS_PRIORITIES                                                                             \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:"   \
	"+CHACHA20-POLY1305:%SERVER_PRECEDENCE"

enum state {
	STATE_HEADERS,  /* begun */
	STATE_BODY,     /* the body arrives */
	STATE_WAITING,  /* handed over, no answer yet */
	STATE_ANSWERED, /* the answer is there, the library has not taken it yet */
	STATE_QUEUED,   /* the library has it */
};

struct http_request {
	struct http_server *server;
	struct MHD_Connection *connection;
	enum state state;
	char *target;
	char method[16];
	char peer[NET_TEXT_SIZE];
	struct buffer body;
	int64_t begun_us;
	void *user;
	bool is_handed_over;
	bool is_body_too_long;
	uint64_t received; /* bytes of the body */

	struct MHD_Response *response; /* STATE_ANSWERED */
	unsigned status;

	bool is_stream;
	bool is_ended; /* nothing more will be written */
	bool is_cut;   /* ends by breaking the connection */
	bool is_gone;  /* the client is */
	struct buffer queue;

	bool is_suspended;
	struct http_request *next_suspended;
	struct http_request *previous_suspended;
};

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct loop_watch *watch;
	struct loop_timer *run_timer;
	struct loop_timer *sweep_timer;
	struct http_request *suspended; /* a list of those that are */
	struct http_handler handler;
	void *context;
	const struct http_header *common;
	bool is_running; /* within MHD_run */
	bool is_due;     /* something was resumed since the last MHD_run began */
};

/* --- running the library --- */

static void run(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	if (server->is_running) {
		return;
	}
	server->is_running = true;
	server->is_due = false;
	MHD_run(server->daemon);
	server->is_running = false;
	if (server->is_due) {
		loop_timer_arm(server->run_timer, 0);
	} else if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES) {
		loop_timer_arm(server->run_timer, (int64_t)timeout_ms);
	} else {
		loop_timer_disarm(server->run_timer);
	}
}

static void on_sockets(void *context, unsigned events)
{
	(void)events;
	run(context);
}

static void on_run_timer(void *context)
{
	run(context);
}

/* --- suspension --- */

static void suspend(struct http_request *r)
{
	struct http_server *server = r->server;

	assert(!r->is_suspended);
	MHD_suspend_connection(r->connection);
	r->is_suspended = true;
	r->previous_suspended = NULL;
	r->next_suspended = server->suspended;
	if (server->suspended != NULL) {
		server->suspended->previous_suspended = r;
	}
	server->suspended = r;
	if (!loop_timer_is_armed(server->sweep_timer)) {
		loop_timer_arm(server->sweep_timer, SWEEP_MS);
	}
}

static void resume(struct http_request *r)
{
	struct http_server *server = r->server;

	if (!r->is_suspended) {
		return;
	}
	r->is_suspended = false;
	if (r->previous_suspended != NULL) {
		r->previous_suspended->next_suspended = r->next_suspended;
	} else {
		server->suspended = r->next_suspended;
	}
	if (r->next_suspended != NULL) {
		r->next_suspended->previous_suspended = r->previous_suspended;
	}
	MHD_resume_connection(r->connection);
	/* it goes on in the next turn: never from within a caller's function */
	server->is_due = true;
	loop_timer_arm(server->run_timer, 0);
}

static bool client_is_gone(struct http_request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd one = { .events = POLLRDHUP };

	if (info == NULL) {
		return true;
	}
	one.fd = info->connect_fd;
	return poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void on_sweep(void *context)
{
	struct http_server *server = context;
	struct http_request *next;

	for (struct http_request *r = server->suspended; r != NULL; r = next) {
		next = r->next_suspended;
		if (client_is_gone(r)) {
			r->is_gone = true;
			resume(r);
		}
	}
	if (server->suspended != NULL) {
		loop_timer_arm(server->sweep_timer, SWEEP_MS);
	}
}

/* --- the library's callbacks --- */

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct http_request *r = alloc_zeroed(1, sizeof *r);

	r->server = context;
	r->connection = connection;
	r->target = alloc_text(target);
	r->begun_us = clock_us();
	buffer_init(&r->body, HTTP_BODY_MAX);
	buffer_init(&r->queue, 0);
	return r;
}

static void note_peer(struct http_request *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct net_address address = { 0 };

	if (info == NULL || info->client_addr == NULL) {
		return;
	}
	address.length = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
								  : sizeof(struct sockaddr_in);
	memcpy(&address.storage, info->client_addr, address.length);
	net_host_text(&address, r->peer);
}

static void begin(struct http_request *r, const char *method)
{
	snprintf(r->method, sizeof r->method, "%s", method);
	note_peer(r);
	r->state = STATE_BODY;
}

static void answer_too_long(struct http_request *r)
{
	static const char text[] =
		"{\"error\":{\"code\":\"bad_request\",\"message\":\"the request's body is longer "
		"than the 128 KiB that are accepted; send less\"}}\n";

	http_answer(r, &(struct http_answer){ .status = 413,
					      .content_type = "application/json",
					      .static_body = span_of(text) });
}

static enum MHD_Result take_answer(struct http_request *r)
{
	enum MHD_Result result = MHD_queue_response(r->connection, r->status, r->response);

	MHD_destroy_response(r->response);
	r->response = NULL;
	r->state = STATE_QUEUED;
	return result;
}

/* What is too long is read and thrown away, up to a point: who is cut off while it still sends
 * would never see the answer. */
static enum MHD_Result take_body(struct http_request *r, const char *data, size_t *size)
{
	r->received += *size;
	if (!r->is_body_too_long &&
	    buffer_append(&r->body, (struct span){ (const uint8_t *)data, *size }) != 0) {
		r->is_body_too_long = true;
	}
	*size = 0;
	return r->received <= DISCARD_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **request)
{
	struct http_request *r = *request;

	(void)context;
	(void)connection;
	(void)url;
	(void)version;
	if (r->is_gone) {
		return MHD_NO;
	}
	if (r->state == STATE_HEADERS) {
		begin(r, method);
		return MHD_YES;
	}
	if (r->state == STATE_BODY && *size > 0) {
		return take_body(r, data, size);
	}
	if (r->state == STATE_BODY) {
		r->state = STATE_WAITING;
		if (r->is_body_too_long) {
			answer_too_long(r);
		} else {
			r->is_handed_over = true;
			r->server->handler.request(r->server->context, r);
		}
	}
	if (r->state == STATE_WAITING) {
		suspend(r);
		return MHD_YES;
	}
	return take_answer(r);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode why)
{
	struct http_server *server = context;
	struct http_request *r = *request;

	(void)connection;
	(void)why;
	if (r == NULL) {
		return;
	}
	*request = NULL;
	assert(!r->is_suspended);
	if (r->is_handed_over) {
		server->handler.finished(server->context, r, r->status, clock_us() - r->begun_us);
	}
	if (r->response != NULL) {
		MHD_destroy_response(r->response);
	}
	buffer_done(&r->body);
	buffer_done(&r->queue);
	free(r->target);
	free(r);
}

/* The library wants more of a stream. */
static ssize_t on_more(void *context, uint64_t position, char *out, size_t max)
{
	struct http_request *r = context;
	struct span queued = buffer_span(&r->queue);
	size_t len = queued.len < max ? queued.len : max;

	(void)position;
	if (r->is_gone || (len == 0 && r->is_cut)) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (len == 0 && r->is_ended) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (len == 0) {
		suspend(r);
		return 0;
	}
	memcpy(out, queued.ptr, len);
	buffer_consume(&r->queue, len);
	if (!r->is_ended && r->queue.len < r->queue.max / 4 && r->server->handler.drained != NULL) {
		r->server->handler.drained(r->server->context, r);
	}
	return (ssize_t)len;
}

static void log_library(void *context, const char *format, va_list arguments) PRINTF(2, 0);

static void log_library(void *context, const char *format, va_list arguments)
{
	char text[256];

	(void)context;
	vsnprintf(text, sizeof text, format, arguments);
	log_debug("http", log_span("message", span_trim(span_of(text))));
}

/* --- serving --- */

int http_serve(struct loop *loop, const struct http_config *config,
	       const struct http_handler *handler, void *context, struct http_server **out,
	       struct why *why)
{
	struct http_server *server = alloc_zeroed(1, sizeof *server);
	const union MHD_DaemonInfo *info;

	server->loop = loop;
	server->handler = *handler;
	server->context = context;
	server->common = config->common;
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
		NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
		MHD_OPTION_LISTEN_SOCKET, config->listen_fd, MHD_OPTION_HTTPS_MEM_CERT,
		config->certificate_pem, MHD_OPTION_HTTPS_MEM_KEY, config->key_pem,
		MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_CONNECTION_LIMIT,
		config->connections_max, MHD_OPTION_CONNECTION_TIMEOUT, config->idle_s,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, server, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	info = server->daemon != NULL
		       ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)
		       : NULL;
	if (info == NULL) {
		free(server);
		return why_set(why, ERR_IO,
			       "the HTTPS server does not start: is server.pem a certificate for "
			       "server.key, and is the address free?");
	}
	server->run_timer = loop_timer(loop, on_run_timer, server);
	server->sweep_timer = loop_timer(loop, on_sweep, server);
	server->watch = loop_watch(loop, info->epoll_fd, LOOP_READ, on_sockets, server);
	run(server);
	*out = server;
	return 0;
}

void http_server_free(struct http_server **server_variable)
{
	struct http_server *server = *server_variable;

	*server_variable = NULL;
	if (server == NULL) {
		return;
	}
	loop_unwatch(&server->watch);
	while (server->suspended != NULL) {
		server->suspended->is_gone = true;
		resume(server->suspended);
	}
	server->is_running = true;
	/* the library wants the listening socket, which is not its own, left open */
	MHD_quiesce_daemon(server->daemon);
	MHD_run(server->daemon);
	MHD_stop_daemon(server->daemon);
	loop_timer_free(&server->run_timer);
	loop_timer_free(&server->sweep_timer);
	free(server);
}

unsigned http_connections(const struct http_server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info != NULL ? info->num_connections : 0;
}

/* --- the request --- */

const char *http_method(const struct http_request *request)
{
	return request->method;
}

struct span http_target(const struct http_request *request)
{
	return span_of(request->target);
}

const char *http_request_header(struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_cookie(struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
}

struct span http_body(const struct http_request *request)
{
	return buffer_span(&request->body);
}

const char *http_peer(const struct http_request *request)
{
	return request->peer;
}

void http_set_user(struct http_request *request, void *user)
{
	request->user = user;
}

void *http_user(const struct http_request *request)
{
	return request->user;
}

/* --- the answer --- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (name != NULL && value != NULL &&
	    MHD_add_response_header(response, name, value) != MHD_YES) {
		log_warn("answer lacks a header", log_text("header", name));
	}
}

static void settle(struct http_request *r, const struct http_answer *answer,
		   struct MHD_Response *response)
{
	assert(r->state == STATE_WAITING && response != NULL);
	for (const struct http_header *h = r->server->common; h != NULL && h->name != NULL; h++) {
		add_header(response, h->name, h->value);
	}
	add_header(response, "Content-Type", answer->content_type);
	for (size_t i = 0; i < HTTP_HEADERS_MAX; i++) {
		add_header(response, answer->headers[i].name, answer->headers[i].value);
	}
	r->response = response;
	r->status = answer->status;
	r->state = STATE_ANSWERED;
	resume(r);
}

static void free_body(void *context)
{
	struct buffer *body = context;

	buffer_done(body);
	free(body);
}

void http_answer(struct http_request *request, const struct http_answer *answer)
{
	struct MHD_Response *response;

	if (answer->body != NULL) {
		struct buffer *body = alloc_zeroed(1, sizeof *body);
		struct span bytes;

		*body = *answer->body;
		buffer_init(answer->body, body->max);
		bytes = buffer_span(body);
		response = MHD_create_response_from_buffer_with_free_callback_cls(
			bytes.len, (void *)(uintptr_t)bytes.ptr, free_body, body);
	} else {
		response = MHD_create_response_from_buffer(
			answer->static_body.len, (void *)(uintptr_t)answer->static_body.ptr,
			MHD_RESPMEM_PERSISTENT);
	}
	settle(request, answer, response);
}

void http_stream(struct http_request *request, const struct http_answer *answer,
		 uint64_t size_bytes, size_t queue_max)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		size_bytes == HTTP_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN : size_bytes, 32 << 10, on_more,
		request, NULL);

	request->is_stream = true;
	buffer_init(&request->queue, queue_max);
	settle(request, answer, response);
}

int http_stream_write(struct http_request *request, struct span bytes)
{
	int error = buffer_append(&request->queue, bytes);

	if (error == 0 && request->state == STATE_QUEUED) {
		resume(request);
	}
	return error;
}

size_t http_stream_room(const struct http_request *request)
{
	return request->queue.max - request->queue.len;
}

void http_stream_end(struct http_request *request, bool is_cut)
{
	request->is_ended = true;
	request->is_cut = is_cut;
	if (request->state == STATE_QUEUED) {
		resume(request);
	}
}
