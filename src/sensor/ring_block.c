/* ring_block.c - records and their sums. */
#include "sensor/ring_block.h"

#include "base/error.h"
#include "base/reader.h"

static const char magic[8] = { 'B', 'T', 'Z', 'R', 'I', 'N', 'G', '1' };

#define ALIGNMENT       8
#define SUM_SIZE        4
#define KIND_BITS       24
#define LENGTH_OF(word) ((word)&0xffffff)

/* Every step is a bijection of the state, so that one changed word always shows in it. */
static uint64_t mix(uint64_t state, uint64_t word)
{
	state = (state ^ word) * 0x9fb21c651e98df25u;
	return state ^ state >> 29;
}

uint64_t ring_sum_add(uint64_t state, struct span bytes)
{
	struct reader r = reader_over(bytes);

	while (reader_left(&r) >= sizeof(uint64_t)) {
		state = mix(state, reader_le64(&r));
	}
	while (reader_left(&r) > 0) {
		state = mix(state, reader_u8(&r));
	}
	return mix(state, bytes.len);
}

uint32_t ring_sum(uint64_t state)
{
	return (uint32_t)(state ^ state >> 32);
}

size_t ring_record_size(size_t body_len)
{
	return RING_RECORD_HEAD + (body_len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void ring_block_write_head(struct writer *w, const struct ring_head *head)
{
	uint8_t bytes[28];
	struct writer rest = writer_over(bytes, sizeof bytes);

	writer_be32(&rest, 0);
	writer_be64(&rest, head->serial);
	writer_be64(&rest, head->epoch);
	writer_be64(&rest, head->first);
	writer_bytes(w, (struct span){ (const uint8_t *)magic, sizeof magic });
	writer_be32(w, ring_sum(ring_sum_add(0, writer_span(&rest))));
	writer_bytes(w, writer_span(&rest));
}

int ring_block_head(struct span block, struct ring_head *out)
{
	struct reader r = reader_over(span_first(block, RING_BLOCK_HEAD));
	struct span word = reader_bytes(&r, sizeof magic);
	uint32_t sum = reader_be32(&r);
	struct reader rest = r;
	struct ring_head head;

	if (!span_equal(word, (struct span){ (const uint8_t *)magic, sizeof magic }) ||
	    reader_left(&r) != RING_BLOCK_HEAD - sizeof magic - SUM_SIZE ||
	    ring_sum(ring_sum_add(0, reader_rest(&rest))) != sum) {
		return ERR_MALFORMED;
	}
	(void)reader_be32(&r);
	head.serial = reader_be64(&r);
	head.epoch = reader_be64(&r);
	head.first = reader_be64(&r);
	if (!reader_done(&r) || head.serial == 0 || head.serial > RING_SERIAL_MAX ||
	    head.first > RING_NUMBER_MAX) {
		return ERR_MALFORMED;
	}
	*out = head;
	return 0;
}

void ring_block_write(struct writer *w, uint64_t serial, const struct ring_record *record)
{
	uint8_t bytes[RING_RECORD_HEAD - SUM_SIZE];
	struct writer head = writer_over(bytes, sizeof bytes);
	size_t padding = ring_record_size(record->body.len) - RING_RECORD_HEAD - record->body.len;
	uint32_t sum;

	writer_be32(&head, (uint32_t)record->kind << KIND_BITS | (uint32_t)record->body.len);
	writer_be64(&head, record->number);
	sum = ring_sum(ring_sum_add(ring_sum_add(serial, writer_span(&head)), record->body));
	writer_be32(w, sum);
	writer_bytes(w, writer_span(&head));
	writer_bytes(w, record->body);
	for (size_t i = 0; i < padding; i++) {
		writer_u8(w, 0);
	}
}

struct ring_cursor ring_block_over(struct span block, uint64_t serial)
{
	return (struct ring_cursor){ .block = span_first(block, RING_BLOCK_SIZE),
				     .serial = serial,
				     .at = RING_BLOCK_HEAD };
}

/* The record that begins there, if one does. */
static bool read_record(const struct ring_cursor *c, struct ring_record *out)
{
	struct span rest = span_after(c->block, c->at);
	struct reader r = reader_over(rest);
	uint32_t sum = reader_be32(&r);
	uint32_t word = reader_be32(&r);
	uint64_t number = reader_be64(&r);
	uint32_t kind = word >> KIND_BITS;
	struct span body = reader_bytes(&r, LENGTH_OF(word));
	struct span head;

	if (!reader_ok(&r) || (kind != RING_EVENT && kind != RING_POSITION) || body.len == 0 ||
	    body.len > RING_BODY_MAX || number > RING_NUMBER_MAX) {
		return false;
	}
	head = span_after(span_first(rest, RING_RECORD_HEAD), SUM_SIZE);
	if (!c->is_trusted && ring_sum(ring_sum_add(ring_sum_add(c->serial, head), body)) != sum) {
		return false;
	}
	*out = (struct ring_record){ .kind = (enum ring_record_kind)kind,
				     .number = number,
				     .body = body };
	return true;
}

bool ring_block_next(struct ring_cursor *c, struct ring_record *out)
{
	bool is_skipping = false;

	for (; c->at + RING_RECORD_HEAD < c->block.len; c->at += ALIGNMENT) {
		if (read_record(c, out)) {
			c->at += ring_record_size(out->body.len);
			c->is_damaged = c->is_damaged || is_skipping;
			return true;
		}
		is_skipping = true;
	}
	return false;
}
