/* derive.c - what services work on, and what they make of it: tables that no sensor sends. */
#include <assert.h>

#include "base/error.h"
#include "server/inventory/state.h"

uint32_t inventory_asset_count(const struct inventory *inv)
{
	return inv->asset_ids.count;
}

uint32_t inventory_row_count(const struct inventory *inv, uint16_t table)
{
	return inv->rows[table].count;
}

void inventory_each_held(struct inventory *inv, uint32_t asset_number, uint16_t table,
			 inventory_held_row *each, void *context)
{
	struct asset *asset = state_asset(inv, asset_number);
	const struct held *held = asset == NULL ? NULL : state_held(asset, table);
	struct packed_reader r;
	struct packed_run run;

	if (held == NULL) {
		return;
	}
	r = packed_over(state_packed(held));
	while (packed_next(&r, &run)) {
		for (uint64_t row = run.first; row <= run.last; row++) {
			each(context, (uint32_t)row);
		}
	}
}

int inventory_row(struct inventory *inv, uint16_t table, uint32_t number, struct row *out,
		  struct why *why)
{
	if (number >= inv->rows[table].count) {
		return why_set(why, ERR_NOT_FOUND, "there is no such row");
	}
	return store_get_row(inv->store, schema_by_number(table), number, out, why);
}

int inventory_derived_row(struct inventory *inv, const struct row *row, uint32_t *out_number,
			  struct why *why)
{
	static const size_t size = ROW_BYTES_MAX;
	uint8_t bytes[ROW_BYTES_MAX];
	struct writer w = writer_over(bytes, size);
	struct rowhash hash;
	bool is_bad;
	int error = row_encode(row, &w);

	if (error != 0) {
		return why_set(why, error, "a derived row is too large");
	}
	hash = rowhash_of(row->table->number, writer_span(&w));
	if (numbering_find(&inv->rows[row->table->number], &hash, out_number)) {
		return 0;
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	error = intern_row(inv, row->table, &hash, writer_span(&w), &is_bad, out_number, why);
	return error == 0 ? 0 : inventory_abandon(inv, error);
}

/* One pass over what is held and what is to be held, both rising: what comes and what goes. */
static void compare(struct inventory *inv, struct span packed, const uint32_t *rows, size_t count)
{
	struct scratch *s = &inv->scratch;
	struct packed_reader r = packed_over(packed);
	struct packed_run run;
	size_t at = 0;

	s->adds.count = 0;
	s->removes.count = 0;
	while (packed_next(&r, &run)) {
		for (uint64_t row = run.first; row <= run.last; row++) {
			while (at < count && rows[at] < row) {
				state_push(&s->adds, rows[at++]);
			}
			if (at < count && rows[at] == row) {
				at++;
			} else {
				state_push(&s->removes, row);
			}
		}
	}
	while (at < count) {
		state_push(&s->adds, rows[at++]);
	}
}

int inventory_derive(struct inventory *inv, uint32_t asset_number, uint16_t table,
		     const uint32_t *rows, size_t count, int64_t now_ms,
		     struct inventory_result *out, struct why *why)
{
	struct asset *asset = state_asset(inv, asset_number);
	const struct held *held = state_held(asset, table);
	struct change_parts parts = { .asset = asset_number, .table = table, .now_ms = now_ms };
	struct scratch *s = &inv->scratch;
	int error;

	assert(schema_by_number(table)->is_derived);
	parts.observed_ms = now_ms;
	if (held != NULL) {
		parts.packed = state_packed(held);
		parts.count = held->count;
		parts.digest = held->digest;
	}
	compare(inv, parts.packed, rows, count);
	*out = (struct inventory_result){ .outcome = INVENTORY_APPLIED,
					  .added = s->adds.count,
					  .removed = s->removes.count };
	if (s->adds.count == 0 && s->removes.count == 0) {
		return 0;
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	if (!change_pack(inv, &parts)) {
		return why_set(why, ERR_CONFLICT, "derived rows do not rise");
	}
	error = change_store(inv, &parts, &out->change_no, why);
	return error == 0 ? 0 : inventory_abandon(inv, error);
}

uint64_t inventory_judged(const struct inventory *inv)
{
	return inv->meta.judged;
}

void inventory_set_judged(struct inventory *inv, uint64_t generation)
{
	inv->meta.judged = generation;
	inv->is_meta_dirty = true;
}
