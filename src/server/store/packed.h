/*
 * packed.h - a set of 32-bit numbers in few bytes, as it is kept in memory and on disk.
 *
 * Rising runs, each a LEB128 varint of gap << 1 | is_long, and where is_long a varint of
 * count - 2. The gap counts from the least number the run could begin with: 0 for the first run,
 * the end of the run before + 2 for others. So each set has one form: two thousand
 * neighbours take four bytes. Whatever is read from disk may be malformed, and is then refused.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* first, first + 1, ... last. */
struct packed_run {
	uint32_t first;
	uint32_t last;
};

/* Fields are private to packed.c. */
struct packed_reader {
	struct reader bytes;
	uint64_t least; /* the next run begins here or behind */
};

struct packed_reader packed_over(struct span packed);

/* The next run; false at the end, or where the bytes are malformed. */
bool packed_next(struct packed_reader *r, struct packed_run *out);

/* True where every byte was read and was well-formed. */
bool packed_done(const struct packed_reader *r);

/* How many numbers there are. ERR_MALFORMED. */
MUST_USE int packed_count(struct span packed, uint64_t *out_count);

bool packed_has(struct span packed, uint32_t number);

/* All numbers, in an array to be freed. ERR_MALFORMED; ERR_LIMIT where there are more than max. */
MUST_USE int packed_numbers(struct span packed, size_t max, uint32_t **out, size_t *out_count);

/* Packs numbers that come in rising order. Owns its memory; reusable after packed_clear. */
struct packed_writer {
	uint8_t *bytes;
	size_t len;
	size_t capacity;
	uint64_t least;
	struct packed_run open; /* not written yet: it may still grow */
	bool is_open;
};

void packed_init(struct packed_writer *w);
void packed_free(struct packed_writer *w);
void packed_clear(struct packed_writer *w);

/* Both must be greater than all that was put before. */
void packed_put(struct packed_writer *w, uint32_t number);
void packed_put_run(struct packed_writer *w, uint32_t first, uint32_t last);

/* Ends the set and gives its bytes, valid until the next call that changes the writer. */
struct span packed_end(struct packed_writer *w);

/* set - removed + added, put to an empty writer. Strict: ERR_CONFLICT where a removed number
 * is not in the set or an added one is; ERR_MALFORMED. */
MUST_USE int packed_merge(struct span set, struct span removed, struct span added,
			  struct packed_writer *out);

/* The numbers of set that are not in other, put to an empty writer. ERR_MALFORMED. */
MUST_USE int packed_difference(struct span set, struct span other, struct packed_writer *out);

struct packed_edit {
	uint32_t number;
	bool is_added;
};

/* The set after edits that rise by number, put to an empty writer. Tolerant: adding what is there
 * and removing what is not changes nothing, so that edits may be applied twice. ERR_MALFORMED. */
MUST_USE int packed_change(struct span set, const struct packed_edit *edits, size_t count,
			   struct packed_writer *out);
