/* change.c - one change of one asset's table: packed, written to the history, and followed in
 * memory.
 */
#include "server/inventory/state.h"

void state_push(struct numbers *list, uint64_t number)
{
	list->items = state_room(list->items, list->count, &list->capacity, sizeof *list->items);
	list->items[list->count++] = number;
}

/* Packs sorted numbers; false where one is there twice. */
static bool pack(const struct numbers *numbers, struct packed_writer *out)
{
	packed_clear(out);
	for (size_t i = 0; i < numbers->count; i++) {
		if (i > 0 && numbers->items[i] == numbers->items[i - 1]) {
			return false;
		}
		packed_put(out, (uint32_t)numbers->items[i]);
	}
	return true;
}

bool change_pack(struct inventory *inv, struct change_parts *parts)
{
	struct scratch *s = &inv->scratch;
	const struct numbering *rows = &inv->rows[parts->table];

	packed_clear(&s->set);
	if (!pack(&s->removes, &s->removed) || !pack(&s->adds, &s->added)) {
		parts->problem = "a row is named twice";
		return false;
	}
	if (packed_merge(parts->packed, packed_end(&s->removed), packed_end(&s->added), &s->set) !=
	    0) {
		parts->problem = "the difference does not fit what is held";
		return false;
	}
	for (size_t i = 0; i < s->removes.count; i++) {
		digest_remove(&parts->digest, numbering_key(rows, (uint32_t)s->removes.items[i]));
	}
	for (size_t i = 0; i < s->adds.count; i++) {
		digest_add(&parts->digest, numbering_key(rows, (uint32_t)s->adds.items[i]));
	}
	parts->count += s->adds.count - s->removes.count;
	return true;
}

int change_store(struct inventory *inv, const struct change_parts *parts, uint64_t *out_no,
		 struct why *why)
{
	struct scratch *s = &inv->scratch;
	struct asset *asset = state_asset(inv, parts->asset);
	struct store_change change = {
		.no = inv->last_no + 1,
		.at_ms = parts->now_ms,
		.observed_ms = parts->observed_ms,
		.asset = parts->asset,
		.table = parts->table,
		.seq = parts->seq,
		.previous = asset->newest,
		.removed = packed_end(&s->removed),
		.added = packed_end(&s->added),
	};
	struct held *held;
	int error = store_put_change(inv->store, &change, why);

	if (error != 0) {
		return error;
	}
	held = state_held_make(asset, change.table);
	state_replace(inv, asset, held, packed_end(&s->set));
	state_note_change(inv, &change);
	state_note_dirty(inv, &(struct set_name){ change.asset, change.table }, held);
	held->seq = change.seq;
	held->count = (uint32_t)parts->count;
	held->digest = parts->digest;
	inv->last_no = change.no;
	inv->rows_held += s->adds.count;
	inv->rows_held -= s->removes.count;
	asset->newest = change.no;
	*out_no = change.no;
	return 0;
}
