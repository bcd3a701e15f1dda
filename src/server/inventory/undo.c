/* undo.c - what it takes to make memory equal the file again when a transaction fails. */
#include <stdlib.h>
#include <string.h>

#include "server/inventory/state.h"
#include "sys/alloc.h"

void undo_begin(struct inventory *inv)
{
	struct undo *undo = &inv->undo;

	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		undo->rows[t] = inv->rows[t].count;
		undo->pairs[t] = inv->tail.pairs[t].count;
	}
	undo->records = inv->tail.records;
	undo->pair_count = inv->tail.pair_count;
	undo->dirty_count = inv->tail.dirty_count;
	undo->asset_count = inv->asset_ids.count;
	undo->sensor_count = inv->sensor_ids.count;
	undo->last_no = inv->last_no;
	undo->rows_held = inv->rows_held;
	undo->last_event = inv->last_event;
	undo->meta = inv->meta;
}

void undo_note_sensor(struct inventory *inv, const struct sensor *sensor)
{
	struct undo *undo = &inv->undo;

	undo->sensors = state_room(undo->sensors, undo->sensor_change_count,
				   &undo->sensor_change_capacity, sizeof *undo->sensors);
	undo->sensors[undo->sensor_change_count++] =
		(struct undo_sensor){ (uint32_t)(sensor - inv->sensors), *sensor };
}

static void remove_held(struct asset *asset, struct held *held)
{
	size_t index = (size_t)(held - asset->held);

	free(held->packed);
	asset->held_count--;
	memmove(held, held + 1, (asset->held_count - index) * sizeof *held);
}

static void undo_held(struct inventory *inv, const struct undo_held *entry)
{
	struct asset *asset = state_asset(inv, entry->name.asset);
	struct held *held = state_held(asset, entry->name.table);

	inv->packed_bytes -= held->packed_len;
	asset->newest = entry->newest;
	if (entry->was_there) {
		free(held->packed);
		*held = entry->before;
		inv->packed_bytes += held->packed_len;
	} else {
		remove_held(asset, held);
	}
}

static void undo_sensors(struct inventory *inv)
{
	struct undo *undo = &inv->undo;
	size_t kept = 0;

	for (size_t i = undo->sensor_change_count; i > 0; i--) {
		const struct undo_sensor *entry = &undo->sensors[i - 1];
		bool is_dirty = inv->sensors[entry->index].is_dirty;

		inv->sensors[entry->index] = entry->before;
		inv->sensors[entry->index].is_dirty = is_dirty;
	}
	for (size_t i = 0; i < inv->dirty_sensor_count; i++) {
		if (inv->dirty_sensors[i] < undo->sensor_count) {
			inv->dirty_sensors[kept++] = inv->dirty_sensors[i];
		}
	}
	inv->dirty_sensor_count = kept;
	numbering_truncate(&inv->sensor_ids, undo->sensor_count);
}

void undo_all(struct inventory *inv)
{
	struct undo *undo = &inv->undo;

	for (size_t i = undo->held_count; i > 0; i--) {
		undo_held(inv, &undo->held[i - 1]);
	}
	undo->held_count = 0;
	for (uint32_t i = undo->asset_count; i < inv->asset_ids.count; i++) {
		free(inv->assets[i].held);
	}
	numbering_truncate(&inv->asset_ids, undo->asset_count);
	undo_sensors(inv);
	undo->sensor_change_count = 0;
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		numbering_truncate(&inv->rows[t], undo->rows[t]);
		inv->tail.pairs[t].count = undo->pairs[t];
	}
	inv->tail.records = undo->records;
	inv->tail.pair_count = undo->pair_count;
	inv->tail.dirty_count = undo->dirty_count;
	inv->last_no = undo->last_no;
	inv->rows_held = undo->rows_held;
	inv->last_event = undo->last_event;
	inv->meta = undo->meta;
}

void undo_forget(struct inventory *inv)
{
	struct undo *undo = &inv->undo;

	for (size_t i = 0; i < undo->held_count; i++) {
		free(undo->held[i].before.packed);
	}
	undo->held_count = 0;
	undo->sensor_change_count = 0;
}

void undo_done(struct inventory *inv)
{
	undo_forget(inv);
	free(inv->undo.held);
	free(inv->undo.sensors);
}
