/* channel.c - framed messages between our processes. */
#include "sys/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/loop_task.h"

#define LENGTH_SIZE 4
#define HEAD_SIZE   9 /* kind and id: what the length counts beside the body */
#define READ_PIECE  (64u << 10)

/* A queue this long is written before the turn ends, so that the other side starts on it. */
#define WRITE_EARLY (64u << 10)

struct channel {
	struct loop *loop;
	int fd;
	struct loop_watch *watch;
	const struct channel_handler *handler;
	void *context;
	struct buffer in;
	struct buffer out;
	bool is_paused;
	bool is_blocked;   /* the socket took no more */
	bool is_congested; /* and the sender will be told when it no longer is */
	bool is_deaf;      /* the other side takes nothing any more */
	bool is_closed;    /* the owner was told, or freed it */
	struct loop_task flush;
	struct loop_task resume;
	struct loop_task drained;
	struct loop_task burial;
};

static void await(struct channel *c)
{
	unsigned events = (c->is_paused ? 0u : LOOP_READ) | (c->is_blocked ? LOOP_WRITE : 0u);

	if (c->watch != NULL) {
		loop_watch_change(c->watch, events);
	}
}

static void shut(struct channel *c)
{
	c->is_closed = true;
	loop_unwatch(&c->watch);
	loop_task_cancel(&c->flush);
	loop_task_cancel(&c->resume);
	loop_task_cancel(&c->drained);
	if (c->fd >= 0) {
		(void)close(c->fd);
		c->fd = -1;
	}
}

static void report_closed(struct channel *c)
{
	shut(c);
	c->handler->closed(c->context);
}

/*
 * Sending
 */

static void tell_drained(void *context)
{
	struct channel *c = context;

	if (c->handler->drained != NULL) {
		c->handler->drained(c->context);
	}
}

/* Calls no handler: see loop_task.h. */
static void flush(struct channel *c)
{
	while (c->out.len > 0 && !c->is_deaf) {
		struct span bytes = buffer_span(&c->out);
		ssize_t len = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (len >= 0) {
			buffer_consume(&c->out, (size_t)len);
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			break;
		} else if (errno != EINTR) {
			/* what it sent before is still read, and then the end */
			c->is_deaf = true;
			buffer_clear(&c->out);
			(void)shutdown(c->fd, SHUT_RDWR);
		}
	}
	c->is_blocked = c->out.len > 0;
	await(c);
	if (c->is_congested && c->out.len < c->out.max / 4) {
		c->is_congested = false;
		loop_task_queue(c->loop, LOOP_SOON, &c->drained, tell_drained, c);
	}
	if (c->out.len == 0) {
		buffer_trim(&c->out);
	}
}

static void flush_task(void *context)
{
	flush(context);
}

int channel_send(struct channel *c, uint8_t kind, uint64_t id, struct span body)
{
	size_t size = LENGTH_SIZE + HEAD_SIZE + body.len;
	struct writer w;
	uint8_t *at;

	if (c->is_closed || c->is_deaf) {
		return ERR_CLOSED;
	}
	if (body.len > CHANNEL_BODY_MAX || size > c->out.max) {
		return ERR_LIMIT;
	}
	at = buffer_reserve(&c->out, size);
	if (at == NULL) {
		c->is_congested = true;
		return ERR_FULL;
	}
	w = writer_over(at, size);
	writer_be32(&w, (uint32_t)(HEAD_SIZE + body.len));
	writer_u8(&w, kind);
	writer_be64(&w, id);
	writer_bytes(&w, body);
	buffer_grow(&c->out, size);

	c->is_congested = c->is_congested || c->out.len >= c->out.max / 2;
	if (c->is_blocked) {
		return 0;
	}
	if (c->out.len >= WRITE_EARLY || c->is_congested) {
		flush(c);
	} else {
		loop_task_queue(c->loop, LOOP_FLUSH, &c->flush, flush_task, c);
	}
	return 0;
}

void channel_flush(struct channel *c)
{
	if (!c->is_closed && !c->is_blocked) {
		flush(c);
	}
}

bool channel_is_congested(const struct channel *c)
{
	return c->is_congested;
}

/*
 * Receiving
 */

/* Hands over one message; false where no whole one is there, or none may be handed over. */
static bool deliver_one(struct channel *c)
{
	struct reader r = reader_over(buffer_span(&c->in));
	uint32_t length = reader_be32(&r);
	struct reader message;
	uint8_t kind;
	uint64_t id;

	if (c->is_paused || c->is_closed || !reader_ok(&r)) {
		return false;
	}
	if (length < HEAD_SIZE || length > HEAD_SIZE + CHANNEL_BODY_MAX) {
		report_closed(c);
		return false;
	}
	if (reader_left(&r) < length) {
		return false;
	}
	message = reader_over(reader_bytes(&r, length));
	kind = reader_u8(&message);
	id = reader_be64(&message);
	c->handler->message(c->context, kind, id, reader_rest(&message));
	/* the handler may have freed the channel, which is then buried only when the turn ends */
	if (!c->is_closed) {
		buffer_consume(&c->in, LENGTH_SIZE + length);
	}
	return !c->is_closed;
}

static void deliver(struct channel *c)
{
	while (deliver_one(c)) {
	}
	buffer_trim(&c->in);
}

/* Enough for what a message that began still lacks, so that a long one comes in few reads. */
static size_t read_size(const struct channel *c)
{
	struct reader r = reader_over(buffer_span(&c->in));
	uint32_t length = reader_be32(&r);
	size_t whole = reader_ok(&r) ? (size_t)LENGTH_SIZE + length : 0;

	return whole > c->in.len + READ_PIECE ? whole - c->in.len : READ_PIECE;
}

static void on_ready(void *context, unsigned events)
{
	struct channel *c = context;
	ssize_t len;
	size_t room;

	if ((events & (LOOP_WRITE | LOOP_HANGUP)) != 0 && c->is_blocked) {
		flush(c);
	}
	/* what was read before a pause, which so never adds up to more than the buffer holds */
	deliver(c);
	if (c->is_paused || c->is_closed || (events & (LOOP_READ | LOOP_HANGUP)) == 0) {
		return;
	}
	room = read_size(c);
	len = recv(c->fd, buffer_reserve(&c->in, room), room, MSG_DONTWAIT);
	if (len > 0) {
		buffer_grow(&c->in, (size_t)len);
		deliver(c);
	} else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
		report_closed(c);
	}
}

void channel_pause(struct channel *c)
{
	c->is_paused = true;
	await(c);
}

/* Messages that were read before the pause come first. */
static void deliver_task(void *context)
{
	deliver(context);
}

void channel_resume(struct channel *c)
{
	if (c->is_paused && !c->is_closed) {
		c->is_paused = false;
		await(c);
		loop_task_queue(c->loop, LOOP_SOON, &c->resume, deliver_task, c);
	}
}

/*
 * Life
 */

struct channel *channel_new(struct loop *loop, int fd, size_t queue_max,
			    const struct channel_handler *handler, void *context)
{
	struct channel *c = alloc_zeroed(1, sizeof *c);

	c->loop = loop;
	c->fd = fd;
	c->handler = handler;
	c->context = context;
	buffer_init(&c->in, LENGTH_SIZE + HEAD_SIZE + CHANNEL_BODY_MAX + READ_PIECE);
	buffer_init(&c->out, queue_max);
	c->watch = loop_watch(loop, fd, LOOP_READ, on_ready, c);
	return c;
}

static void bury(void *context)
{
	struct channel *c = context;

	buffer_done(&c->in);
	buffer_done(&c->out);
	free(c);
}

void channel_free(struct channel **channel)
{
	struct channel *c = *channel;

	if (c == NULL) {
		return;
	}
	*channel = NULL;
	if (!c->is_closed) {
		flush(c);
	}
	shut(c);
	loop_task_queue(c->loop, LOOP_BURY, &c->burial, bury, c);
}
