/* wire.c - as few system calls as a connection can have: a hundred thousand are made. */
#include "scan/tls/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/buffer.h"

#define READ_MAX 16384
#define SEND_MAX 65536

enum wire_state { CONNECTING, DIALOGUE, OPEN };

struct tls_wire {
	struct loop *loop;
	const struct tls_wire_handler *handler;
	void *context;
	struct tls_accounting *accounting;
	struct tls_wire_limits limits;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct starttls dialogue;
	struct buffer in;
	struct buffer out;
	size_t received;
	int fd;
	enum wire_state state;
	bool is_ended;  /* the handler was told */
	bool is_closed; /* within a handler: freed when it returns */
	unsigned depth;
};

static void free_wire(struct tls_wire *wire)
{
	if (wire->fd >= 0) {
		close(wire->fd);
		loop_unwatch_closed(&wire->watch);
	}
	loop_timer_free(&wire->timer);
	buffer_done(&wire->in);
	buffer_done(&wire->out);
	free(wire);
}

void tls_wire_close(struct tls_wire **wire)
{
	struct tls_wire *w = *wire;

	if (w == NULL) {
		return;
	}
	*wire = NULL;
	w->is_closed = true;
	if (w->depth == 0) {
		free_wire(w);
	}
}

/* The wire may be gone after leave() said so. */
static void enter(struct tls_wire *wire)
{
	wire->depth++;
}

static bool leave(struct tls_wire *wire)
{
	if (--wire->depth == 0 && wire->is_closed) {
		free_wire(wire);
		return false;
	}
	return true;
}

static void end(struct tls_wire *wire, enum tls_wire_end how)
{
	if (wire->is_closed || wire->is_ended) {
		return;
	}
	wire->is_ended = true;
	loop_timer_disarm(wire->timer);
	if (wire->state == CONNECTING) {
		wire->accounting->connections_failed++;
	}
	wire->handler->ended(wire->context, how);
}

/* Until the kernel takes no more, which it tells when that has changed. */
static void flush(struct tls_wire *wire)
{
	ssize_t sent = 1;

	while (sent > 0 && wire->out.len > 0) {
		struct span left = buffer_span(&wire->out);

		sent = send(wire->fd, left.ptr, left.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent > 0) {
			wire->accounting->bytes_sent += (size_t)sent;
			buffer_consume(&wire->out, (size_t)sent);
		}
	}
	/* an error shows as a hang-up, and is met there */
}

void tls_wire_send(struct tls_wire *wire, struct span bytes)
{
	ssize_t sent = 0;

	if (wire->out.len == 0) {
		sent = send(wire->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		sent = sent < 0 ? 0 : sent;
		wire->accounting->bytes_sent += (size_t)sent;
	}
	if ((size_t)sent < bytes.len &&
	    buffer_append(&wire->out, span_after(bytes, (size_t)sent)) == 0) {
		flush(wire);
	}
}

void tls_wire_hurry(struct tls_wire *wire, int64_t answer_ms)
{
	if (!wire->is_closed) {
		loop_timer_arm(wire->timer, answer_ms);
	}
}

static void begin_tls(struct tls_wire *wire)
{
	wire->state = OPEN;
	wire->received = 0;
	wire->handler->opened(wire->context);
}

static void converse(struct tls_wire *wire, enum starttls_verdict verdict, struct span say)
{
	if (say.len > 0) {
		tls_wire_send(wire, say);
	}
	if (verdict == STARTTLS_READY) {
		begin_tls(wire);
	} else if (verdict == STARTTLS_REFUSED || verdict == STARTTLS_NOT_THIS) {
		end(wire, TLS_WIRE_NO_STARTTLS);
	}
}

static void begin_dialogue(struct tls_wire *wire)
{
	uint8_t words[STARTTLS_SAY_MAX];
	struct writer say = writer_over(words, sizeof words);
	enum starttls_verdict verdict;

	wire->state = DIALOGUE;
	verdict = starttls_begin(&wire->dialogue, &say);
	converse(wire, verdict, writer_span(&say));
}

static void on_connected(struct tls_wire *wire, unsigned events)
{
	/* a connection that failed is hung up; one that is closed already taught nothing either */
	if ((events & LOOP_HANGUP) != 0) {
		end(wire, TLS_WIRE_REFUSED);
		return;
	}
	loop_timer_arm(wire->timer, wire->limits.answer_ms);
	if (wire->dialogue.protocol != STARTTLS_NONE) {
		begin_dialogue(wire);
	} else {
		begin_tls(wire);
	}
}

/* Bytes of the plain protocol; what follows READY is for TLS. */
static size_t take_dialogue(struct tls_wire *wire, struct span bytes, bool is_end)
{
	uint8_t words[STARTTLS_SAY_MAX];
	struct writer say = writer_over(words, sizeof words);
	enum starttls_verdict verdict;
	size_t consumed = 0;

	if (wire->received > STARTTLS_BYTES_MAX) {
		end(wire, TLS_WIRE_FLOODED);
		return bytes.len;
	}
	verdict = starttls_read(&wire->dialogue, bytes, is_end, &consumed, &say);
	converse(wire, verdict, writer_span(&say));
	return consumed;
}

static size_t offer(struct tls_wire *wire, struct span bytes)
{
	return wire->state == DIALOGUE ? take_dialogue(wire, bytes, false)
				       : wire->handler->received(wire->context, bytes);
}

/* What is not taken is kept, and offered with what comes next. */
static void take(struct tls_wire *wire, struct span bytes)
{
	wire->accounting->bytes_received += bytes.len;
	wire->received += bytes.len;
	if (wire->in.len == 0) {
		bytes = span_after(bytes, offer(wire, bytes));
		if (bytes.len > 0 && !wire->is_closed && buffer_append(&wire->in, bytes) != 0) {
			end(wire, TLS_WIRE_FLOODED);
		}
	} else if (buffer_append(&wire->in, bytes) != 0) {
		end(wire, TLS_WIRE_FLOODED);
	} else {
		size_t taken = offer(wire, buffer_span(&wire->in));

		if (!wire->is_closed) {
			buffer_consume(&wire->in, taken);
		}
	}
	if (!wire->is_closed && wire->received > wire->limits.receive_max) {
		wire->accounting->bytes_cut += wire->received - wire->limits.receive_max;
		end(wire, TLS_WIRE_FLOODED);
	}
}

/* False where nothing more is to be read now. */
static bool read_some(struct tls_wire *wire)
{
	uint8_t bytes[READ_MAX];
	ssize_t got = recv(wire->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	bool is_reset = got < 0 && errno == ECONNRESET;

	if (got > 0) {
		take(wire, (struct span){ bytes, (size_t)got });
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		if (wire->state == DIALOGUE) {
			take_dialogue(wire, buffer_span(&wire->in), true);
		}
		end(wire, is_reset ? TLS_WIRE_RESET : TLS_WIRE_CLOSED);
	}
	return (got > 0 || (got < 0 && errno == EINTR)) && !wire->is_closed && !wire->is_ended;
}

static void on_ready(void *context, unsigned events)
{
	struct tls_wire *wire = context;

	if (wire->is_ended) {
		return;
	}
	enter(wire);
	if (wire->state == CONNECTING) {
		on_connected(wire, events);
	} else if ((events & LOOP_WRITE) != 0) {
		flush(wire);
	}
	if (!wire->is_closed && (events & (LOOP_READ | LOOP_HANGUP)) != 0) {
		while (!wire->is_ended && read_some(wire)) {
			/* each change is told once: all there is */
		}
	}
	(void)leave(wire);
}

static void on_time(void *context)
{
	struct tls_wire *wire = context;

	enter(wire);
	if (wire->fd < 0) {
		end(wire, TLS_WIRE_REFUSED);
	} else {
		end(wire, wire->state == CONNECTING ? TLS_WIRE_UNANSWERED : TLS_WIRE_SILENT);
	}
	(void)leave(wire);
}

static enum starttls_protocol dialogue_of(enum tls_starttls starttls)
{
	static const enum starttls_protocol dialogues[] = {
		[TLS_STARTTLS_NONE] = STARTTLS_NONE,
		[TLS_STARTTLS_SMTP] = STARTTLS_SMTP,
		[TLS_STARTTLS_IMAP] = STARTTLS_IMAP,
		[TLS_STARTTLS_POP3] = STARTTLS_POP3,
		[TLS_STARTTLS_FTP] = STARTTLS_FTP,
		[TLS_STARTTLS_LDAP] = STARTTLS_LDAP,
		[TLS_STARTTLS_XMPP] = STARTTLS_XMPP,
		[TLS_STARTTLS_POSTGRES] = STARTTLS_POSTGRESQL,
		[TLS_STARTTLS_MYSQL] = STARTTLS_MYSQL,
	};

	return dialogues[starttls];
}

int64_t tls_wire_round_trip_us(const struct tls_wire *wire)
{
	return net_round_trip_us(wire->fd);
}

struct tls_wire *tls_wire_open(struct loop *loop, const struct tls_wire_to *to,
			       const struct tls_wire_limits *limits,
			       const struct tls_wire_handler *handler, void *context)
{
	static const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	struct tls_wire *wire = alloc_zeroed(1, sizeof *wire);

	wire->loop = loop;
	wire->handler = handler;
	wire->context = context;
	wire->accounting = to->accounting;
	wire->limits = *limits;
	wire->timer = loop_timer(loop, on_time, wire);
	wire->accounting->connections++;
	starttls_init(&wire->dialogue, dialogue_of(to->starttls), to->host);
	buffer_init(&wire->in, limits->receive_max);
	buffer_init(&wire->out, SEND_MAX);
	if (net_connect_start(to->address, &wire->fd, NULL) != 0) {
		wire->fd = -1;
		loop_timer_arm(wire->timer, 0);
		return wire;
	}
	/* the answer is all that was wanted: no TIME_WAIT for each of a million connections */
	(void)setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	/* watched once for all that may come: a change of interest is a system call, too */
	wire->watch =
		loop_watch(loop, wire->fd, LOOP_READ | LOOP_WRITE | LOOP_EDGE, on_ready, wire);
	loop_timer_arm(wire->timer, limits->connect_ms);
	return wire;
}
