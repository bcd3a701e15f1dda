/*
 * tls.c - a connection, from its handshake to its last byte.
 *
 *   HANDSHAKE -> OPEN -> CLOSING (sends what is queued) -> LINGERING -> OVER
 *        `---------`---------`-------------------------------------------^
 *
 * LINGERING waits for the other side to close, because closing a socket with unread bytes
 * resets it, and a reset destroys what the other side has not read yet.
 */
#include "sys/tls.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"
#include "sys/loop_task.h"
#include "sys/tls_context.h"

#define RECORD_MAX   16384        /* bytes in a record (RFC 8446 section 5.1) */
#define WRITE_EARLY  (64u << 10)  /* a queue this long is written before the turn ends */
#define TURN_BYTES   (128u << 10) /* read from one connection before others get their turn */
#define TURN_RECORDS 512
#define CLOSE_MS     5000 /* for what is queued, and for the other side to close */

enum state { HANDSHAKE, OPEN, CLOSING, LINGERING, OVER };

struct tls_stream {
	struct loop *loop;
	struct tls_context *context;
	SSL *ssl;
	int fd;
	enum state state;
	bool is_paused;
	bool is_blocked; /* the socket took no more */
	bool is_congested;
	bool is_deaf; /* the other side takes nothing any more */
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct tls_limits limits;
	const struct tls_handler *handler;
	void *handler_context;
	struct buffer in;
	struct buffer out;
	int64_t received_ms;
	uint8_t *peer; /* from OpenSSL */
	size_t peer_len;
	const char *protocol;
	int error; /* why it is over */
	char *reason;
	struct loop_task read_on;
	struct loop_task flush;
	struct loop_task tell;
	struct loop_task tell_drained;
	struct loop_task burial;
};

/*
 * The end
 */

static void let_go(struct tls_stream *s)
{
	if (s->ssl != NULL && s->state != HANDSHAKE) {
		/* a cut is no attack: without this OpenSSL forgets the session, and every client
		 * that lost its connection would pay for a full handshake */
		SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	}
	s->state = OVER;
	loop_unwatch(&s->watch);
	loop_timer_free(&s->timer);
	loop_task_cancel(&s->read_on);
	loop_task_cancel(&s->flush);
	loop_task_cancel(&s->tell);
	loop_task_cancel(&s->tell_drained);
	SSL_free(s->ssl);
	s->ssl = NULL;
	if (s->fd >= 0) {
		(void)close(s->fd);
		s->fd = -1;
	}
}

static void tell_closed(void *context)
{
	struct tls_stream *s = context;

	s->handler->closed(s->handler_context, s->error, s->reason);
}

/* The owner is told from the loop, never within a call of his own. */
static void end(struct tls_stream *s, int error, const char *reason)
{
	if (s->state == OVER) {
		return;
	}
	let_go(s);
	s->error = error;
	s->reason = alloc_text(reason);
	loop_task_queue(s->loop, LOOP_SOON, &s->tell, tell_closed, s);
}

/* An alert that the other side sent (RFC 8446 section 6), as OpenSSL gives it: 1000 + its number.
 */
static int error_of_alert(int alert)
{
	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_DECRYPT_ERROR:
	case SSL_AD_CERTIFICATE_REQUIRED:
		return ERR_DENIED;
	case SSL_AD_PROTOCOL_VERSION:
	case SSL_AD_HANDSHAKE_FAILURE:
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		return ERR_UNSUPPORTED;
	default:
		return ERR_CLOSED;
	}
}

static void end_by_openssl(struct tls_stream *s)
{
	unsigned long first = ERR_peek_error();
	int number = ERR_GET_REASON(first);
	long verdict = SSL_get_verify_result(s->ssl);
	const char *words = ERR_reason_error_string(first);
	int error = ERR_MALFORMED;
	char reason[256];

	if (number == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
		error = ERR_DENIED;
		(void)snprintf(reason, sizeof reason, "the other side's certificate is refused: %s",
			       X509_verify_cert_error_string(verdict));
	} else if (number > SSL_AD_REASON_OFFSET) {
		error = error_of_alert(number - SSL_AD_REASON_OFFSET);
		(void)snprintf(reason, sizeof reason, "the other side refused: %s",
			       words == NULL ? "it did not say why" : words);
	} else {
		(void)snprintf(reason, sizeof reason, "TLS failed: %s",
			       words == NULL ? "for a reason without a name" : words);
	}
	ERR_clear_error();
	end(s, error, reason);
}

/*
 * What to wait for
 */

static void await(struct tls_stream *s)
{
	bool is_reading = s->state == HANDSHAKE || s->state == LINGERING ||
			  (s->state == OPEN && !s->is_paused);

	if (s->state != OVER) {
		loop_watch_change(s->watch, (is_reading ? LOOP_READ : 0u) |
						    (s->is_blocked ? LOOP_WRITE : 0u));
	}
}

/* After a call into OpenSSL that did not succeed. False where the connection is over. */
static bool goes_on(struct tls_stream *s, int result)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return true;
	case SSL_ERROR_WANT_WRITE:
		s->is_blocked = true;
		return true;
	case SSL_ERROR_ZERO_RETURN:
		end(s, ERR_CLOSED, error_text(ERR_CLOSED));
		return false;
	case SSL_ERROR_SSL:
		end_by_openssl(s);
		return false;
	default:
		ERR_clear_error();
		end(s, ERR_CLOSED,
		    s->state == HANDSHAKE ? "the connection was cut in the handshake"
					  : "the connection was cut");
		return false;
	}
}

/*
 * Sending
 */

static void tell_drained(void *context)
{
	struct tls_stream *s = context;

	if (s->handler->drained != NULL) {
		s->handler->drained(s->handler_context);
	}
}

static void read_on(void *context);

/* The other side may have said why, and its last words come before the end. */
static void stop_sending(struct tls_stream *s)
{
	ERR_clear_error();
	s->is_deaf = true;
	buffer_clear(&s->out);
	if (s->is_paused || s->state != OPEN) {
		end(s, ERR_CLOSED, "the connection was cut");
	} else {
		loop_task_queue(s->loop, LOOP_SOON, &s->read_on, read_on, s);
	}
}

static void write_queue(struct tls_stream *s)
{
	ERR_clear_error();
	s->is_blocked = false;
	while (s->out.len > 0 && !s->is_blocked) {
		struct span bytes = buffer_span(&s->out);
		int len = SSL_write(s->ssl, bytes.ptr,
				    bytes.len > INT_MAX ? INT_MAX : (int)bytes.len);

		if (len > 0) {
			buffer_consume(&s->out, (size_t)len);
		} else if (SSL_get_error(s->ssl, len) == SSL_ERROR_WANT_WRITE) {
			s->is_blocked = true;
		} else {
			stop_sending(s);
		}
	}
}

/* close_notify, and the end of our half. */
static void say_goodbye(struct tls_stream *s)
{
	int result = SSL_shutdown(s->ssl);

	if (result < 0 && SSL_get_error(s->ssl, result) == SSL_ERROR_WANT_WRITE) {
		s->is_blocked = true;
		return;
	}
	ERR_clear_error();
	(void)shutdown(s->fd, SHUT_WR);
	s->state = LINGERING;
}

/* Calls no handler: see loop_task.h. */
static void flush(void *context)
{
	struct tls_stream *s = context;

	if (s->state != OPEN && s->state != CLOSING) {
		return; /* a handshake will come back to it */
	}
	write_queue(s);
	if (s->state == CLOSING && s->out.len == 0) {
		say_goodbye(s);
	}
	if (s->is_congested && s->out.len == 0 && s->state == OPEN) {
		s->is_congested = false;
		loop_task_queue(s->loop, LOOP_SOON, &s->tell_drained, tell_drained, s);
	}
	buffer_trim(&s->out);
	await(s);
}

int tls_send(struct tls_stream *s, struct span bytes)
{
	if (s->is_deaf || s->state > OPEN) {
		return ERR_CLOSED;
	}
	if (buffer_append(&s->out, bytes) != 0) {
		s->is_congested = true;
		return ERR_FULL;
	}
	s->is_congested = s->is_congested || s->out.len >= s->out.max / 2;
	if (s->is_blocked) {
		return 0;
	}
	if (s->out.len >= WRITE_EARLY && s->state == OPEN) {
		flush(s);
	} else {
		loop_task_queue(s->loop, LOOP_FLUSH, &s->flush, flush, s);
	}
	return 0;
}

bool tls_is_congested(const struct tls_stream *s)
{
	return s->is_congested;
}

/*
 * Receiving
 */

/* Offers what is held. False where nothing more may be read now. */
static bool offer(struct tls_stream *s)
{
	size_t taken = s->handler->received(s->handler_context, buffer_span(&s->in));

	if (s->state != OPEN) {
		return false;
	}
	assert(taken <= s->in.len);
	buffer_consume(&s->in, taken);
	return !s->is_paused;
}

/* One record, or what is left of it. */
static bool read_record(struct tls_stream *s, size_t *out_len)
{
	size_t room = s->limits.receive_max - s->in.len;
	int len;

	if (room == 0) {
		end(s, ERR_LIMIT, "the other side sent more than is held for one message");
		return false;
	}
	room = room < RECORD_MAX ? room : RECORD_MAX;
	ERR_clear_error();
	len = SSL_read(s->ssl, buffer_reserve(&s->in, room), (int)room);
	if (len <= 0) {
		*out_len = 0;
		return goes_on(s, len);
	}
	buffer_grow(&s->in, (size_t)len);
	*out_len = (size_t)len;
	return offer(s);
}

static void receive(struct tls_stream *s)
{
	size_t bytes = 0;
	size_t len = 1;

	for (unsigned i = 0; i < TURN_RECORDS && bytes < TURN_BYTES && len > 0; i++) {
		if (!read_record(s, &len)) {
			return;
		}
		bytes += len;
	}
	if (bytes > 0) {
		s->received_ms = clock_ms();
	}
	buffer_trim(&s->in);
	if (len == 0 && s->is_deaf) {
		end(s, ERR_CLOSED, "the connection was cut");
	} else if (len > 0) {
		/* OpenSSL may hold records that the socket no longer has */
		loop_task_queue(s->loop, LOOP_SOON, &s->read_on, read_on, s);
	}
	await(s);
}

/* After a pause, or after a turn's share: first what is held already. */
static void read_on(void *context)
{
	struct tls_stream *s = context;

	if (s->state == OPEN && !s->is_paused && (s->in.len == 0 || offer(s))) {
		receive(s);
	}
}

void tls_pause(struct tls_stream *s)
{
	s->is_paused = true;
	await(s);
}

void tls_resume(struct tls_stream *s)
{
	if (s->is_paused) {
		s->is_paused = false;
		s->received_ms = clock_ms();
		await(s);
		if (s->state == OPEN) {
			loop_task_queue(s->loop, LOOP_SOON, &s->read_on, read_on, s);
		}
	}
}

/* Nothing is wanted any more but the end. */
static void drain(struct tls_stream *s)
{
	uint8_t ignored[RECORD_MAX];
	ssize_t len = recv(s->fd, ignored, sizeof ignored, MSG_DONTWAIT);

	if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) {
		end(s, 0, "closed");
	}
}

/*
 * Opening
 */

static void keep_peer(struct tls_stream *s)
{
	X509 *certificate = SSL_get0_peer_certificate(s->ssl);
	int len = certificate != NULL && SSL_get_verify_result(s->ssl) == X509_V_OK
			  ? i2d_X509(certificate, &s->peer)
			  : 0;

	s->peer_len = len > 0 ? (size_t)len : 0;
}

static void open_stream(struct tls_stream *s)
{
	const unsigned char *name = NULL;
	unsigned int len = 0;

	SSL_get0_alpn_selected(s->ssl, &name, &len);
	s->protocol = tls_context_protocol(s->context, (struct span){ name, len });
	keep_peer(s);
	s->state = OPEN;
	s->received_ms = clock_ms();
	loop_timer_disarm(s->timer);
	if (s->limits.idle_ms > 0) {
		loop_timer_arm(s->timer, s->limits.idle_ms);
	}
	if (s->out.len > 0) {
		loop_task_queue(s->loop, LOOP_FLUSH, &s->flush, flush, s);
	}
	await(s);
	s->handler->opened(s->handler_context);
	/* the other side's first words may have come with the handshake's last */
	read_on(s);
}

static void shake_hands(struct tls_stream *s)
{
	int result;

	ERR_clear_error();
	s->is_blocked = false;
	result = SSL_do_handshake(s->ssl);
	if (result == 1) {
		open_stream(s);
	} else if (goes_on(s, result)) {
		await(s);
	}
}

static void start(void *context)
{
	struct tls_stream *s = context;

	if (s->state == HANDSHAKE) {
		shake_hands(s);
	}
}

static void on_ready(void *context, unsigned events)
{
	struct tls_stream *s = context;

	if (s->state == HANDSHAKE) {
		shake_hands(s);
		return;
	}
	if ((events & (LOOP_WRITE | LOOP_HANGUP)) != 0 && s->is_blocked) {
		flush(s);
	}
	if (s->state == OPEN) {
		read_on(s);
	} else if (s->state == LINGERING) {
		drain(s);
	}
}

static void on_time(void *context)
{
	struct tls_stream *s = context;
	int64_t left_ms = s->received_ms + s->limits.idle_ms - clock_ms();

	if (s->state == HANDSHAKE) {
		end(s, ERR_TIMEOUT, "the handshake took too long");
	} else if (s->state == LINGERING) {
		end(s, 0, "closed");
	} else if (s->state == CLOSING) {
		end(s, ERR_TIMEOUT, "the other side did not take what was still to be sent");
	} else if (s->is_paused || left_ms > 0) {
		/* moved only when it fires, not at each byte */
		loop_timer_arm(s->timer, s->is_paused ? s->limits.idle_ms : left_ms);
	} else {
		end(s, ERR_TIMEOUT, "nothing was heard for too long");
	}
}

/*
 * Life
 */

struct tls_stream *tls_stream_new(struct loop *loop, struct tls_context *context, int fd,
				  const struct tls_limits *limits,
				  const struct tls_handler *handler, void *handler_context)
{
	struct tls_stream *s = alloc_zeroed(1, sizeof *s);

	s->loop = loop;
	s->context = tls_context_share(context);
	s->fd = fd;
	s->limits = *limits;
	s->handler = handler;
	s->handler_context = handler_context;
	s->protocol = "";
	buffer_init(&s->in, limits->receive_max);
	buffer_init(&s->out, limits->send_max);
	s->ssl = tls_context_connect(context, fd);
	s->watch = loop_watch(loop, fd, LOOP_READ, on_ready, s);
	s->timer = loop_timer(loop, on_time, s);
	loop_timer_arm(s->timer, limits->handshake_ms);
	if (!tls_context_is_server(context)) {
		loop_task_queue(loop, LOOP_SOON, &s->read_on, start, s);
	}
	return s;
}

static void bury(void *context)
{
	struct tls_stream *s = context;

	tls_context_free(&s->context);
	buffer_done(&s->in);
	buffer_done(&s->out);
	OPENSSL_free(s->peer);
	free(s->reason);
	free(s);
}

void tls_stream_free(struct tls_stream **stream)
{
	struct tls_stream *s = *stream;

	if (s == NULL) {
		return;
	}
	*stream = NULL;
	let_go(s);
	loop_task_queue(s->loop, LOOP_BURY, &s->burial, bury, s);
}

void tls_close(struct tls_stream *s)
{
	if (s->state == HANDSHAKE) {
		end(s, 0, "closed");
	} else if (s->state == OPEN) {
		s->state = CLOSING;
		loop_timer_arm(s->timer, CLOSE_MS);
		loop_task_cancel(&s->read_on);
		loop_task_cancel(&s->tell_drained);
		loop_task_queue(s->loop, LOOP_FLUSH, &s->flush, flush, s);
	}
}

struct span tls_peer_certificate(const struct tls_stream *s)
{
	return (struct span){ s->peer, s->peer_len };
}

const char *tls_protocol(const struct tls_stream *s)
{
	return s->protocol;
}

bool tls_is_resumed(const struct tls_stream *s)
{
	return s->ssl != NULL && SSL_session_reused(s->ssl) == 1;
}
