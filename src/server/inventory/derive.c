/* derive.c - what services work on, and what they make of it: tables that no sensor sends. */
#include <assert.h>

#include "base/error.h"
#include "server/inventory/state.h"

uint32_t inventory_asset_count(const struct inventory *inv)
{
	return inv->asset_ids.count;
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

struct inventory_runs inventory_held_runs(struct inventory *inv, uint32_t asset_number,
					  uint16_t table)
{
	struct asset *asset = state_asset(inv, asset_number);
	const struct held *held = asset == NULL ? NULL : state_held(asset, table);
	struct scratch *s = &inv->scratch;
	size_t count = 0;
	struct packed_reader r;
	struct packed_run run;

	if (held == NULL) {
		return (struct inventory_runs){ NULL, 0 };
	}
	r = packed_over(state_packed(held));
	while (packed_next(&r, &run)) {
		s->runs = state_room(s->runs, count, &s->run_capacity, sizeof *s->runs);
		s->runs[count++] = (struct inventory_run){ run.first, run.last };
	}
	return (struct inventory_runs){ s->runs, count };
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

/* Makes a derived table what scratch's wanted set holds. */
static int derive(struct inventory *inv, struct change_parts *parts, struct inventory_result *out,
		  struct why *why)
{
	struct span wanted = packed_end(&inv->scratch.wanted);
	const struct held *held = state_held(state_asset(inv, parts->asset), parts->table);
	int error;

	assert(schema_by_number(parts->table)->is_derived);
	*out = (struct inventory_result){ .outcome = INVENTORY_APPLIED };
	if (held != NULL) {
		parts->packed = state_packed(held);
		parts->count = held->count;
		parts->digest = held->digest;
	}
	/* a set has one form */
	if (span_equal(parts->packed, wanted)) {
		return 0;
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	error = change_to_set(inv, parts, wanted);
	if (error != 0) {
		return why_set(why, error, "the rows of an asset are damaged");
	}
	out->added = parts->added;
	out->removed = parts->removed;
	error = change_store(inv, parts, &out->change_no, why);
	return error == 0 ? 0 : inventory_abandon(inv, error);
}

int inventory_derive(struct inventory *inv, uint32_t asset, uint16_t table, const uint32_t *rows,
		     size_t count, int64_t now_ms, struct inventory_result *out, struct why *why)
{
	struct packed_writer *wanted = &inv->scratch.wanted;
	struct change_parts parts = {
		.asset = asset, .table = table, .now_ms = now_ms, .observed_ms = now_ms
	};

	packed_clear(wanted);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && rows[i] <= rows[i - 1]) {
			return why_set(why, ERR_CONFLICT, "derived rows do not rise");
		}
		packed_put(wanted, rows[i]);
	}
	return derive(inv, &parts, out, why);
}

int inventory_derive_runs(struct inventory *inv, uint32_t asset, uint16_t table,
			  const struct inventory_runs *runs, int64_t now_ms,
			  struct inventory_result *out, struct why *why)
{
	struct packed_writer *wanted = &inv->scratch.wanted;
	struct change_parts parts = {
		.asset = asset, .table = table, .now_ms = now_ms, .observed_ms = now_ms
	};

	packed_clear(wanted);
	for (size_t i = 0; i < runs->count; i++) {
		packed_put_run(wanted, runs->items[i].first, runs->items[i].last);
	}
	return derive(inv, &parts, out, why);
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
