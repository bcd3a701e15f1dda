/* session.c - a sensor's connection: frames up, answers down. */
#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "server/ingest/parts.h"
#include "sys/clock.h"
#include "sys/pki.h"
#include "wire/cbor.h"

#include <stdio.h>

/* --- whose session it is --- */

static uint64_t sensor_key(const struct sensor_identity *sensor)
{
	uint8_t hash[SHA256_SIZE];
	struct sha256 h;
	struct reader r;

	sha256_init(&h);
	sha256_add(&h, span_of(sensor->tenant));
	sha256_add(&h, span_of("/"));
	sha256_add(&h, span_of(sensor->id));
	sha256_done(&h, hash);
	r = reader_over((struct span){ hash, sizeof hash });
	return reader_be64(&r) | 1;
}

/* replaced: the address of the session of the same sensor that this one took the place of. */
static void announce(struct connection *c, const char *replaced)
{
	uint8_t room[320];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 5);
	cbor_write_text(&w, span_of(c->sensor.tenant));
	cbor_write_text(&w, span_of(c->sensor.id));
	cbor_write_text(&w, span_of(c->address));
	cbor_write_bytes(&w, (struct span){ c->sensor.key_hash, sizeof c->sensor.key_hash });
	cbor_write_text(&w, span_of(replaced));
	c->is_announced = bus_send(c->ingest->bus, BUS_SESSION_OPEN, c->id, writer_span(&w)) == 0;
}

void session_begin(struct connection *c)
{
	struct ingest *i = c->ingest;
	struct connection *older;
	char replaced[sizeof c->address] = "";
	int error = connection_identify(c, &c->sensor);

	connection_set_state(c, CONNECTION_SESSION);
	session_guard_init(&c->guard);
	c->heard_ms = clock_ms();
	c->hello_due_ms = c->heard_ms + i->config.hello_ms;
	c->alive_s = ALIVE_S_FIRST;
	i->session_count++;
	if (error != 0) {
		c->sensor.id[0] = '\0';
		i->figures.refused++;
		connection_log(c, "sensor refused", "it has no certificate of a sensor");
		session_goodbye(c, GOODBYE_REVOKED, 0,
				"this protocol needs a sensor's certificate: enrol first");
		return;
	}
	older = idmap_get(&i->by_sensor, sensor_key(&c->sensor));
	if (older != NULL) {
		snprintf(replaced, sizeof replaced, "%s", older->address);
		session_goodbye(older, GOODBYE_REPLACED, 0, "the same sensor connected anew");
	}
	idmap_put(&i->by_sensor, sensor_key(&c->sensor), c);
	if (i->is_bus_open) {
		announce(c, replaced);
	}
	if (i->is_paused) {
		tls_pause(c->stream);
	}
}

static void note_held(struct connection *c, size_t bytes)
{
	c->ingest->held_bytes = c->ingest->held_bytes - c->held_bytes + bytes;
	c->held_bytes = bytes;
}

void session_leave(struct connection *c)
{
	struct ingest *i = c->ingest;

	note_held(c, 0);
	i->session_count--;
	if (idmap_get(&i->by_sensor, sensor_key(&c->sensor)) == c) {
		idmap_remove(&i->by_sensor, sensor_key(&c->sensor));
	}
	if (c->is_announced) {
		c->is_announced = false;
		(void)!bus_send(i->bus, BUS_SESSION_CLOSED, c->id, (struct span){ 0 });
	}
}

/* --- down --- */

static bool say(struct connection *c, const struct message *m)
{
	uint8_t room[FRAME_HEAD_SIZE + MESSAGE_TEXT_MAX + 64];
	struct writer w = writer_over(room, sizeof room);

	message_encode(m, &w);
	session_guard_sent(&c->guard, m);
	return connection_send(c, writer_span(&w));
}

void session_goodbye(struct connection *c, enum goodbye_code code, uint64_t retry_ms,
		     const char *text)
{
	const struct message m = {
		.kind = MESSAGE_GOODBYE,
		.goodbye = { .code = code, .text = span_of(text), .retry_ms = retry_ms },
	};

	if (say(c, &m)) {
		connection_end(c);
	}
}

static void breach(struct connection *c, const char *text)
{
	c->ingest->figures.refused++;
	connection_log(c, "sensor broke the protocol", text);
	session_goodbye(c, GOODBYE_PROTOCOL, 0, text);
}

void session_deliver(struct connection *c, struct span frames, bool is_last)
{
	struct span rest = frames;
	struct span frame;
	size_t size;

	while (frame_next(rest, &frame, &size) == 0) {
		struct message m;

		if (message_decode(frame, &m) == 0) {
			session_guard_sent(&c->guard, &m);
			if (m.kind == MESSAGE_WELCOME && m.welcome.alive_s > 0) {
				c->alive_s = m.welcome.alive_s;
			}
		}
		rest = span_after(rest, size);
	}
	if (connection_send(c, frames) && is_last) {
		connection_end(c);
	}
}

/* --- up --- */

enum step { STEP_ON, STEP_PAUSED, STEP_ENDED };

static enum step take_frame(struct connection *c, struct span frame)
{
	struct ingest *i = c->ingest;
	struct message m;
	int error = session_guard_receive(&c->guard, frame, &m);

	i->figures.frames++;
	if (error == ERR_AGAIN) {
		return STEP_ON; /* it was on its way when the sensor was told to say hello anew */
	}
	if (error != 0) {
		breach(c, error == ERR_CONFLICT ? "a message came out of order"
			  : error == ERR_LIMIT  ? "a message was over a limit"
						: "a message was malformed or of an unknown kind");
		return STEP_ENDED;
	}
	if (m.kind == MESSAGE_HELLO) {
		c->is_greeted = true;
		c->hello_due_ms = 0;
	}
	error = bus_send(i->bus, BUS_SESSION_FRAME, c->id, frame);
	if (error == ERR_FULL || error == ERR_LIMIT) {
		session_goodbye(c, GOODBYE_RESTART, RESTART_SPREAD_MS_MAX,
				"the server has too much to do");
		return STEP_ENDED;
	}
	/* a broken bus takes nothing: the sensor will be told to begin anew */
	sessions_pace(i);
	return i->is_paused ? STEP_PAUSED : STEP_ON;
}

/* What is held of a frame that is not whole. False where the connection has ended. */
static bool judge_rest(struct connection *c, size_t rest)
{
	if (!c->is_greeted && rest > HELLO_BYTES_MAX) {
		breach(c, "the first message is too long");
		return false;
	}
	note_held(c, rest);
	if (c->ingest->held_bytes > RECEIVE_TOTAL_MAX) {
		session_goodbye(c, GOODBYE_RESTART, RESTART_SPREAD_MS_MAX,
				"the server has too much to do");
		return false;
	}
	if (rest == 0) {
		c->frame_since_ms = 0;
	} else if (c->frame_since_ms == 0) {
		c->frame_since_ms = clock_ms();
	}
	return true;
}

size_t session_received(struct connection *c, struct span bytes)
{
	size_t taken = 0;
	struct span frame;
	size_t size;
	int error;

	c->heard_ms = clock_ms();
	if (bytes.len > c->held_bytes) {
		c->ingest->figures.bytes_in += bytes.len - c->held_bytes;
	}
	while ((error = frame_next(span_after(bytes, taken), &frame, &size)) == 0) {
		enum step step = take_frame(c, frame);

		if (step == STEP_ENDED) {
			return bytes.len;
		}
		taken += size;
		c->frame_since_ms = 0;
		if (step == STEP_PAUSED) {
			break;
		}
	}
	if (error == ERR_LIMIT) {
		breach(c, "a message's length is 0 or over the limit");
		return bytes.len;
	}
	return judge_rest(c, bytes.len - taken) ? taken : bytes.len;
}

/* --- now and then --- */

/* How long a sensor may say nothing at all. */
static int64_t idle_ms(const struct connection *c)
{
	const struct ingest_config *config = &c->ingest->config;

	return config->idle_ms != 0 ? config->idle_ms : IDLE_INTERVALS * 1000 * (int64_t)c->alive_s;
}

void session_sweep(struct connection *c, int64_t now_ms)
{
	const struct ingest_config *config = &c->ingest->config;

	if (c->ingest->is_paused) {
		return; /* nothing was read: nothing can be late */
	}
	if (c->hello_due_ms != 0 && now_ms >= c->hello_due_ms) {
		breach(c, "no hello came in time");
	} else if (c->frame_since_ms != 0 && now_ms - c->frame_since_ms >= config->frame_ms) {
		breach(c, "a message did not become whole in time");
	} else if (now_ms - c->heard_ms >= idle_ms(c)) {
		session_goodbye(c, GOODBYE_RESTART, 0, "nothing was heard for too long");
	}
}

static uint64_t restart_delay(const struct ingest *i)
{
	uint64_t spread_ms =
		i->session_count < RESTART_SPREAD_MS_MAX ? i->session_count : RESTART_SPREAD_MS_MAX;
	uint32_t random;

	pki_random((uint8_t *)&random, sizeof random);
	return random % (spread_ms + 1);
}

static void ask_to_restart(struct connection *c)
{
	struct ingest *i = c->ingest;
	const struct message m = { .kind = MESSAGE_RESTART,
				   .restart = { .delay_ms = restart_delay(i) } };

	c->hello_due_ms = clock_ms() + (int64_t)m.restart.delay_ms + i->config.hello_ms;
	(void)say(c, &m); /* c may be gone */
}

void sessions_announce(struct ingest *i)
{
	struct connection *next;

	for (struct connection *c = i->connections; c != NULL; c = next) {
		next = c->next;
		if (c->state != CONNECTION_SESSION) {
			continue;
		}
		announce(c, "");
		if (c->is_greeted) {
			ask_to_restart(c);
		}
	}
}

/* The time in which a sensor was not listened to does not count against it. */
static void forgive(struct connection *c)
{
	int64_t now_ms = clock_ms();
	int64_t hello_ms = now_ms + c->ingest->config.hello_ms;

	c->heard_ms = now_ms;
	if (c->frame_since_ms != 0) {
		c->frame_since_ms = now_ms;
	}
	if (c->hello_due_ms != 0 && c->hello_due_ms < hello_ms) {
		c->hello_due_ms = hello_ms;
	}
}

void sessions_pace(struct ingest *i)
{
	bool is_paused = !i->is_bus_open || bus_is_congested(i->bus);

	if (is_paused == i->is_paused) {
		return;
	}
	i->is_paused = is_paused;
	for (struct connection *c = i->connections; c != NULL; c = c->next) {
		if (c->state != CONNECTION_SESSION) {
			continue;
		}
		if (is_paused) {
			tls_pause(c->stream);
		} else {
			forgive(c);
			tls_resume(c->stream);
		}
	}
}
