/*
 * checkpoint.c - writing the tail of the history into sets and holders.
 *
 * The history alone says everything; sets and holders are what it adds up to, so that nobody has to
 * read it from its beginning. They are written in slices while batches go on. That is safe at any
 * point: a set names the change up to which it goes, and applying a change to holders twice changes
 * nothing. Only when the whole tail is in does the file's tail_start move.
 */
#include <stdlib.h>

#include "base/error.h"
#include "server/inventory/state.h"
#include "sys/alloc.h"

/* A tail is what an open and each reader has to go through. */
const struct checkpoint_limits checkpoint_limits_default = {
	.records_max = 16384,
	.pairs_max = 1000000,
	.records_least = 512,
	.pairs_least = 65536,
	.slice_sets = 1024,
	.slice_rows = 16384,
};

bool checkpoint_is_due(const struct inventory *inv)
{
	return inv->checkpoint.is_running || inv->tail.records > inv->limits.records_max ||
	       inv->tail.pair_count > inv->limits.pairs_max;
}

static void start(struct inventory *inv)
{
	struct checkpoint *c = &inv->checkpoint;

	*c = (struct checkpoint){ .is_running = true, .target = inv->last_no, .tail = inv->tail };
	inv->tail = (struct tail){ .records = 0 };
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		sort_numbers(c->tail.pairs[t].items, c->tail.pairs[t].count);
		c->new_rows[t] = inv->new_rows[t];
		inv->new_rows[t] = inv->rows[t].count;
	}
}

static int put_set(struct inventory *inv, const struct set_name *name, struct why *why)
{
	struct asset *asset = state_asset(inv, name->asset);
	const struct held *held = state_held(asset, name->table);
	struct store_asset record = {
		.number = name->asset,
		.first_seen_ms = asset->first_seen_ms,
		.newest = asset->newest,
	};
	struct store_set set = {
		.asset = name->asset,
		.table = name->table,
		.seq = held->seq,
		.count = held->count,
		.upto = inv->last_no,
		.digest = held->digest,
		.packed = state_packed(held),
	};
	int error = store_put_set(inv->store, &set, why);

	if (error == 0 && asset->newest != asset->stored_newest) {
		for (size_t i = 0; i < sizeof record.id; i++) {
			record.id[i] = asset->id[i];
		}
		error = store_put_asset(inv->store, &record, why);
	}
	return error;
}

static int put_sets(struct inventory *inv, size_t *next, struct why *why)
{
	const struct tail *tail = &inv->checkpoint.tail;
	size_t end = tail->dirty_count - *next > inv->limits.slice_sets
			     ? *next + inv->limits.slice_sets
			     : tail->dirty_count;

	for (; *next < end; (*next)++) {
		int error = put_set(inv, &tail->dirty[*next], why);

		if (error != 0) {
			return error;
		}
	}
	return 0;
}

static bool is_held(struct inventory *inv, uint32_t asset, uint16_t table, uint32_t row)
{
	const struct held *held = state_held(state_asset(inv, asset), table);

	return held != NULL && packed_has(state_packed(held), row);
}

/* Takes the pairs of the first row, summed up to one edit an asset. Where a row came and went (or
 * went and came) the sum does not say how it ended, and the file may have either, if an earlier
 * checkpoint was cut short: what the asset holds now does. */
static size_t take_edits(struct inventory *inv, uint16_t table, const uint64_t *pairs, size_t count,
			 struct packed_edit *edits, size_t *out_edits)
{
	uint32_t row = (uint32_t)(pairs[0] >> 32);
	size_t used = 0;
	size_t at = 0;

	while (at < count && pairs[at] >> 32 == row) {
		uint32_t asset = (uint32_t)pairs[at] >> 1;
		int sum = 0;

		for (; at < count && pairs[at] >> 32 == row && (uint32_t)pairs[at] >> 1 == asset;
		     at++) {
			sum += (pairs[at] & 1) != 0 ? 1 : -1;
		}
		edits[used++] = (struct packed_edit){
			asset, sum > 0 || (sum == 0 && is_held(inv, asset, table, row))
		};
	}
	*out_edits = used;
	return at;
}

static int put_row_holders(struct inventory *inv, uint16_t table, uint32_t row,
			   const struct packed_edit *edits, size_t count, struct why *why)
{
	struct span old = { NULL, 0 };
	int error = 0;

	if (row < inv->checkpoint.new_rows[table]) {
		error = store_get_holders(inv->store, table, row, &old, why);
	}
	if (error != 0) {
		return error;
	}
	packed_clear(&inv->scratch.set);
	error = packed_change(old, edits, count, &inv->scratch.set);
	if (error != 0) {
		return why_set(why, error, "the holders of row %u of table %u are damaged", row,
			       table);
	}
	return store_put_holders(inv->store, table, row, packed_end(&inv->scratch.set), why);
}

static int put_holders(struct inventory *inv, unsigned *table, size_t *next, struct why *why)
{
	const struct pairs *pairs = inv->checkpoint.tail.pairs;
	struct packed_edit *edits;
	size_t longest = 0;
	int error = 0;

	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		longest = pairs[t].count > longest ? pairs[t].count : longest;
	}
	edits = alloc_resize(NULL, longest, sizeof *edits);
	for (size_t rows = 0;
	     error == 0 && rows < inv->limits.slice_rows && *table < SCHEMA_TABLES_MAX;) {
		const struct pairs *p = &pairs[*table];
		size_t count;
		uint32_t row;

		if (*next == p->count) {
			(*table)++;
			*next = 0;
			continue;
		}
		row = (uint32_t)(p->items[*next] >> 32);
		*next += take_edits(inv, (uint16_t)*table, p->items + *next, p->count - *next,
				    edits, &count);
		error = put_row_holders(inv, (uint16_t)*table, row, edits, count, why);
		rows++;
	}
	free(edits);
	return error;
}

static void mark_clean(struct inventory *inv, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct set_name *name = &inv->checkpoint.tail.dirty[i];
		struct asset *asset = state_asset(inv, name->asset);

		state_held(asset, name->table)->is_dirty = false;
		asset->stored_newest = asset->newest;
	}
}

static int index_rows(struct inventory *inv, struct why *why)
{
	int error = 0;

	for (size_t t = 0; error == 0 && schema_tables[t] != NULL; t++) {
		uint16_t number = schema_tables[t]->number;

		if (inv->rows[number].count > inv->indexed[number]) {
			error = store_index_rows(inv->store, schema_tables[t],
						 inv->rows[number].count, why);
		}
	}
	return error;
}

static int write_slice(struct inventory *inv, struct checkpoint *after, struct why *why)
{
	struct store_meta meta = inv->meta;
	int error = 0;

	if (after->next_set < after->tail.dirty_count) {
		error = put_sets(inv, &after->next_set, why);
	} else {
		error = put_holders(inv, &after->next_table, &after->next_pair, why);
	}
	if (error != 0) {
		return error;
	}
	if (after->next_set == after->tail.dirty_count && after->next_table == SCHEMA_TABLES_MAX) {
		meta.tail_start = after->target;
		error = store_put_meta(inv->store, &meta, why);
		if (error == 0) {
			error = index_rows(inv, why);
		}
	}
	return error == 0 ? store_commit(inv->store, why) : error;
}

int checkpoint_slice(struct inventory *inv, bool *out_is_done, struct why *why)
{
	struct checkpoint *c = &inv->checkpoint;
	struct checkpoint after;
	int error;

	if (!c->is_running) {
		if (inv->tail.records < inv->limits.records_least &&
		    inv->tail.pair_count < inv->limits.pairs_least) {
			*out_is_done = true;
			return 0;
		}
		start(inv);
	}
	error = store_begin(inv->store, why);
	if (error != 0) {
		return error;
	}
	after = *c;
	error = write_slice(inv, &after, why);
	if (error != 0) {
		store_rollback(inv->store);
		return error;
	}
	mark_clean(inv, c->next_set, after.next_set);
	*c = after;
	if (c->next_set == c->tail.dirty_count && c->next_table == SCHEMA_TABLES_MAX) {
		inv->meta.tail_start = c->target;
		for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
			inv->indexed[t] = inv->rows[t].count;
		}
		tail_done(&c->tail);
		c->is_running = false;
	}
	*out_is_done = !c->is_running;
	return 0;
}
