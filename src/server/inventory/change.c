/* change.c - one change of one asset's table: packed, written to the history, and followed in
 * memory.
 */
#include "base/error.h"
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

/* Of the rows of a packed set: how many there are; their hashes go into the digest or leave it. */
static uint64_t sum(const struct numbering *rows, struct span packed, bool is_added,
		    struct digest *digest)
{
	struct packed_reader r = packed_over(packed);
	struct packed_run run;
	uint64_t count = 0;

	while (packed_next(&r, &run)) {
		count += (uint64_t)run.last - run.first + 1;
		for (uint64_t row = run.first; row <= run.last; row++) {
			const struct rowhash *hash = numbering_key(rows, (uint32_t)row);

			if (is_added) {
				digest_add(digest, hash);
			} else {
				digest_remove(digest, hash);
			}
		}
	}
	return count;
}

static void sum_difference(struct inventory *inv, struct change_parts *parts)
{
	struct scratch *s = &inv->scratch;
	const struct numbering *rows = &inv->rows[parts->table];

	parts->removed = sum(rows, packed_end(&s->removed), false, &parts->digest);
	parts->added = sum(rows, packed_end(&s->added), true, &parts->digest);
	parts->count += parts->added - parts->removed;
}

bool change_pack(struct inventory *inv, struct change_parts *parts)
{
	struct scratch *s = &inv->scratch;

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
	sum_difference(inv, parts);
	return true;
}

int change_to_set(struct inventory *inv, struct change_parts *parts, struct span packed)
{
	struct scratch *s = &inv->scratch;
	struct packed_reader r = packed_over(packed);
	struct packed_run run;

	packed_clear(&s->removed);
	packed_clear(&s->added);
	packed_clear(&s->set);
	if (packed_difference(parts->packed, packed, &s->removed) != 0 ||
	    packed_difference(packed, parts->packed, &s->added) != 0) {
		return ERR_MALFORMED;
	}
	while (packed_next(&r, &run)) {
		packed_put_run(&s->set, run.first, run.last);
	}
	sum_difference(inv, parts);
	return 0;
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
	inv->rows_held += parts->added;
	inv->rows_held -= parts->removed;
	asset->newest = change.no;
	*out_no = change.no;
	return 0;
}
