/* enrolment.c - POST simpleenroll, one request a connection. */
#include "enrolment.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/pki.h"
#include "wire/message.h"

#define HANDSHAKE_MS 120000
#define MESSAGE_ROOM 16384

struct enrolment {
	const struct enrolment_world *world;
	uint32_t number;
	int fd; /* while connecting */
	bool is_over;
	struct loop_watch *connecting;
	struct tls_context *tls;
	struct tls_stream *stream;
	struct buffer key_pem;
	struct buffer answer;
	struct loop_timer *end; /* frees outside of the stream's own handlers */
};

static const char *const alpn_http[] = { "http/1.1", NULL };
static const char *const alpn_frames[] = { MESSAGE_ALPN, NULL };

static void enrolment_free(void *context)
{
	struct enrolment *e = context;

	loop_unwatch(&e->connecting);
	if (e->fd >= 0) {
		(void)close(e->fd);
	}
	tls_stream_free(&e->stream);
	tls_context_free(&e->tls);
	buffer_done(&e->key_pem);
	buffer_done(&e->answer);
	loop_timer_free(&e->end);
	free(e);
}

static void finish(struct enrolment *e, struct tls_context *tls, const char *reason)
{
	if (e->is_over) {
		return;
	}
	e->is_over = true;
	loop_timer_arm(e->end, 0);
	e->world->done(e->world->context, e->number, tls, reason);
}

static void finish_with(struct enrolment *e, struct span base64)
{
	struct tls_config config = { .ca_pem = e->world->ca_pem, .alpn = alpn_frames };
	struct tls_context *tls = NULL;
	struct buffer der;
	struct buffer pem;
	struct why why = { "" };

	buffer_init(&der, MESSAGE_ROOM);
	buffer_init(&pem, MESSAGE_ROOM);
	config.key_pem = buffer_span(&e->key_pem);
	if (pki_certs_only_first(base64, &der, &why) == 0 &&
	    pki_der_to_pem(buffer_span(&der), &pem, &why) == 0) {
		config.certificate_pem = buffer_span(&pem);
		(void)!tls_context_new(&config, &tls, &why);
	}
	buffer_done(&der);
	buffer_done(&pem);
	finish(e, tls, why.text);
}

/* Takes the body of a whole answer. False where more must come. */
static bool take_answer(struct enrolment *e)
{
	struct reader r = reader_over(buffer_span(&e->answer));
	struct span status = reader_line(&r);
	size_t length = SIZE_MAX;

	for (;;) {
		struct span line = reader_line(&r);
		struct reader field = reader_over(line);

		if (line.len == 0) {
			break;
		}
		if (span_is(reader_until(&field, ':'), "Content-Length")) {
			length = 0;
			line = span_trim(field.rest);
			for (size_t i = 0; i < line.len && i < 6; i++) {
				length = length * 10 + (size_t)(line.ptr[i] - '0');
			}
		}
	}
	if (reader_left(&r) < length && length != SIZE_MAX) {
		return false;
	}
	if (length == SIZE_MAX) {
		return false; /* until the connection ends */
	}
	if (span_starts_with(status, "HTTP/1.1 200")) {
		finish_with(e, r.rest);
	} else {
		char *text = alloc_span(span_trim(status));

		finish(e, NULL, text);
		free(text);
	}
	return true;
}

static size_t received(void *context, struct span bytes)
{
	struct enrolment *e = context;

	if (buffer_append(&e->answer, bytes) != 0) {
		finish(e, NULL, "the answer is too long");
	} else if (!e->is_over) {
		(void)take_answer(e);
	}
	return bytes.len;
}

static int write_request(struct enrolment *e, struct writer *w, struct why *why)
{
	struct buffer der;
	struct buffer body;
	struct buffer basic;
	uint8_t room[256];
	struct writer user = writer_over(room, sizeof room);
	int error;

	buffer_init(&der, MESSAGE_ROOM);
	buffer_init(&body, MESSAGE_ROOM);
	buffer_init(&basic, MESSAGE_ROOM);
	writer_text(&user, "enroll:");
	writer_text(&user, e->world->token);
	error = pki_key_new(&e->key_pem, why);
	if (error == 0) {
		error = pki_request_new(buffer_span(&e->key_pem), "bench", &der, why);
	}
	if (error == 0) {
		error = pki_base64(buffer_span(&der), &body, why);
	}
	if (error == 0) {
		error = pki_base64(writer_span(&user), &basic, why);
	}
	writer_text(w, "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: bartizand\r\n"
		       "Content-Type: application/pkcs10\r\nContent-Transfer-Encoding: base64\r\n"
		       "Authorization: Basic ");
	writer_bytes(w, span_trim(buffer_span(&basic)));
	writer_text(w, "\r\nContent-Length: ");
	writer_decimal(w, buffer_span(&body).len);
	writer_text(w, "\r\n\r\n");
	writer_bytes(w, buffer_span(&body));
	buffer_done(&der);
	buffer_done(&body);
	buffer_done(&basic);
	return error;
}

static void opened(void *context)
{
	struct enrolment *e = context;
	uint8_t room[MESSAGE_ROOM];
	struct writer w = writer_over(room, sizeof room);
	struct why why;

	if (write_request(e, &w, &why) != 0) {
		finish(e, NULL, why.text);
	} else if (!writer_ok(&w) || tls_send(e->stream, writer_span(&w)) != 0) {
		finish(e, NULL, "the request could not be sent");
	}
}

static void closed(void *context, int error, const char *reason)
{
	(void)error;
	finish(context, NULL, reason);
}

static const struct tls_handler handler = {
	.opened = opened,
	.received = received,
	.closed = closed,
};

static void connected(void *context, unsigned events)
{
	static const struct tls_limits limits = { MESSAGE_ROOM, MESSAGE_ROOM * 2, HANDSHAKE_MS,
						  HANDSHAKE_MS };
	struct enrolment *e = context;
	struct why why;

	(void)events;
	loop_unwatch(&e->connecting);
	if (net_connect_result(e->fd, &why) != 0) {
		finish(e, NULL, why.text);
		return;
	}
	e->stream = tls_stream_new(e->world->loop, e->tls, e->fd, &limits, &handler, e);
	e->fd = -1;
}

void enrolment_start(const struct enrolment_world *world, uint32_t number)
{
	struct enrolment *e = alloc_zeroed(1, sizeof *e);
	struct tls_config config = { .ca_pem = world->ca_pem, .alpn = alpn_http };
	struct why why;

	e->world = world;
	e->number = number;
	e->fd = -1;
	e->end = loop_timer(world->loop, enrolment_free, e);
	buffer_init(&e->key_pem, MESSAGE_ROOM);
	buffer_init(&e->answer, MESSAGE_ROOM);
	if (tls_context_new(&config, &e->tls, &why) != 0 ||
	    net_connect_start(&world->server, &e->fd, &why) != 0) {
		finish(e, NULL, why.text);
		return;
	}
	e->connecting = loop_watch(world->loop, e->fd, LOOP_WRITE, connected, e);
}
