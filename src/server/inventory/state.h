/*
 * state.h - what the inventory holds in memory; shared by the files of this folder only.
 *
 * Between transactions memory equals the file: sets + tail. Within one, `undo` holds what it takes
 * to go back to that.
 */
#pragma once

#include "server/inventory/inventory.h"
#include "server/inventory/numbering.h"
#include "server/store/packed.h"
#include "server/store/store.h"

/* What one asset holds of one table. */
struct held {
	uint16_t table;
	bool is_dirty; /* the file's set lags behind the history */
	uint32_t count;
	uint32_t packed_len;
	uint32_t transaction; /* the one that touched it last */
	uint64_t seq;
	struct digest digest;
	uint8_t *packed;
};

struct asset {
	char id[INVENTORY_ID_SIZE];
	uint8_t held_count;
	struct held *held;      /* by table */
	uint64_t newest;        /* its newest change */
	uint64_t stored_newest; /* as the file's asset record says */
	int64_t first_seen_ms;
};

struct sensor {
	struct inventory_sensor is;
	bool is_dirty;
	int64_t stored_seen_ms;
};

struct set_name {
	uint32_t asset;
	uint16_t table;
};

/* One row of one asset came or went: row << 32 | asset << 1 | is_added. */
struct pairs {
	uint64_t *items;
	size_t count;
	size_t capacity;
};

/* What lies between the file's sets and holders and the newest change. */
struct tail {
	uint64_t records;
	size_t pair_count;
	struct pairs pairs[SCHEMA_TABLES_MAX];
	struct set_name *dirty;
	size_t dirty_count;
	size_t dirty_capacity;
};

/* When the tail is shortened, and how much at a time. */
struct checkpoint_limits {
	uint64_t records_max; /* due even while batches come */
	size_t pairs_max;
	uint64_t records_least; /* below both, a quiet moment is left quiet */
	size_t pairs_least;
	size_t slice_sets;
	size_t slice_rows;
};
extern const struct checkpoint_limits checkpoint_limits_default;

/* A tail that is being written into sets and holders, slice by slice. */
struct checkpoint {
	bool is_running;
	uint64_t target; /* the newest change of that tail */
	struct tail tail;
	size_t next_set;
	unsigned next_table;
	size_t next_pair;
	uint32_t
		new_rows[SCHEMA_TABLES_MAX]; /* rows from here on have no holders in the file yet */
};

struct undo_held {
	struct set_name name;
	bool was_there;
	uint64_t newest;
	struct held before;
};

struct undo_sensor {
	uint32_t index;
	struct sensor before;
};

struct undo {
	struct undo_held *held;
	size_t held_count;
	size_t held_capacity;
	struct undo_sensor *sensors;
	size_t sensor_change_count;
	size_t sensor_change_capacity;
	/* as they were when the transaction began */
	uint32_t rows[SCHEMA_TABLES_MAX];
	size_t pairs[SCHEMA_TABLES_MAX];
	uint64_t records;
	size_t pair_count;
	size_t dirty_count;
	uint32_t asset_count;
	uint32_t sensor_count;
	uint64_t last_no;
	uint64_t rows_held;
	uint64_t last_event;
	struct store_meta meta;
};

struct numbers {
	uint64_t *items;
	size_t count;
	size_t capacity;
};

struct inline_row {
	struct rowhash hash;
	struct span bytes;
};

/* Memory of apply, kept from batch to batch. */
struct scratch {
	struct rowhash *hashes; /* the batch's adds */
	size_t hash_count;
	size_t hash_capacity;
	struct numbers adds;
	struct numbers removes;
	struct rowhash *missing;
	size_t missing_count;
	size_t missing_capacity;
	struct inline_row *rows;
	size_t row_count;
	size_t row_capacity;
	struct packed_writer removed;
	struct packed_writer added;
	struct packed_writer set;
	struct packed_writer wanted; /* of a derived table */
	struct inventory_run *runs;
	size_t run_capacity;
	char reason[256];
	struct buffer policies; /* those that apply to an asset, end to end, and the merged one */
};

struct inventory {
	struct store *store;
	bool is_open;
	uint32_t transaction;
	struct numbering rows[SCHEMA_TABLES_MAX];
	uint32_t indexed[SCHEMA_TABLES_MAX];  /* rows below it are in the file's indexes */
	uint32_t new_rows[SCHEMA_TABLES_MAX]; /* rows from here on came since the last checkpoint
						 began */
	struct numbering asset_ids;
	struct asset *assets; /* asset number - 1 */
	uint32_t asset_capacity;
	struct numbering sensor_ids;
	struct sensor *sensors;
	uint32_t sensor_capacity;
	uint32_t *dirty_sensors;
	size_t dirty_sensor_count;
	size_t dirty_sensor_capacity;
	struct store_meta meta;
	bool is_meta_dirty;
	uint64_t last_no;
	uint64_t rows_held;
	uint64_t packed_bytes;
	uint64_t batches;
	uint64_t last_event;     /* the newest event's number */
	uint64_t dropped_events; /* the number of the newest that is not kept any more */
	uint64_t event_gaps;     /* since the start */
	uint64_t unknown_events;
	struct store_event_limits event_limits;
	struct tail tail;
	struct checkpoint_limits limits;
	struct checkpoint checkpoint;
	struct undo undo;
	struct scratch scratch;
};

/* Room for one more element; returns the array, moved where it had to grow. */
void *state_grow(void *array, size_t *capacity, size_t element_size);
static inline void *state_room(void *array, size_t count, size_t *capacity, size_t element_size)
{
	return count < *capacity ? array : state_grow(array, capacity, element_size);
}

/* NULL where there is none. */
struct asset *state_asset(struct inventory *inv, uint32_t number);
struct held *state_held(struct asset *asset, uint16_t table);

/* Makes an empty one where there is none. */
struct held *state_held_make(struct asset *asset, uint16_t table);
struct span state_packed(const struct held *held);

/* Gives a held a new packed set; remembers the old one where this transaction touches it first.
 * The span may be the held's own. */
void state_replace(struct inventory *inv, struct asset *asset, struct held *held,
		   struct span packed);

/* Remembers a change that the file's sets and holders do not have yet. */
void state_note_change(struct inventory *inv, const struct store_change *change);
void state_note_dirty(struct inventory *inv, const struct set_name *name, struct held *held);

/* An asset with the next number. */
struct asset *state_add_asset(struct inventory *inv, const struct store_asset *asset);
struct sensor *state_add_sensor(struct inventory *inv, const struct inventory_sensor *sensor);

/* NULL where there is none, or where the id is none. */
struct sensor *state_sensor(struct inventory *inv, const char *id);
bool state_id_key(const char *id, struct rowhash *out);
void state_note_sensor(struct inventory *inv, struct sensor *sensor);

void tail_done(struct tail *tail);

/* Appends. */
void state_push(struct numbers *list, uint64_t number);

/* change.c: one change to be made. packed, count, digest: as held before; change_pack and
 * change_to_set move the last two on to what they are afterwards. */
struct change_parts {
	uint32_t asset;
	uint16_t table;
	uint64_t seq;
	int64_t now_ms;
	int64_t observed_ms;
	struct span packed;
	uint64_t count;
	struct digest digest;
	uint64_t removed; /* how many rows go and come */
	uint64_t added;
	const char *problem; /* where change_pack says no */
};

/* Packs scratch's adds and removes, both sorted, and what is held then. False where they do not
 * fit. */
bool change_pack(struct inventory *inv, struct change_parts *parts);

/* The same from what is to be held, packed. ERR_MALFORMED. */
MUST_USE int change_to_set(struct inventory *inv, struct change_parts *parts, struct span packed);

/* Writes it, and follows in memory. On an error: abandon. */
MUST_USE int change_store(struct inventory *inv, const struct change_parts *parts, uint64_t *out_no,
			  struct why *why);

/* undo.c: from here on changes can be taken back; take them back; forget them. */
void undo_begin(struct inventory *inv);
void undo_all(struct inventory *inv);
void undo_forget(struct inventory *inv);
void undo_done(struct inventory *inv);
void undo_note_sensor(struct inventory *inv, const struct sensor *sensor);

/* Rolls the transaction back, in the file and in memory. Returns error, for one-statement failures.
 */
int inventory_abandon(struct inventory *inv, int error);

/* Interns one row of which the hash is known not to be there. ERR_MALFORMED, ERR_UNSUPPORTED,
 * ERR_LIMIT for a row that does not follow the schema (nothing was written). Else an error of the
 * store: abandon. */
MUST_USE int intern_row(struct inventory *inv, const struct table *table,
			const struct rowhash *hash, struct span bytes, bool *out_is_bad_row,
			uint32_t *out_number, struct why *why);

/* checkpoint.c: the tail has grown so long that it should be shortened now. */
bool checkpoint_is_due(const struct inventory *inv);

/* Writes one slice in a transaction of its own; is_done when nothing is left. No transaction may be
 * open. */
MUST_USE int checkpoint_slice(struct inventory *inv, bool *out_is_done, struct why *why);

/* policies.c: an asset's policies and the merged one. */
#define POLICIES_BYTES_MAX ((INVENTORY_TAGS_MAX + 2) * (size_t)MESSAGE_POLICY_MAX)

/* events.c */
extern const struct store_event_limits events_limits_default;

/* sort.c */
void sort_numbers(uint64_t *items, size_t count);
