/* sensor.c - the agent's side of a session, without an agent. */
#include "sensor.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define HANDSHAKE_MS 120000
#define SEND_MAX     (4u << 20)
#define RECEIVE_MAX  (2u << 20)

/* A frame with a batch's hashes or with wanted rows. */
#define FRAME_ROOM (SENSOR_ROOM / 2)

struct sensor {
	const struct sensor_world *world;
	struct tls_context *tls;
	struct tls_stream *stream;
	struct loop_watch *connecting;
	int fd; /* while connecting */
	uint32_t number;
	unsigned in_flight; /* batches */
	bool is_resumed;
	int64_t sent_us;
	struct session session;
	struct digest digest; /* of the packages */
	uint32_t versions[FLEET_OWN_PACKAGES];
	struct rowhash own[FLEET_OWN_PACKAGES];
};

static const uint16_t tables[FLEET_TABLES] = { TABLE_PACKAGES, TABLE_SERVICES, TABLE_USERS };

static void fail(struct sensor *s, const char *reason)
{
	s->world->handler->failed(s->world->context, s, reason);
}

static size_t own_row(const struct sensor *s, unsigned slot, uint8_t *room)
{
	struct writer w = writer_over(room, ROW_BYTES_MAX);

	fleet_own_package(s->number, slot, s->versions[slot], &w);
	return writer_used(&w);
}

static void hash_own(struct sensor *s, unsigned slot)
{
	uint8_t room[ROW_BYTES_MAX];
	size_t size = own_row(s, slot, room);

	s->own[slot] = rowhash_of(TABLE_PACKAGES, (struct span){ room, size });
}

struct sensor *sensor_new(const struct sensor_world *world, uint32_t number,
			  struct tls_context *tls)
{
	struct sensor *s = alloc_zeroed(1, sizeof *s);

	s->world = world;
	s->number = number;
	s->tls = tls;
	s->fd = -1;
	session_init(&s->session, span_of("agent"), span_of("bench"), tables, FLEET_TABLES);
	for (unsigned slot = 0; slot < FLEET_OWN_PACKAGES; slot++) {
		hash_own(s, slot);
	}
	return s;
}

void sensor_free(struct sensor **sensor)
{
	if (*sensor == NULL) {
		return;
	}
	sensor_disconnect(*sensor);
	tls_context_free(&(*sensor)->tls);
	free(*sensor);
	*sensor = NULL;
}

void sensor_disconnect(struct sensor *s)
{
	loop_unwatch(&s->connecting);
	if (s->fd >= 0) {
		(void)close(s->fd);
		s->fd = -1;
	}
	tls_stream_free(&s->stream);
	session_close(&s->session);
	s->in_flight = 0;
}

bool sensor_is_resumed(const struct sensor *s)
{
	return s->is_resumed;
}

bool sensor_is_busy(const struct sensor *s)
{
	return s->in_flight > 0;
}

int64_t sensor_sent_us(const struct sensor *s)
{
	return s->sent_us;
}

static void send_frame(struct sensor *s, const struct writer *w)
{
	if (!writer_ok(w) || tls_send(s->stream, writer_span(w)) != 0) {
		fail(s, "a frame could not be sent");
	}
}

static void send_batch(struct sensor *s, struct message_batch *batch)
{
	struct writer w = writer_over(s->world->room, FRAME_ROOM);

	batch->observed_ms = clock_wall_ms();
	batch->mode = BATCH_DELTA;
	batch->has_digest = true;
	if (session_batch(&s->session, batch, &w) != 0) {
		fail(s, "a batch did not fit the session");
	} else {
		s->in_flight++;
		send_frame(s, &w);
	}
}

void sensor_send_all(struct sensor *s)
{
	uint8_t hashes[(FLEET_PACKAGES + FLEET_OWN_PACKAGES) * ROWHASH_SIZE];

	s->sent_us = clock_us();
	for (unsigned i = 0; i < FLEET_TABLES; i++) {
		const struct fleet_rows *shared = fleet_rows(s->world->fleet, s->number, i);
		size_t len = shared->count * ROWHASH_SIZE;
		struct message_batch batch = { .table = shared->table, .digest = shared->digest };

		mem_copy(hashes, shared->hashes, len);
		for (unsigned slot = 0; i == 0 && slot < FLEET_OWN_PACKAGES; slot++) {
			mem_copy(hashes + len, s->own[slot].bytes, ROWHASH_SIZE);
			len += ROWHASH_SIZE;
			digest_add(&batch.digest, &s->own[slot]);
		}
		if (i == 0) {
			s->digest = batch.digest;
		}
		batch.adds.bytes = (struct span){ hashes, len };
		send_batch(s, &batch);
	}
}

void sensor_send_change(struct sensor *s, unsigned slot)
{
	uint8_t row[ROW_BYTES_MAX];
	uint8_t list[ROW_BYTES_MAX + 16];
	struct writer w = writer_over(list, sizeof list);
	struct rowhash before = s->own[slot];
	struct message_batch batch = { .table = TABLE_PACKAGES };
	size_t size;

	s->versions[slot]++;
	hash_own(s, slot);
	digest_remove(&s->digest, &before);
	digest_add(&s->digest, &s->own[slot]);
	size = own_row(s, slot, row);
	row_list_append(&w, (struct span){ row, size });
	batch.digest = s->digest;
	batch.removes.bytes = (struct span){ before.bytes, ROWHASH_SIZE };
	batch.adds.bytes = (struct span){ s->own[slot].bytes, ROWHASH_SIZE };
	batch.rows = (struct row_list){ writer_span(&w), 1 };
	s->sent_us = clock_us();
	send_batch(s, &batch);
}

void sensor_send_alive(struct sensor *s)
{
	uint8_t room[64];
	struct writer w = writer_over(room, sizeof room);

	if (s->stream != NULL && s->session.state == SESSION_OPEN) {
		session_alive(&s->session, clock_wall_ms(), &w);
		send_frame(s, &w);
	}
}

/* The rows that the server lacks, in one message. */
static void send_wanted(struct sensor *s, const struct message_want *want)
{
	struct writer rows = writer_over(s->world->room, FRAME_ROOM);
	struct writer frame = writer_over(s->world->room + FRAME_ROOM, FRAME_ROOM);
	unsigned index = want->table == TABLE_PACKAGES ? 0 : want->table == TABLE_SERVICES ? 1 : 2;
	const struct fleet_rows *shared = fleet_rows(s->world->fleet, s->number, index);
	struct row_list list = { .count = hash_list_count(want->hashes) };

	for (size_t i = 0; i < list.count; i++) {
		struct rowhash hash = hash_list_at(want->hashes, i);
		struct span row = fleet_find(shared, &hash);
		uint8_t own[ROW_BYTES_MAX];

		for (unsigned slot = 0; row.len == 0 && slot < FLEET_OWN_PACKAGES; slot++) {
			if (rowhash_equal(&s->own[slot], &hash)) {
				row = (struct span){ own, own_row(s, slot, own) };
			}
		}
		if (row.len == 0) {
			fail(s, "a row was wanted that was not offered");
		}
		row_list_append(&rows, row);
	}
	list.bytes = writer_span(&rows);
	if (!writer_ok(&rows) || session_rows(&s->session, want->table, list, &frame) != 0) {
		fail(s, "the wanted rows do not fit a frame");
	} else {
		send_frame(s, &frame);
	}
}

static void take(struct sensor *s, const struct message *m)
{
	char reason[160];
	struct writer w = writer_over((uint8_t *)reason, sizeof reason - 1);

	switch (m->kind) {
	case MESSAGE_WELCOME:
		s->world->handler->opened(s->world->context, s);
		return;
	case MESSAGE_WANT:
		send_wanted(s, &m->want);
		return;
	case MESSAGE_ACK:
		if (--s->in_flight == 0) {
			s->world->handler->acknowledged(s->world->context, s);
		}
		return;
	case MESSAGE_RESYNC:
		writer_text(&w, "resync: ");
		writer_bytes(&w, span_first(m->resync.reason, 120));
		break;
	case MESSAGE_REFUSE:
		writer_text(&w, "refused: ");
		writer_bytes(&w, span_first(m->refuse.text, 120));
		break;
	case MESSAGE_GOODBYE:
		writer_text(&w, "goodbye: ");
		writer_bytes(&w, span_first(m->goodbye.text, 120));
		break;
	default:
		writer_text(&w, "the server restarts");
		break;
	}
	reason[writer_used(&w)] = '\0';
	fail(s, reason);
}

static size_t received(void *context, struct span bytes)
{
	struct sensor *s = context;
	size_t taken = 0;

	while (s->stream != NULL) {
		struct span frame;
		struct message m;
		size_t size;
		int error = frame_next(span_after(bytes, taken), &frame, &size);

		if (error == ERR_AGAIN) {
			break;
		}
		if (error != 0 || session_receive(&s->session, frame, &m) != 0) {
			fail(s, "the server broke the protocol");
			return bytes.len;
		}
		taken += size;
		take(s, &m);
	}
	return taken;
}

static void opened(void *context)
{
	struct sensor *s = context;
	uint8_t room[512];
	struct writer w = writer_over(room, sizeof room);

	s->is_resumed = tls_is_resumed(s->stream);
	session_hello(&s->session, clock_wall_ms(), &w);
	send_frame(s, &w);
}

static void closed(void *context, int error, const char *reason)
{
	(void)error;
	fail(context, reason);
}

static const struct tls_handler handler = {
	.opened = opened,
	.received = received,
	.closed = closed,
};

static void connected(void *context, unsigned events)
{
	static const struct tls_limits limits = { RECEIVE_MAX, SEND_MAX, HANDSHAKE_MS, 0 };
	struct sensor *s = context;
	struct why why;

	(void)events;
	loop_unwatch(&s->connecting);
	if (net_connect_result(s->fd, &why) != 0) {
		fail(s, why.text);
		return;
	}
	s->stream = tls_stream_new(s->world->loop, s->tls, s->fd, &limits, &handler, s);
	s->fd = -1;
}

int sensor_connect(struct sensor *s, struct why *why)
{
	int error;

	sensor_disconnect(s);
	error = net_connect_start(&s->world->server, &s->fd, why);
	if (error == 0) {
		s->connecting = loop_watch(s->world->loop, s->fd, LOOP_WRITE, connected, s);
	}
	return error;
}
