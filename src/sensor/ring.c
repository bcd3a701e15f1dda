/* ring.c - blocks in a file, in any order. */
#include "sensor/ring_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define HEAD_PLACE 4096 /* that the head takes in the file */
#define NONE       SIZE_MAX

/* Records of all positions, at the most. */
#define ALL_POSITIONS (EVENT_SOURCES_MAX * (RING_RECORD_HEAD + EVENT_POSITION_SIZE))

off_t ring_offset_of(size_t slot)
{
	return HEAD_PLACE + (off_t)slot * RING_BLOCK_SIZE;
}

/*
 * Blocks
 */

/* Where this block's events that were not acknowledged begin. */
static size_t start_of(const struct ring *r, const struct block *b)
{
	return b->serial == r->acknowledged.serial ? r->acknowledged.at : 0;
}

/* The block in use with the lowest serial from least on, or NONE. */
static size_t oldest_from(const struct ring *r, uint64_t least)
{
	size_t found = NONE;

	for (size_t i = 0; i < r->top; i++) {
		uint64_t serial = r->blocks[i].serial;

		if (serial >= least && serial != 0 &&
		    (found == NONE || serial < r->blocks[found].serial)) {
			found = i;
		}
	}
	return found;
}

void ring_release(struct block *b)
{
	free(b->bytes);
	*b = (struct block){ .serial = 0 };
}

static int write_block(struct ring *r, size_t slot)
{
	struct block *b = &r->blocks[slot];
	struct span bytes;
	int error;

	if (b->bytes == NULL || b->written == b->used) {
		return 0;
	}
	bytes = (struct span){ b->bytes + b->written, b->used - b->written };
	error = file_write_at(r->fd, bytes, ring_offset_of(slot) + b->written);
	if (error != 0) {
		r->is_failing = true; /* until a flush got rid of all that is in memory */
		return error;
	}
	b->written = b->used;
	if (slot != r->current) {
		free(b->bytes);
		b->bytes = NULL;
	}
	return 0;
}

/* Gives up the block with the oldest events; returns its place in the file. */
static size_t give_up_oldest(struct ring *r)
{
	size_t slot = oldest_from(r, 1);

	if (slot != NONE) {
		r->lost += r->blocks[slot].count;
		ring_release(&r->blocks[slot]);
		r->current = r->current == slot ? NONE : r->current;
	}
	return slot;
}

/* The disk takes nothing new: what it has may still be written over. Gives up the oldest block, and
 * if that was in the file puts the oldest in memory there. */
static void make_room_in_memory(struct ring *r)
{
	size_t held = 0;
	size_t slot;

	for (size_t i = 0; i < r->top; i++) {
		held += r->blocks[i].bytes != NULL;
	}
	if (held < RING_MEMORY_BLOCKS) {
		return;
	}
	slot = oldest_from(r, 1);
	if (r->blocks[slot].bytes != NULL) {
		(void)give_up_oldest(r);
		return;
	}
	slot = give_up_oldest(r);
	for (uint64_t serial = 1;;) {
		size_t other = oldest_from(r, serial);

		if (other == NONE) {
			return;
		}
		serial = r->blocks[other].serial + 1;
		if (r->blocks[other].bytes != NULL && other != r->current) {
			r->blocks[slot] = r->blocks[other];
			r->blocks[slot].written = 0;
			r->blocks[other] = (struct block){ .serial = 0 };
			(void)!write_block(r, slot);
			return;
		}
	}
}

/* A place in the file, the first that is free so that it stays small. */
static size_t find_place(struct ring *r)
{
	for (size_t i = 0; i < r->top; i++) {
		if (r->blocks[i].serial == 0) {
			return i;
		}
	}
	return r->top < r->count ? r->top++ : give_up_oldest(r);
}

static void write_positions(struct ring *r, struct block *b, unsigned which)
{
	for (unsigned i = 0; i < EVENT_SOURCES_MAX; i++) {
		struct writer w = writer_over(b->bytes + b->used, RING_BLOCK_SIZE - b->used);
		const struct ring_record record = { .kind = RING_POSITION,
						    .number = i,
						    .body = { r->positions[i],
							      r->position_len[i] } };

		if ((which & 1u << i) != 0 && r->position_len[i] > 0) {
			ring_block_write(&w, b->serial, &record);
			b->used += writer_ok(&w) ? (uint32_t)writer_used(&w) : 0;
		}
	}
	r->dirty_positions = 0;
}

/* Every block begins with all positions: the newest alone is enough to go on from. */
static struct block *begin_block(struct ring *r)
{
	struct block *b;
	struct writer w;

	if (r->is_failing || r->fd < 0) {
		make_room_in_memory(r);
	}
	r->current = find_place(r);
	b = &r->blocks[r->current];
	*b = (struct block){ .serial = ++r->serial, .epoch = r->epoch, .next = r->next };
	b->bytes = alloc_zeroed(1, RING_BLOCK_SIZE);
	w = writer_over(b->bytes, RING_BLOCK_SIZE);
	ring_block_write_head(&w, &(struct ring_head){ b->serial, b->epoch, b->next });
	b->used = RING_BLOCK_HEAD;
	write_positions(r, b, UINT32_MAX);
	return b;
}

/* The current block is full, or is to be left. */
static void leave_block(struct ring *r)
{
	size_t slot = r->current;
	struct block *b = &r->blocks[slot];

	r->current = NONE;
	if (b->count == 0) {
		ring_release(b); /* nothing in it that the next one does not have */
	} else {
		(void)!write_block(r, slot); /* stays in memory where that fails */
	}
}

/* The block that takes a body of so many bytes. */
static struct block *block_for(struct ring *r, size_t len)
{
	if (r->current != NONE &&
	    RING_BLOCK_SIZE - r->blocks[r->current].used < ring_record_size(len)) {
		leave_block(r);
	}
	return r->current != NONE ? &r->blocks[r->current] : begin_block(r);
}

void ring_put(struct ring *r, struct span body)
{
	struct block *b;
	struct writer w;

	if (body.len == 0 || body.len > RING_BODY_MAX) {
		return;
	}
	b = block_for(r, body.len);
	w = writer_over(b->bytes + b->used, RING_BLOCK_SIZE - b->used);
	ring_block_write(&w, b->serial, &(struct ring_record){ RING_EVENT, r->next, body });
	b->used += (uint32_t)writer_used(&w);
	b->next = ++r->next;
	b->count++;
}

/*
 * Positions
 */

void ring_keep_position(struct ring *r, unsigned source, struct span position)
{
	if (source >= EVENT_SOURCES_MAX || position.len > EVENT_POSITION_SIZE ||
	    span_equal(ring_position(r, source), position)) {
		return;
	}
	if (position.len > 0) {
		memcpy(r->positions[source], position.ptr, position.len);
	}
	r->position_len[source] = position.len;
	r->dirty_positions |= 1u << source;
}

struct span ring_position(const struct ring *r, unsigned source)
{
	return source < EVENT_SOURCES_MAX
		       ? (struct span){ r->positions[source], r->position_len[source] }
		       : (struct span){ NULL, 0 };
}

/*
 * Writing
 */

bool ring_has_unwritten(const struct ring *r)
{
	const struct block *b = r->current != NONE ? &r->blocks[r->current] : NULL;

	return r->fd >= 0 && (r->dirty_positions != 0 || r->is_head_due || r->is_failing ||
			      (b != NULL && b->written < b->used));
}

static int write_head(struct ring *r)
{
	uint8_t bytes[RING_HEAD_SIZE];
	uint8_t body[RING_HEAD_SIZE - sizeof ring_magic - 4];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct writer bw = writer_over(body, sizeof body);
	int error;

	writer_be32(&bw, 0);
	writer_be64(&bw, r->life);
	writer_be64(&bw, r->acknowledged.serial);
	writer_be64(&bw, r->acknowledged.next);
	writer_bytes(&w, (struct span){ (const uint8_t *)ring_magic, sizeof ring_magic });
	writer_be32(&w, ring_sum(ring_sum_add(0, writer_span(&bw))));
	writer_bytes(&w, writer_span(&bw));
	error = file_write_at(r->fd, writer_span(&w), 0);
	r->is_head_due = error != 0;
	return error;
}

int ring_flush(struct ring *r)
{
	int error = 0;

	if (r->fd < 0) {
		return 0; /* nobody expects it to be anywhere */
	}
	if (r->dirty_positions != 0) {
		struct block *b = block_for(r, ALL_POSITIONS);

		write_positions(r, b, r->dirty_positions);
	}
	for (uint64_t serial = 1; error == 0 && r->is_failing;) { /* those left from before */
		size_t slot = oldest_from(r, serial);

		if (slot == NONE) {
			break;
		}
		serial = r->blocks[slot].serial + 1;
		error = slot != r->current ? write_block(r, slot) : 0;
	}
	if (error == 0) {
		r->is_failing = false;
		error = r->current != NONE ? write_block(r, r->current) : 0;
	}
	if (error == 0 && r->is_head_due) {
		error = write_head(r);
	}
	return error;
}

/*
 * Taking out
 */

/* Bytes of a block, in memory or read into scratch. */
static struct span bytes_of(const struct ring *r, size_t slot, uint8_t *scratch)
{
	const struct block *b = &r->blocks[slot];

	return b->bytes != NULL ? (struct span){ b->bytes, b->used }
				: file_bytes_at(r->fd, scratch, b->used, ring_offset_of(slot));
}

/* Goes on with the run through one block. False where the run ends in it. */
static bool peek_block(struct ring *r, struct span bytes, const struct block *b, size_t count_max,
		       struct buffer *out, struct ring_run *run)
{
	struct ring_cursor c = ring_block_over(bytes, b->serial);
	struct ring_record record;

	c.at = start_of(r, b) > 0 ? start_of(r, b) : c.at;
	c.is_trusted = b->bytes != NULL;
	while (ring_block_next(&c, &record)) {
		if (record.kind != RING_EVENT ||
		    (b->serial == r->acknowledged.serial && record.number < r->acknowledged.next)) {
			continue;
		}
		if (run->count == 0) {
			run->epoch = b->epoch;
			run->first = record.number;
		}
		if (record.number != run->first + run->count || run->epoch != b->epoch ||
		    run->count == count_max || buffer_append(out, record.body) != 0) {
			return false;
		}
		run->count++;
		r->peeked = (struct place){ b->serial, record.number + 1, (uint32_t)c.at };
	}
	return true;
}

/* What was in the file is not there any more: nobody shall look for it again. */
static void give_up_unreadable(struct ring *r)
{
	for (size_t i = 0; i < r->top; i++) {
		r->lost += r->blocks[i].count;
		r->blocks[i].count = 0;
		if (i != r->current) {
			ring_release(&r->blocks[i]);
		}
	}
}

bool ring_peek(struct ring *r, size_t count_max, struct buffer *out, struct ring_run *out_run)
{
	uint8_t *scratch OWNED(alloc_free) = NULL;
	struct ring_run run = { .count = 0 };
	uint64_t serial = r->acknowledged.serial;
	bool is_going_on = true;

	r->peeked = r->acknowledged;
	while (is_going_on) {
		size_t slot = oldest_from(r, serial);

		if (slot == NONE) {
			break;
		}
		serial = r->blocks[slot].serial + 1;
		if (r->blocks[slot].count == 0) {
			continue;
		}
		if (scratch == NULL && r->blocks[slot].bytes == NULL) {
			scratch = alloc_zeroed(1, RING_BLOCK_SIZE);
		}
		is_going_on = peek_block(r, bytes_of(r, slot, scratch), &r->blocks[slot], count_max,
					 out, &run);
	}
	if (run.count == 0) {
		give_up_unreadable(r);
		return false;
	}
	*out_run = run;
	return true;
}

/* Events of a block before a place in it that were not acknowledged yet. */
static uint32_t count_before(const struct block *b, uint64_t next)
{
	uint64_t left = b->next > next ? b->next - next : 0;

	return left < b->count ? b->count - (uint32_t)left : 0;
}

void ring_acknowledge(struct ring *r)
{
	const struct place place = r->peeked;

	if (place.serial < r->acknowledged.serial ||
	    (place.serial == r->acknowledged.serial && place.next <= r->acknowledged.next)) {
		return;
	}
	r->acknowledged = place;
	r->is_head_due = true;
	for (size_t i = 0; i < r->top; i++) {
		struct block *b = &r->blocks[i];

		if (b->serial == place.serial) {
			b->count -= count_before(b, place.next);
		} else if (b->serial < place.serial && b->serial != 0) {
			b->count = 0;
		}
		if (b->serial <= place.serial && b->count == 0 && i != r->current) {
			ring_release(b);
		}
	}
	while (r->top > 0 && r->blocks[r->top - 1].serial == 0) {
		r->top--;
	}
}

uint64_t ring_waiting(const struct ring *r)
{
	uint64_t waiting = 0;

	for (size_t i = 0; i < r->top; i++) {
		waiting += r->blocks[i].count;
	}
	return waiting;
}

uint64_t ring_lost(const struct ring *r)
{
	return r->lost;
}

bool ring_was_damaged(const struct ring *r)
{
	return r->was_damaged;
}

/*
 * Size
 */

static size_t count_of(uint64_t size)
{
	size = size < RING_BYTES_MIN ? RING_BYTES_MIN : size;
	size = size > RING_BYTES_MAX ? RING_BYTES_MAX : size;
	return (size_t)(size / RING_BLOCK_SIZE);
}

/* To a place of its own below the new end. */
static void move_block(struct ring *r, size_t from, size_t end)
{
	struct block *b = &r->blocks[from];
	size_t to = 0;

	while (to < end && r->blocks[to].serial != 0) {
		to++;
	}
	if (b->bytes == NULL) {
		b->bytes = alloc_zeroed(1, RING_BLOCK_SIZE);
		b->used =
			(uint32_t)file_bytes_at(r->fd, b->bytes, b->used, ring_offset_of(from)).len;
	}
	r->blocks[to] = *b;
	r->blocks[to].written = 0;
	*b = (struct block){ .serial = 0 };
	r->current = r->current == from ? to : r->current;
	if (to != r->current) {
		(void)!write_block(r, to);
	}
}

void ring_resize(struct ring *r, uint64_t size)
{
	size_t count = count_of(size);
	size_t used = 0;

	for (size_t i = 0; i < r->top; i++) {
		used += r->blocks[i].serial != 0;
	}
	for (; used > count; used--) {
		(void)give_up_oldest(r);
	}
	for (size_t i = count; i < r->top; i++) {
		if (r->blocks[i].serial != 0) {
			move_block(r, i, count);
		}
	}
	r->blocks = alloc_resize(r->blocks, count, sizeof *r->blocks);
	for (size_t i = r->count; i < count; i++) {
		r->blocks[i] = (struct block){ .serial = 0 };
	}
	r->count = count;
	r->top = r->top < count ? r->top : count;
}

/*
 * Opening
 */

static size_t places_in_file(int fd)
{
	struct stat status;
	uint64_t size = fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0
				? (uint64_t)status.st_size
				: 0;

	size = size < RING_BYTES_MAX ? size : RING_BYTES_MAX;
	return (size_t)((size + RING_BLOCK_SIZE - 1) / RING_BLOCK_SIZE);
}

struct ring *ring_open(int fd, uint64_t size, uint64_t life)
{
	struct ring *r = alloc_zeroed(1, sizeof *r);
	size_t in_file = places_in_file(fd);

	r->fd = fd;
	r->life = life;
	r->current = NONE;
	r->count = count_of(size) > in_file ? count_of(size) : in_file;
	r->blocks = alloc_zeroed(r->count, sizeof *r->blocks);
	ring_load(r);
	ring_resize(r, size);
	if (fd >= 0 && in_file > r->count) {
		(void)!ftruncate(fd, ring_offset_of(r->count));
	}
	return r;
}

void ring_close(struct ring **ring)
{
	struct ring *r = *ring;

	if (r == NULL) {
		return;
	}
	(void)!ring_flush(r);
	for (size_t i = 0; i < r->count; i++) {
		free(r->blocks[i].bytes);
	}
	free(r->blocks);
	file_close(&r->fd);
	free(r);
	*ring = NULL;
}
