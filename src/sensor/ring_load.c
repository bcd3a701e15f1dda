/* ring_load.c - what the file of an earlier run holds. */
#include "sensor/ring_parts.h"

#include <string.h>
#include <sys/random.h>

#include "base/reader.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

static bool is_all_zero(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] != 0) {
			return false;
		}
	}
	return true;
}

static uint64_t draw(void)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
		number = (uint64_t)clock_us() * 0x9e3779b97f4a7c15u;
	}
	return number;
}

/* False where the file has no good head. */
static bool load_head(struct ring *r, uint64_t *out_life)
{
	uint8_t bytes[RING_HEAD_SIZE];
	struct reader file = reader_over(file_bytes_at(r->fd, bytes, sizeof bytes, 0));
	struct span word = reader_bytes(&file, sizeof ring_magic);
	uint32_t sum = reader_be32(&file);
	struct span body = reader_rest(&file);
	struct reader rest = reader_over(body);

	if (!reader_ok(&file) || ring_sum(ring_sum_add(0, body)) != sum ||
	    !span_equal(word, (struct span){ (const uint8_t *)ring_magic, sizeof ring_magic })) {
		return false;
	}
	(void)reader_be32(&rest);
	*out_life = reader_be64(&rest);
	r->acknowledged.serial = reader_be64(&rest);
	r->acknowledged.next = reader_be64(&rest);
	return reader_ok(&rest) && r->acknowledged.serial <= RING_SERIAL_MAX &&
	       r->acknowledged.next <= RING_NUMBER_MAX + 1;
}

/* The newest block's positions are those that count. */
static void take_position(struct ring *r, const struct ring_record *record)
{
	if (record->number < EVENT_SOURCES_MAX && record->body.len <= EVENT_POSITION_SIZE) {
		memcpy(r->positions[record->number], record->body.ptr, record->body.len);
		r->position_len[record->number] = record->body.len;
	}
}

static void load_block(struct ring *r, size_t slot, struct span bytes, const struct ring_head *head)
{
	struct block *b = &r->blocks[slot];
	struct ring_cursor c = ring_block_over(bytes, head->serial);
	bool is_newest = head->serial >= r->serial;
	bool is_open = head->serial >= r->acknowledged.serial;
	struct ring_record record;

	*b = (struct block){ .serial = head->serial, .epoch = head->epoch, .next = head->first };
	if (is_newest) {
		memset(r->position_len, 0, sizeof r->position_len);
	}
	b->used = RING_BLOCK_HEAD;
	while (ring_block_next(&c, &record)) {
		if (record.kind == RING_POSITION && is_newest) {
			take_position(r, &record);
		} else if (record.kind == RING_EVENT && record.number < b->next) {
			r->was_damaged = true; /* its sum is right, its place is not */
		} else if (record.kind == RING_EVENT) {
			b->count += is_open && (head->serial != r->acknowledged.serial ||
						record.number >= r->acknowledged.next);
			r->was_damaged = r->was_damaged || record.number != b->next;
			b->next = record.number + 1;
		}
		b->used = (uint32_t)(c.at < bytes.len ? c.at : bytes.len);
	}
	b->written = b->used;
	r->was_damaged = r->was_damaged || c.is_damaged;
	if (is_newest) {
		r->serial = head->serial;
		r->epoch = head->epoch;
		r->next = b->next;
	}
}

/* A block that was moved may still be where it was: the one that says more is the block. */
static void keep_one(struct ring *r, size_t slot)
{
	for (size_t i = 0; i < slot; i++) {
		if (r->blocks[i].serial == r->blocks[slot].serial) {
			bool is_older = r->blocks[i].next < r->blocks[slot].next;

			ring_release(&r->blocks[is_older ? i : slot]);
			return;
		}
	}
}

static void load_blocks(struct ring *r)
{
	uint8_t *scratch OWNED(alloc_free) = alloc_zeroed(1, RING_BLOCK_SIZE);

	for (size_t i = 0; i < r->count; i++) {
		struct span bytes =
			file_bytes_at(r->fd, scratch, RING_BLOCK_SIZE, ring_offset_of(i));
		struct ring_head head;

		if (bytes.len == 0) {
			break;
		}
		if (ring_block_head(bytes, &head) == 0) {
			load_block(r, i, bytes, &head);
			keep_one(r, i);
			r->top = i + 1;
		} else if (!is_all_zero(bytes)) {
			r->was_damaged = true;
		}
	}
	for (size_t i = 0; i < r->top; i++) {
		if (r->blocks[i].count == 0) {
			ring_release(&r->blocks[i]);
		}
	}
}

/* Whether numbers may go on where the newest block ends: nothing waits, nothing is odd, and the
 * file is the one that this machine wrote since it was started. */
static bool is_beyond_doubt(const struct ring *r, bool has_head, uint64_t life)
{
	return has_head && !r->was_damaged && life == r->life && r->serial != 0 &&
	       r->next < RING_NUMBER_MAX / 2 && r->acknowledged.serial == r->serial &&
	       r->acknowledged.next == r->next;
}

void ring_load(struct ring *r)
{
	uint64_t old_life = 0;
	bool has_head = load_head(r, &old_life);

	if (!has_head) {
		r->acknowledged = (struct place){ .serial = 0 };
	}
	load_blocks(r);
	if (r->serial < r->acknowledged.serial) {
		r->serial = r->acknowledged.serial; /* the blocks are gone, the head is there */
	}
	if (!is_beyond_doubt(r, has_head, old_life)) {
		r->epoch = draw();
		r->next = 0;
	}
	r->is_head_due = old_life != r->life || !has_head;
}
