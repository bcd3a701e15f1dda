/* difference.c - one walk, bounded memory. */
#include "sensor/difference.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sys/alloc.h"

static const struct rowhash highest = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

void difference_begin(struct difference *d, const struct ledger *ledger)
{
	*d = (struct difference){ .ledger = ledger, .mode = BATCH_DELTA };
	buffer_init(&d->rows, DIFFERENCE_BYTES_MAX);
	d->seen = alloc_zeroed(ledger->count / 8 + 1, 1);
}

void difference_begin_changes(struct difference *d, const struct ledger *ledger)
{
	difference_begin(d, ledger);
	memset(d->seen, 0xff, ledger->count / 8 + 1);
}

void difference_gone(struct difference *d, struct span row)
{
	struct rowhash hash = rowhash_of(d->ledger->table, row);
	size_t index;

	if (ledger_find(d->ledger, &hash, &index)) {
		d->seen[index / 8] &= (uint8_t) ~(1u << index % 8);
	}
}

void difference_begin_range(struct difference *d, const struct ledger *ledger,
			    const struct rowhash *low)
{
	*d = (struct difference){ .ledger = ledger, .mode = BATCH_RANGE, .low = *low };
	d->high = highest;
	buffer_init(&d->rows, DIFFERENCE_BYTES_MAX);
}

/* How many acknowledged rows will still be there beside the additions. */
static size_t rows_beside(const struct difference *d)
{
	return d->mode == BATCH_DELTA ? d->ledger->count : ledger_lower(d->ledger, &d->low);
}

static bool keep(struct difference *d, const struct rowhash *hash, struct span row)
{
	size_t offset = buffer_span(&d->rows).len;

	if (d->add_count == DIFFERENCE_HASHES_MAX || buffer_append(&d->rows, row) != 0) {
		return false;
	}
	if (d->add_count == d->add_capacity) {
		d->add_capacity = d->add_capacity == 0 ? 32 : 2 * d->add_capacity;
		d->adds = alloc_resize(d->adds, d->add_capacity, sizeof *d->adds);
	}
	d->adds[d->add_count++] = (struct addition){ .hash = *hash,
						     .offset = (uint32_t)offset,
						     .len = (uint32_t)row.len };
	return true;
}

/* The halves of a hash are compared as numbers; ranges are cut in the upper one. */
static uint64_t upper_half(const struct rowhash *hash)
{
	return digest_from_bytes(hash->bytes).high;
}

/* Gives the upper half of the range up, with the rows in it. False where it cannot be cut any more.
 */
static bool halve(struct difference *d)
{
	struct digest cut = { 0, UINT64_MAX };
	uint64_t low = upper_half(&d->low);
	uint64_t high = upper_half(&d->high);
	struct buffer rows;
	size_t kept = 0;

	if (low == high) {
		return false;
	}
	cut.high = low + (high - low) / 2;
	digest_to_bytes(cut, d->high.bytes);
	buffer_init(&rows, DIFFERENCE_BYTES_MAX);
	for (size_t i = 0; i < d->add_count; i++) {
		struct addition add = d->adds[i];
		struct span row = difference_row_at(d, i);

		if (rowhash_compare(&add.hash, &d->high) <= 0) {
			add.offset = (uint32_t)buffer_span(&rows).len;
			d->adds[kept++] = add;
			if (buffer_append(&rows, row) != 0) {
				abort(); /* fewer bytes than fitted before */
			}
		}
	}
	d->add_count = kept;
	buffer_done(&d->rows);
	d->rows = rows;
	return true;
}

static void range_row(struct difference *d, const struct rowhash *hash, struct span row)
{
	for (;;) {
		if (rowhash_compare(hash, &d->low) < 0 || rowhash_compare(hash, &d->high) > 0 ||
		    keep(d, hash, row)) {
			return;
		}
		if (!halve(d)) {
			d->is_capped = true; /* thousands of rows that share 64 bits of SHA-256 */
			return;
		}
	}
}

void difference_row(struct difference *d, struct span row)
{
	struct rowhash hash = rowhash_of(d->ledger->table, row);
	size_t index;

	if (rows_beside(d) + d->add_count >= LEDGER_ROWS_MAX) {
		if (d->mode == BATCH_DELTA && ledger_find(d->ledger, &hash, &index)) {
			d->seen[index / 8] |= (uint8_t)(1u << index % 8);
		} else {
			d->is_capped = true;
		}
		return;
	}
	if (d->mode == BATCH_RANGE) {
		range_row(d, &hash, row);
	} else if (ledger_find(d->ledger, &hash, &index)) {
		d->seen[index / 8] |= (uint8_t)(1u << index % 8);
	} else if (!keep(d, &hash, row)) {
		d->is_partial = true;
	}
}

static int by_hash(const void *a, const void *b)
{
	return rowhash_compare(&((const struct addition *)a)->hash,
			       &((const struct addition *)b)->hash);
}

static void sort_adds(struct difference *d)
{
	size_t kept = 0;

	if (d->add_count > 0) {
		qsort(d->adds, d->add_count, sizeof *d->adds, by_hash);
	}
	for (size_t i = 0; i < d->add_count; i++) {
		if (kept == 0 || !rowhash_equal(&d->adds[kept - 1].hash, &d->adds[i].hash)) {
			d->adds[kept++] = d->adds[i];
		}
	}
	d->add_count = kept;
}

/* Rows that the walk did not meet are gone. Not before all additions are known to fit: a row that
 * changed is a removal and an addition, and they belong together. */
static void find_removes(struct difference *d)
{
	size_t gone = 0;

	for (size_t i = 0; !d->is_partial && i < d->ledger->count; i++) {
		gone += (d->seen[i / 8] >> i % 8 & 1) == 0;
	}
	if (gone > DIFFERENCE_HASHES_MAX) {
		gone = DIFFERENCE_HASHES_MAX;
		d->is_partial = true;
	}
	d->removes = gone > 0 ? alloc_zeroed(gone, sizeof *d->removes) : NULL;
	for (size_t i = 0; d->remove_count < gone; i++) {
		if ((d->seen[i / 8] >> i % 8 & 1) == 0) {
			d->removes[d->remove_count++] = d->ledger->hashes[i];
		}
	}
	alloc_free(&d->seen);
}

void difference_end(struct difference *d)
{
	sort_adds(d);
	if (d->mode == BATCH_DELTA) {
		find_removes(d);
		d->digest = d->ledger->digest;
	} else {
		size_t below = ledger_lower(d->ledger, &d->low);

		for (size_t i = 0; i < below; i++) {
			digest_add(&d->digest, &d->ledger->hashes[i]);
		}
	}
	for (size_t i = 0; i < d->add_count; i++) {
		digest_add(&d->digest, &d->adds[i].hash);
	}
	for (size_t i = 0; i < d->remove_count; i++) {
		digest_remove(&d->digest, &d->removes[i]);
	}
}

bool difference_is_empty(const struct difference *d)
{
	return d->mode == BATCH_DELTA && d->add_count == 0 && d->remove_count == 0;
}

bool difference_is_last_range(const struct difference *d)
{
	return d->mode == BATCH_RANGE && rowhash_equal(&d->high, &highest);
}

struct rowhash difference_next_low(const struct difference *d)
{
	struct digest next = { upper_half(&d->high) + 1, 0 };
	struct rowhash low;

	assert(d->mode == BATCH_RANGE && !difference_is_last_range(d));
	digest_to_bytes(next, low.bytes);
	return low;
}

struct span difference_row_at(const struct difference *d, size_t index)
{
	struct span rows = buffer_span(&d->rows);

	return span_first(span_after(rows, d->adds[index].offset), d->adds[index].len);
}

bool difference_want(struct difference *d, const struct rowhash *hash)
{
	struct addition key = { .hash = *hash };
	struct addition *found =
		d->add_count == 0 ? NULL
				  : bsearch(&key, d->adds, d->add_count, sizeof *d->adds, by_hash);

	if (found != NULL) {
		found->is_wanted = 1;
	}
	return found != NULL;
}

void difference_drop_rows(struct difference *d)
{
	buffer_done(&d->rows);
	buffer_init(&d->rows, DIFFERENCE_BYTES_MAX);
}

/* Appends a run of hashes that are there already. */
static size_t append(struct rowhash *to, size_t at, const struct rowhash *from, size_t count)
{
	if (count > 0) {
		memcpy(&to[at], from, count * sizeof *from);
	}
	return at + count;
}

static void apply_range(const struct difference *d, struct ledger *ledger)
{
	size_t below = ledger_lower(ledger, &d->low);
	size_t above = ledger_lower(ledger, &d->high);
	struct rowhash *hashes;
	size_t count;

	if (above < ledger->count && rowhash_equal(&ledger->hashes[above], &d->high)) {
		above++;
	}
	hashes = alloc_zeroed(ledger->count + d->add_count + 1, sizeof *hashes);
	count = append(hashes, 0, ledger->hashes, below);
	for (size_t i = 0; i < d->add_count; i++) {
		hashes[count++] = d->adds[i].hash;
	}
	count = append(hashes, count, ledger->hashes + above, ledger->count - above);
	ledger_replace(ledger, hashes, count);
}

/* Three rising lists into one: old without removes, and adds between. */
static void apply_delta(const struct difference *d, struct ledger *ledger)
{
	struct rowhash *hashes = alloc_zeroed(ledger->count + d->add_count + 1, sizeof *hashes);
	size_t count = 0;
	size_t add = 0;
	size_t remove = 0;

	for (size_t i = 0; i < ledger->count; i++) {
		const struct rowhash *old = &ledger->hashes[i];

		if (remove < d->remove_count && rowhash_equal(old, &d->removes[remove])) {
			remove++;
			continue;
		}
		while (add < d->add_count && rowhash_compare(&d->adds[add].hash, old) < 0) {
			hashes[count++] = d->adds[add++].hash;
		}
		hashes[count++] = *old;
	}
	while (add < d->add_count) {
		hashes[count++] = d->adds[add++].hash;
	}
	ledger_replace(ledger, hashes, count);
}

void difference_apply(const struct difference *d, struct ledger *ledger)
{
	if (d->mode == BATCH_RANGE) {
		apply_range(d, ledger);
	} else {
		apply_delta(d, ledger);
	}
}

void difference_done(struct difference *d)
{
	free(d->adds);
	free(d->removes);
	free(d->seen);
	buffer_done(&d->rows);
	*d = (struct difference){ .mode = BATCH_DELTA };
}
