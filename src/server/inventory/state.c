/* state.c - assets, sensors and sets in memory. */
#include "server/inventory/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sys/alloc.h"

void *state_grow(void *array, size_t *capacity, size_t element_size)
{
	*capacity = *capacity < 8 ? 16 : *capacity * 2;
	return alloc_resize(array, *capacity, element_size);
}

struct asset *state_asset(struct inventory *inv, uint32_t number)
{
	return number >= 1 && number <= inv->asset_ids.count ? &inv->assets[number - 1] : NULL;
}

struct held *state_held(struct asset *asset, uint16_t table)
{
	for (unsigned i = 0; i < asset->held_count; i++) {
		if (asset->held[i].table == table) {
			return &asset->held[i];
		}
	}
	return NULL;
}

struct held *state_held_make(struct asset *asset, uint16_t table)
{
	struct held *held = state_held(asset, table);
	unsigned at = 0;

	if (held != NULL) {
		return held;
	}
	asset->held = alloc_resize(asset->held, (size_t)asset->held_count + 1, sizeof *asset->held);
	while (at < asset->held_count && asset->held[at].table < table) {
		at++;
	}
	memmove(&asset->held[at + 1], &asset->held[at],
		(asset->held_count - at) * sizeof *asset->held);
	asset->held[at] = (struct held){ .table = table };
	asset->held_count++;
	return &asset->held[at];
}

struct span state_packed(const struct held *held)
{
	return (struct span){ held->packed, held->packed_len };
}

void state_replace(struct inventory *inv, struct asset *asset, struct held *held,
		   struct span packed)
{
	struct undo *undo = &inv->undo;
	uint8_t *copy = alloc_resize(NULL, packed.len, 1);

	mem_copy(copy, packed.ptr, packed.len);
	inv->packed_bytes += packed.len;
	inv->packed_bytes -= held->packed_len;
	if (inv->is_open && held->transaction != inv->transaction) {
		undo->held = state_room(undo->held, undo->held_count, &undo->held_capacity,
					sizeof *undo->held);
		undo->held[undo->held_count++] = (struct undo_held){
			.name = { (uint32_t)(asset - inv->assets) + 1, held->table },
			.was_there = held->packed != NULL,
			.newest = asset->newest,
			.before = *held,
		};
		held->transaction = inv->transaction;
	} else {
		free(held->packed);
	}
	held->packed = copy;
	held->packed_len = (uint32_t)packed.len;
}

static void note_pairs(struct inventory *inv, const struct store_change *change, struct span rows,
		       bool is_added)
{
	struct pairs *pairs = &inv->tail.pairs[change->table];
	struct packed_reader r = packed_over(rows);
	struct packed_run run;

	while (packed_next(&r, &run)) {
		for (uint64_t row = run.first; row <= run.last; row++) {
			pairs->items = state_room(pairs->items, pairs->count, &pairs->capacity,
						  sizeof *pairs->items);
			pairs->items[pairs->count++] =
				row << 32 | (uint64_t)change->asset << 1 | is_added;
			inv->tail.pair_count++;
		}
	}
}

void state_note_change(struct inventory *inv, const struct store_change *change)
{
	note_pairs(inv, change, change->removed, false);
	note_pairs(inv, change, change->added, true);
	inv->tail.records++;
}

void state_note_dirty(struct inventory *inv, const struct set_name *name, struct held *held)
{
	struct tail *tail = &inv->tail;

	if (held->is_dirty) {
		return;
	}
	held->is_dirty = true;
	tail->dirty = state_room(tail->dirty, tail->dirty_count, &tail->dirty_capacity,
				 sizeof *tail->dirty);
	tail->dirty[tail->dirty_count++] = *name;
}

bool state_id_key(const char *id, struct rowhash *out)
{
	struct span text = span_of(id);

	if (text.len != sizeof out->bytes) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		bool is_hex = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');

		if (!is_hex) {
			return false;
		}
	}
	mem_copy(out->bytes, text.ptr, text.len);
	return true;
}

struct asset *state_add_asset(struct inventory *inv, const struct store_asset *asset)
{
	struct rowhash key;
	size_t capacity = inv->asset_capacity;
	bool is_id = state_id_key(asset->id, &key);
	uint32_t index;

	assert(is_id);
	inv->assets = state_room(inv->assets, inv->asset_ids.count, &capacity, sizeof *inv->assets);
	inv->asset_capacity = (uint32_t)capacity;
	index = numbering_add(&inv->asset_ids, &key);
	inv->assets[index] = (struct asset){
		.newest = asset->newest,
		.stored_newest = asset->newest,
		.first_seen_ms = asset->first_seen_ms,
	};
	mem_copy(inv->assets[index].id, asset->id, sizeof asset->id);
	return &inv->assets[index];
}

struct sensor *state_add_sensor(struct inventory *inv, const struct inventory_sensor *sensor)
{
	struct rowhash key;
	size_t capacity = inv->sensor_capacity;
	bool is_id = state_id_key(sensor->id, &key);
	uint32_t index;

	assert(is_id);
	inv->sensors =
		state_room(inv->sensors, inv->sensor_ids.count, &capacity, sizeof *inv->sensors);
	inv->sensor_capacity = (uint32_t)capacity;
	index = numbering_add(&inv->sensor_ids, &key);
	inv->sensors[index] =
		(struct sensor){ .is = *sensor, .stored_seen_ms = sensor->last_seen_ms };
	return &inv->sensors[index];
}

struct sensor *state_sensor(struct inventory *inv, const char *id)
{
	struct rowhash key;
	uint32_t index;

	if (!state_id_key(id, &key) || !numbering_find(&inv->sensor_ids, &key, &index)) {
		return NULL;
	}
	return &inv->sensors[index];
}

void state_note_sensor(struct inventory *inv, struct sensor *sensor)
{
	if (sensor->is_dirty) {
		return;
	}
	sensor->is_dirty = true;
	inv->dirty_sensors = state_room(inv->dirty_sensors, inv->dirty_sensor_count,
					&inv->dirty_sensor_capacity, sizeof *inv->dirty_sensors);
	inv->dirty_sensors[inv->dirty_sensor_count++] = (uint32_t)(sensor - inv->sensors);
}

void tail_done(struct tail *tail)
{
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		free(tail->pairs[t].items);
	}
	free(tail->dirty);
	*tail = (struct tail){ .records = 0 };
}
