/* packed.c - gaps and runs in varints. */
#include "server/store/packed.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"

/* gap << 1 | is_long has at most 33 bits. */
#define VARINT_BYTES_MAX 5

static void grow(struct packed_writer *w)
{
	w->capacity = w->capacity < 32 ? 64 : w->capacity * 2;
	w->bytes = alloc_resize(w->bytes, w->capacity, 1);
}

static void put_varint(struct packed_writer *w, uint64_t value)
{
	if (w->capacity - w->len < VARINT_BYTES_MAX) {
		grow(w);
	}
	while (value >= 0x80) {
		w->bytes[w->len++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	w->bytes[w->len++] = (uint8_t)value;
}

static uint64_t take_varint(struct reader *r)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = reader_u8(r);
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) != 0 && shift < 7 * VARINT_BYTES_MAX);
	if ((byte & 0x80) != 0 || (byte == 0 && shift > 7)) {
		reader_fail(r); /* too long, or not the shortest form */
	}
	return value;
}

struct packed_reader packed_over(struct span packed)
{
	return (struct packed_reader){ .bytes = reader_over(packed) };
}

bool packed_next(struct packed_reader *r, struct packed_run *out)
{
	uint64_t head;
	uint64_t first;
	uint64_t last;

	if (reader_left(&r->bytes) == 0) {
		return false;
	}
	head = take_varint(&r->bytes);
	first = r->least + (head >> 1);
	last = (head & 1) != 0 ? first + 1 + take_varint(&r->bytes) : first;
	if (last > UINT32_MAX) {
		reader_fail(&r->bytes);
	}
	if (!reader_ok(&r->bytes)) {
		return false;
	}
	r->least = last + 2;
	*out = (struct packed_run){ (uint32_t)first, (uint32_t)last };
	return true;
}

bool packed_done(const struct packed_reader *r)
{
	return reader_done(&r->bytes);
}

int packed_count(struct span packed, uint64_t *out_count)
{
	struct packed_reader r = packed_over(packed);
	struct packed_run run;
	uint64_t count = 0;

	while (packed_next(&r, &run)) {
		count += (uint64_t)run.last - run.first + 1;
	}
	if (!packed_done(&r)) {
		return ERR_MALFORMED;
	}
	*out_count = count;
	return 0;
}

bool packed_has(struct span packed, uint32_t number)
{
	struct packed_reader r = packed_over(packed);
	struct packed_run run;

	while (packed_next(&r, &run)) {
		if (number <= run.last) {
			return number >= run.first;
		}
	}
	return false;
}

int packed_numbers(struct span packed, size_t max, uint32_t **out, size_t *out_count)
{
	struct packed_reader r = packed_over(packed);
	struct packed_run run;
	uint64_t count;
	uint32_t *numbers;
	size_t used = 0;

	if (packed_count(packed, &count) != 0) {
		return ERR_MALFORMED;
	}
	if (count > max) {
		return ERR_LIMIT;
	}
	numbers = alloc_resize(NULL, count, sizeof *numbers);
	while (packed_next(&r, &run)) {
		for (uint64_t n = run.first; n <= run.last; n++) {
			numbers[used++] = (uint32_t)n;
		}
	}
	*out = numbers;
	*out_count = used;
	return 0;
}

void packed_init(struct packed_writer *w)
{
	*w = (struct packed_writer){ .bytes = NULL };
}

void packed_free(struct packed_writer *w)
{
	free(w->bytes);
	packed_init(w);
}

void packed_clear(struct packed_writer *w)
{
	w->len = 0;
	w->least = 0;
	w->is_open = false;
}

static void write_open(struct packed_writer *w)
{
	uint64_t gap = w->open.first - w->least;
	uint64_t count = (uint64_t)w->open.last - w->open.first + 1;

	put_varint(w, gap << 1 | (count > 1));
	if (count > 1) {
		put_varint(w, count - 2);
	}
	w->least = (uint64_t)w->open.last + 2;
}

void packed_put_run(struct packed_writer *w, uint32_t first, uint32_t last)
{
	assert(first <= last && (!w->is_open || first > w->open.last));
	if (w->is_open && first == w->open.last + 1) {
		w->open.last = last;
		return;
	}
	if (w->is_open) {
		write_open(w);
	}
	w->open = (struct packed_run){ first, last };
	w->is_open = true;
}

void packed_put(struct packed_writer *w, uint32_t number)
{
	packed_put_run(w, number, number);
}

struct span packed_end(struct packed_writer *w)
{
	if (w->is_open) {
		write_open(w);
		w->is_open = false;
	}
	return (struct span){ w->bytes, w->len };
}

/* A packed set that is walked a run at a time, with one run of look-ahead. */
struct cursor {
	struct packed_reader reader;
	struct packed_run run;
	bool has_run;
};

static void advance(struct cursor *c)
{
	c->has_run = packed_next(&c->reader, &c->run);
}

static struct cursor cursor_over(struct span packed)
{
	struct cursor c = { .reader = packed_over(packed) };

	advance(&c);
	return c;
}

/* Puts one run of the set without what is removed from it. */
static int put_remaining(struct packed_run run, struct cursor *removed, struct packed_writer *out)
{
	uint64_t from = run.first;

	for (; removed->has_run && removed->run.first <= run.last; advance(removed)) {
		if (removed->run.first < from || removed->run.last > run.last) {
			return ERR_CONFLICT;
		}
		if (removed->run.first > from) {
			packed_put_run(out, (uint32_t)from, removed->run.first - 1);
		}
		from = (uint64_t)removed->run.last + 1;
	}
	if (from <= run.last) {
		packed_put_run(out, (uint32_t)from, run.last);
	}
	return 0;
}

int packed_merge(struct span set, struct span removed_set, struct span added_set,
		 struct packed_writer *out)
{
	struct cursor held = cursor_over(set);
	struct cursor removed = cursor_over(removed_set);
	struct cursor added = cursor_over(added_set);

	for (; held.has_run; advance(&held)) {
		for (; added.has_run && added.run.last < held.run.first; advance(&added)) {
			packed_put_run(out, added.run.first, added.run.last);
		}
		if (added.has_run && added.run.first <= held.run.last) {
			return ERR_CONFLICT;
		}
		if (put_remaining(held.run, &removed, out) != 0) {
			return ERR_CONFLICT;
		}
	}
	for (; added.has_run; advance(&added)) {
		packed_put_run(out, added.run.first, added.run.last);
	}
	if (removed.has_run) {
		return ERR_CONFLICT;
	}
	return packed_done(&held.reader) && packed_done(&removed.reader) &&
			       packed_done(&added.reader)
		       ? 0
		       : ERR_MALFORMED;
}

int packed_difference(struct span set, struct span other, struct packed_writer *out)
{
	struct cursor held = cursor_over(set);
	struct cursor without = cursor_over(other);

	for (; held.has_run; advance(&held)) {
		uint64_t from = held.run.first;

		while (without.has_run && without.run.last < from) {
			advance(&without);
		}
		while (without.has_run && without.run.first <= held.run.last) {
			if (without.run.first > from) {
				packed_put_run(out, (uint32_t)from, without.run.first - 1);
			}
			from = (uint64_t)without.run.last + 1;
			if (from > held.run.last) {
				break; /* it may reach into the next run */
			}
			advance(&without);
		}
		if (from <= held.run.last) {
			packed_put_run(out, (uint32_t)from, held.run.last);
		}
	}
	while (without.has_run) {
		advance(&without);
	}
	return packed_done(&held.reader) && packed_done(&without.reader) ? 0 : ERR_MALFORMED;
}

int packed_change(struct span set, const struct packed_edit *edits, size_t count,
		  struct packed_writer *out)
{
	struct packed_reader r = packed_over(set);
	struct packed_run run;
	size_t e = 0;

	while (packed_next(&r, &run)) {
		uint64_t from = run.first;

		for (; e < count && edits[e].number < run.first; e++) {
			if (edits[e].is_added) {
				packed_put(out, edits[e].number);
			}
		}
		for (; e < count && edits[e].number <= run.last; e++) {
			if (edits[e].is_added) {
				continue;
			}
			if (edits[e].number > from) {
				packed_put_run(out, (uint32_t)from, edits[e].number - 1);
			}
			from = (uint64_t)edits[e].number + 1;
		}
		if (from <= run.last) {
			packed_put_run(out, (uint32_t)from, run.last);
		}
	}
	for (; e < count; e++) {
		if (edits[e].is_added) {
			packed_put(out, edits[e].number);
		}
	}
	return packed_done(&r) ? 0 : ERR_MALFORMED;
}
