/* message.c - messages to and from their CBOR arrays; docs/protocol.cddl is the grammar. */
#include "wire/message.h"

#include "base/error.h"
#include "base/mem.h"
#include "wire/cbor.h"
#include "wire/row.h"

size_t hash_list_count(struct hash_list list)
{
	return list.bytes.len / ROWHASH_SIZE;
}

struct rowhash hash_list_at(struct hash_list list, size_t index)
{
	struct rowhash hash;
	struct span bytes = span_first(span_after(list.bytes, index * ROWHASH_SIZE), ROWHASH_SIZE);

	mem_zero(&hash, sizeof hash);
	mem_copy(hash.bytes, bytes.ptr, bytes.len);
	return hash;
}

bool row_list_take(struct row_list *list, struct span *out_row)
{
	struct cbor_reader r = cbor_over(list->bytes);

	if (list->count == 0) {
		return false;
	}
	*out_row = cbor_bytes(&r);
	if (cbor_error(&r) != 0) {
		return false;
	}
	list->bytes = r.bytes.rest;
	list->count--;
	return true;
}

void row_list_append(struct writer *rows, struct span row)
{
	cbor_write_bytes(rows, row);
}

static uint64_t take_at_most(struct cbor_reader *r, uint64_t max)
{
	uint64_t value = cbor_uint(r);

	if (value > max) {
		cbor_fail(r, ERR_LIMIT);
		return 0;
	}
	return value;
}

static uint16_t take_table(struct cbor_reader *r)
{
	return (uint16_t)take_at_most(r, UINT16_MAX);
}

static struct span take_text(struct cbor_reader *r)
{
	struct span text = cbor_text(r);

	if (text.len > MESSAGE_TEXT_MAX) {
		cbor_fail(r, ERR_LIMIT);
		return (struct span){ NULL, 0 };
	}
	return text;
}

static struct hash_list take_hashes(struct cbor_reader *r)
{
	struct hash_list list = { cbor_bytes(r) };

	if (list.bytes.len % ROWHASH_SIZE != 0) {
		cbor_fail(r, ERR_MALFORMED);
	} else if (hash_list_count(list) > MESSAGE_HASHES_MAX) {
		cbor_fail(r, ERR_LIMIT);
	}
	return list;
}

static struct digest take_digest(struct cbor_reader *r)
{
	struct span bytes = cbor_bytes(r);

	if (bytes.len != ROWHASH_SIZE) {
		cbor_fail(r, ERR_MALFORMED);
		return (struct digest){ 0, 0 };
	}
	return digest_from_bytes(bytes.ptr);
}

static struct row_list take_rows(struct cbor_reader *r)
{
	struct row_list list = { { NULL, 0 }, cbor_array(r) };
	struct span start = r->bytes.rest;

	if (list.count > MESSAGE_ROWS_MAX) {
		cbor_fail(r, ERR_LIMIT);
	}
	for (size_t i = 0; i < list.count && cbor_error(r) == 0; i++) {
		if (cbor_bytes(r).len > ROW_BYTES_MAX) {
			cbor_fail(r, ERR_LIMIT);
		}
	}
	list.bytes = span_first(start, start.len - reader_left(&r->bytes));
	return list;
}

static struct message_event take_event(struct cbor_reader *r)
{
	struct message_event event;

	mem_zero(&event, sizeof event);
	if (cbor_array(r) != 3) {
		cbor_fail(r, ERR_MALFORMED);
	}
	event.event = (uint16_t)take_at_most(r, UINT16_MAX);
	event.at_ms = cbor_int(r);
	event.row = cbor_bytes(r);
	if (event.row.len > ROW_BYTES_MAX) {
		cbor_fail(r, ERR_LIMIT);
	}
	return event;
}

bool event_list_take(struct event_list *list, struct message_event *out)
{
	struct cbor_reader r = cbor_over(list->bytes);
	struct message_event event;

	if (list->count == 0) {
		return false;
	}
	event = take_event(&r);
	if (cbor_error(&r) != 0) {
		return false;
	}
	*out = event;
	list->bytes = r.bytes.rest;
	list->count--;
	return true;
}

void event_list_append(struct writer *events, const struct message_event *event)
{
	cbor_write_array(events, 3);
	cbor_write_uint(events, event->event);
	cbor_write_int(events, event->at_ms);
	cbor_write_bytes(events, event->row);
}

static struct event_list take_events(struct cbor_reader *r)
{
	struct event_list list = { { NULL, 0 }, cbor_array(r) };
	struct span start = r->bytes.rest;

	if (list.count > MESSAGE_EVENTS_MAX) {
		cbor_fail(r, ERR_LIMIT);
	}
	for (size_t i = 0; i < list.count && cbor_error(r) == 0; i++) {
		(void)take_event(r);
	}
	list.bytes = span_first(start, start.len - reader_left(&r->bytes));
	return list;
}

static struct span take_policy_digest(struct cbor_reader *r)
{
	struct span digest = cbor_bytes(r);

	if (digest.len != MESSAGE_POLICY_DIGEST) {
		cbor_fail(r, ERR_MALFORMED);
		return (struct span){ NULL, 0 };
	}
	return digest;
}

static void decode_policy(struct cbor_reader *r, struct message_policy *m)
{
	m->digest = take_policy_digest(r);
	m->bytes = cbor_bytes(r);
	if (m->bytes.len > MESSAGE_POLICY_MAX) {
		cbor_fail(r, ERR_LIMIT);
	}
}

/* The items behind the clock came later: an older sensor does not say them. */
static size_t decode_alive(struct cbor_reader *r, size_t count, struct message_alive *m)
{
	m->clock_ms = cbor_int(r);
	if (count < 5) {
		return 2;
	}
	m->policy = take_policy_digest(r);
	m->silent_s = (uint32_t)take_at_most(r, UINT32_MAX);
	m->busy_table = take_table(r);
	return 5;
}

static void decode_hello(struct cbor_reader *r, struct message_hello *m)
{
	size_t count;

	m->protocol = cbor_uint(r);
	m->kind = take_text(r);
	m->version = take_text(r);
	m->clock_ms = cbor_int(r);
	count = cbor_array(r);
	if (count > MESSAGE_TABLES_MAX) {
		cbor_fail(r, ERR_LIMIT);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		m->tables[i] = take_table(r);
	}
	m->table_count = count;
}

/* The policy's digest came later: an older sensor does not say it. */
static size_t decode_whole_hello(struct cbor_reader *r, size_t count, struct message_hello *m)
{
	decode_hello(r, m);
	if (count < 7) {
		return 6;
	}
	m->policy = take_policy_digest(r);
	return 7;
}

/* The hashes of a range lie within it and rise, so that none is there twice. */
static void check_range(struct cbor_reader *r, const struct message_batch *m)
{
	struct rowhash last = m->low;
	size_t count = hash_list_count(m->adds);

	if (rowhash_compare(&m->low, &m->high) > 0) {
		cbor_fail(r, ERR_MALFORMED);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct rowhash hash = hash_list_at(m->adds, i);
		int order = rowhash_compare(&hash, &last);

		if (order < 0 || (i > 0 && order == 0) || rowhash_compare(&hash, &m->high) > 0) {
			cbor_fail(r, ERR_MALFORMED);
			return;
		}
		last = hash;
	}
}

static void decode_batch(struct cbor_reader *r, struct message_batch *m)
{
	struct hash_list bounds;

	m->table = take_table(r);
	m->seq = cbor_uint(r);
	m->observed_ms = cbor_int(r);
	m->mode = (enum batch_mode)take_at_most(r, BATCH_RANGE);
	m->has_digest = !cbor_take_null(r);
	if (m->has_digest) {
		m->digest = take_digest(r);
	}
	if (m->mode == BATCH_DELTA) {
		m->removes = take_hashes(r);
	} else {
		bounds = take_hashes(r);
		if (hash_list_count(bounds) != 2) {
			cbor_fail(r, ERR_MALFORMED);
		}
		m->low = hash_list_at(bounds, 0);
		m->high = hash_list_at(bounds, 1);
	}
	m->adds = take_hashes(r);
	m->rows = take_rows(r);
	if (m->mode == BATCH_RANGE && cbor_error(r) == 0) {
		check_range(r, m);
	}
}

static void decode_welcome(struct cbor_reader *r, struct message_welcome *m)
{
	size_t count;

	m->protocol = cbor_uint(r);
	m->clock_ms = cbor_int(r);
	m->alive_s = (uint32_t)take_at_most(r, UINT32_MAX);
	count = cbor_array(r);
	if (count > MESSAGE_TABLES_MAX) {
		cbor_fail(r, ERR_LIMIT);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (cbor_array(r) != 4) {
			cbor_fail(r, ERR_MALFORMED);
		}
		m->tables[i].table = take_table(r);
		m->tables[i].seq = cbor_uint(r);
		m->tables[i].count = cbor_uint(r);
		m->tables[i].digest = take_digest(r);
	}
	m->table_count = count;
}

/* Returns how many items of the array it took, its kind included. */
static size_t decode_body(struct cbor_reader *r, size_t count, size_t known, struct message *m)
{
	switch (m->kind) {
	case MESSAGE_HELLO:
		return decode_whole_hello(r, count, &m->hello);
	case MESSAGE_BATCH:
		decode_batch(r, &m->batch);
		break;
	case MESSAGE_ROWS:
		m->rows.table = take_table(r);
		m->rows.seq = cbor_uint(r);
		m->rows.rows = take_rows(r);
		break;
	case MESSAGE_ALIVE:
		return decode_alive(r, count, &m->alive);
	case MESSAGE_EVENTS:
		m->events.epoch = cbor_uint(r);
		m->events.first = cbor_uint(r);
		m->events.events = take_events(r);
		break;
	case MESSAGE_EVENTS_ACK:
		m->events_ack.epoch = cbor_uint(r);
		m->events_ack.next = cbor_uint(r);
		break;
	case MESSAGE_POLICY:
		decode_policy(r, &m->policy);
		break;
	case MESSAGE_WELCOME:
		decode_welcome(r, &m->welcome);
		break;
	case MESSAGE_WANT:
		m->want.table = take_table(r);
		m->want.seq = cbor_uint(r);
		m->want.hashes = take_hashes(r);
		break;
	case MESSAGE_ACK:
		m->ack.table = take_table(r);
		m->ack.seq = cbor_uint(r);
		break;
	case MESSAGE_RESYNC:
		m->resync.table = take_table(r);
		m->resync.seq = cbor_uint(r);
		m->resync.reason = take_text(r);
		break;
	case MESSAGE_REFUSE:
		m->refuse.table = take_table(r);
		m->refuse.seq = cbor_uint(r);
		m->refuse.code = cbor_uint(r);
		m->refuse.text = take_text(r);
		break;
	case MESSAGE_GOODBYE:
		m->goodbye.code = cbor_uint(r);
		m->goodbye.text = take_text(r);
		m->goodbye.retry_ms = cbor_uint(r);
		break;
	case MESSAGE_RESTART:
		m->restart.delay_ms = cbor_uint(r);
		break;
	default:
		cbor_fail(r, ERR_UNSUPPORTED);
		break;
	}
	return known;
}

/* Items that each kind has at least, its own number included. */
static size_t item_count(uint64_t kind)
{
	switch (kind) {
	case MESSAGE_HELLO:
		return 6;
	case MESSAGE_BATCH:
		return 9;
	case MESSAGE_ROWS:
	case MESSAGE_WANT:
	case MESSAGE_RESYNC:
	case MESSAGE_GOODBYE:
	case MESSAGE_EVENTS:
		return 4;
	case MESSAGE_ALIVE:
	case MESSAGE_RESTART:
		return 2;
	case MESSAGE_WELCOME:
	case MESSAGE_REFUSE:
		return 5;
	case MESSAGE_ACK:
	case MESSAGE_EVENTS_ACK:
	case MESSAGE_POLICY:
		return 3;
	default:
		return 0;
	}
}

int message_decode(struct span frame, struct message *out)
{
	struct cbor_reader r = cbor_over(frame);
	size_t count = cbor_array(&r);
	uint64_t kind = cbor_uint(&r);
	size_t known = item_count(kind);
	int error;

	if (cbor_error(&r) != 0) {
		return cbor_error(&r);
	}
	if (known == 0) {
		return ERR_UNSUPPORTED;
	}
	if (count < known) {
		return ERR_MALFORMED;
	}
	mem_zero(out, sizeof *out);
	out->kind = (enum message_kind)kind;
	known = decode_body(&r, count, known, out);
	for (size_t i = known; i < count && cbor_error(&r) == 0; i++) {
		(void)cbor_item(&r);
	}
	error = cbor_done(&r);
	if (error != 0) {
		mem_zero(out, sizeof *out);
	}
	return error;
}

static void write_digest(struct writer *w, struct digest digest)
{
	uint8_t bytes[ROWHASH_SIZE];

	digest_to_bytes(digest, bytes);
	cbor_write_bytes(w, (struct span){ bytes, sizeof bytes });
}

static void write_rows(struct writer *w, struct row_list rows)
{
	cbor_write_array(w, rows.count);
	writer_bytes(w, rows.bytes);
}

static void write_text(struct writer *w, struct span text)
{
	cbor_write_text(w, span_first(text, MESSAGE_TEXT_MAX));
}

static void encode_batch(struct writer *w, const struct message_batch *m)
{
	cbor_write_uint(w, m->table);
	cbor_write_uint(w, m->seq);
	cbor_write_int(w, m->observed_ms);
	cbor_write_uint(w, m->mode);
	if (m->has_digest) {
		write_digest(w, m->digest);
	} else {
		cbor_write_null(w);
	}
	if (m->mode == BATCH_DELTA) {
		cbor_write_bytes(w, m->removes.bytes);
	} else {
		cbor_write_bytes_head(w, 2 * ROWHASH_SIZE);
		writer_bytes(w, (struct span){ m->low.bytes, ROWHASH_SIZE });
		writer_bytes(w, (struct span){ m->high.bytes, ROWHASH_SIZE });
	}
	cbor_write_bytes(w, m->adds.bytes);
	write_rows(w, m->rows);
}

static void encode_welcome(struct writer *w, const struct message_welcome *m)
{
	cbor_write_uint(w, m->protocol);
	cbor_write_int(w, m->clock_ms);
	cbor_write_uint(w, m->alive_s);
	cbor_write_array(w, m->table_count);
	for (size_t i = 0; i < m->table_count; i++) {
		cbor_write_array(w, 4);
		cbor_write_uint(w, m->tables[i].table);
		cbor_write_uint(w, m->tables[i].seq);
		cbor_write_uint(w, m->tables[i].count);
		write_digest(w, m->tables[i].digest);
	}
}

static void encode_hello(struct writer *w, const struct message_hello *m)
{
	cbor_write_uint(w, m->protocol);
	write_text(w, m->kind);
	write_text(w, m->version);
	cbor_write_int(w, m->clock_ms);
	cbor_write_array(w, m->table_count);
	for (size_t i = 0; i < m->table_count; i++) {
		cbor_write_uint(w, m->tables[i]);
	}
	if (m->policy.len > 0) {
		cbor_write_bytes(w, m->policy);
	}
}

static void encode_alive(struct writer *w, const struct message_alive *m)
{
	cbor_write_int(w, m->clock_ms);
	if (m->policy.len > 0) {
		cbor_write_bytes(w, m->policy);
		cbor_write_uint(w, m->silent_s);
		cbor_write_uint(w, m->busy_table);
	}
}

static void encode_body(struct writer *w, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_HELLO:
		encode_hello(w, &m->hello);
		break;
	case MESSAGE_BATCH:
		encode_batch(w, &m->batch);
		break;
	case MESSAGE_ROWS:
		cbor_write_uint(w, m->rows.table);
		cbor_write_uint(w, m->rows.seq);
		write_rows(w, m->rows.rows);
		break;
	case MESSAGE_ALIVE:
		encode_alive(w, &m->alive);
		break;
	case MESSAGE_EVENTS:
		cbor_write_uint(w, m->events.epoch);
		cbor_write_uint(w, m->events.first);
		cbor_write_array(w, m->events.events.count);
		writer_bytes(w, m->events.events.bytes);
		break;
	case MESSAGE_EVENTS_ACK:
		cbor_write_uint(w, m->events_ack.epoch);
		cbor_write_uint(w, m->events_ack.next);
		break;
	case MESSAGE_POLICY:
		cbor_write_bytes(w, m->policy.digest);
		cbor_write_bytes(w, m->policy.bytes);
		break;
	case MESSAGE_WELCOME:
		encode_welcome(w, &m->welcome);
		break;
	case MESSAGE_WANT:
		cbor_write_uint(w, m->want.table);
		cbor_write_uint(w, m->want.seq);
		cbor_write_bytes(w, m->want.hashes.bytes);
		break;
	case MESSAGE_ACK:
		cbor_write_uint(w, m->ack.table);
		cbor_write_uint(w, m->ack.seq);
		break;
	case MESSAGE_RESYNC:
		cbor_write_uint(w, m->resync.table);
		cbor_write_uint(w, m->resync.seq);
		write_text(w, m->resync.reason);
		break;
	case MESSAGE_REFUSE:
		cbor_write_uint(w, m->refuse.table);
		cbor_write_uint(w, m->refuse.seq);
		cbor_write_uint(w, m->refuse.code);
		write_text(w, m->refuse.text);
		break;
	case MESSAGE_GOODBYE:
		cbor_write_uint(w, m->goodbye.code);
		write_text(w, m->goodbye.text);
		cbor_write_uint(w, m->goodbye.retry_ms);
		break;
	case MESSAGE_RESTART:
		cbor_write_uint(w, m->restart.delay_ms);
		break;
	default:
		break;
	}
}

/* Those that a sensor may leave out are written where they say something. */
static size_t written_count(const struct message *m)
{
	if (m->kind == MESSAGE_HELLO && m->hello.policy.len > 0) {
		return 7;
	}
	if (m->kind == MESSAGE_ALIVE && m->alive.policy.len > 0) {
		return 5;
	}
	return item_count(m->kind);
}

void message_encode(const struct message *message, struct writer *out)
{
	size_t mark = frame_begin(out);

	cbor_write_array(out, written_count(message));
	cbor_write_uint(out, message->kind);
	encode_body(out, message);
	frame_end(out, mark);
}
