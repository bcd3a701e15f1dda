/* inventory.c - opening, transactions, rows, figures. */
#include "server/inventory/inventory.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "server/inventory/state.h"
#include "sys/alloc.h"

/* --- opening: sets and holders as the file has them, then the tail of the history --- */

struct loading {
	struct inventory *inv;
	const struct table *table;
	uint64_t *upto; /* by asset number and table: the change up to which the file's set goes */
};

static int load_row(void *context, uint32_t number, const struct rowhash *hash)
{
	struct loading *loading = context;
	struct numbering *rows = &loading->inv->rows[loading->table->number];

	/* numbers are dense, because each transaction appends or is undone whole */
	if (number != rows->count) {
		return ERR_MALFORMED;
	}
	(void)numbering_add(rows, hash);
	return 0;
}

static int load_asset(void *context, const struct store_asset *asset)
{
	struct loading *loading = context;
	struct inventory *inv = loading->inv;
	struct rowhash key;

	if (asset->number != inv->asset_ids.count + 1 || !state_id_key(asset->id, &key)) {
		return ERR_MALFORMED;
	}
	(void)state_add_asset(inv, asset);
	return 0;
}

static int load_sensor(void *context, const struct inventory_sensor *sensor)
{
	struct loading *loading = context;
	struct rowhash key;

	if (!state_id_key(sensor->id, &key)) {
		return ERR_MALFORMED;
	}
	(void)state_add_sensor(loading->inv, sensor);
	return 0;
}

static uint64_t *upto_of(struct loading *loading, uint32_t asset, uint16_t table)
{
	return &loading->upto[(size_t)(asset - 1) * SCHEMA_TABLES_MAX + table];
}

static int load_set(void *context, const struct store_set *set)
{
	struct loading *loading = context;
	struct inventory *inv = loading->inv;
	struct asset *asset = state_asset(inv, set->asset);
	struct held *held;
	uint64_t count;

	if (asset == NULL || packed_count(set->packed, &count) != 0 || count != set->count ||
	    count > INVENTORY_ROWS_MAX) {
		return ERR_MALFORMED;
	}
	held = state_held_make(asset, set->table);
	held->seq = set->seq;
	held->count = (uint32_t)count;
	held->digest = set->digest;
	state_replace(inv, asset, held, set->packed);
	inv->rows_held += count;
	*upto_of(loading, set->asset, set->table) = set->upto;
	return 0;
}

/* Adds the rows' hashes to a digest, or takes them from it, and counts them. */
static int sum_rows(const struct numbering *rows, struct span packed, bool is_added,
		    struct digest *digest, int64_t *count)
{
	struct packed_reader r = packed_over(packed);
	struct packed_run run;

	while (packed_next(&r, &run)) {
		if (run.last >= rows->count) {
			return ERR_MALFORMED;
		}
		for (uint32_t row = run.first; row <= run.last; row++) {
			if (is_added) {
				digest_add(digest, numbering_key(rows, row));
			} else {
				digest_remove(digest, numbering_key(rows, row));
			}
			*count += is_added ? 1 : -1;
		}
	}
	return packed_done(&r) ? 0 : ERR_MALFORMED;
}

static int replay_change(struct loading *loading, struct asset *asset,
			 const struct store_change *change)
{
	struct inventory *inv = loading->inv;
	struct held *held = state_held_make(asset, change->table);
	const struct numbering *rows = &inv->rows[change->table];
	struct digest digest = held->digest;
	int64_t count = held->count;

	packed_clear(&inv->scratch.set);
	if (packed_merge(state_packed(held), change->removed, change->added, &inv->scratch.set) !=
		    0 ||
	    sum_rows(rows, change->removed, false, &digest, &count) != 0 ||
	    sum_rows(rows, change->added, true, &digest, &count) != 0) {
		return ERR_MALFORMED;
	}
	state_replace(inv, asset, held, packed_end(&inv->scratch.set));
	inv->rows_held += (uint64_t)(count - held->count);
	held->count = (uint32_t)count;
	held->digest = digest;
	if (change->seq > held->seq) {
		held->seq = change->seq;
	}
	state_note_dirty(inv, &(struct set_name){ change->asset, change->table }, held);
	return 0;
}

static int load_change(void *context, const struct store_change *change)
{
	struct loading *loading = context;
	struct inventory *inv = loading->inv;
	struct asset *asset = state_asset(inv, change->asset);

	if (asset == NULL || schema_by_number(change->table) == NULL ||
	    change->no != inv->last_no + 1) {
		return ERR_MALFORMED;
	}
	inv->last_no = change->no;
	asset->newest = change->no;
	/* a set may have been written after the tail began; its holders may not have been */
	state_note_change(inv, change);
	if (change->no <= *upto_of(loading, change->asset, change->table)) {
		return 0;
	}
	return replay_change(loading, asset, change);
}

static int load_all(struct inventory *inv, struct why *why)
{
	struct loading loading = { .inv = inv };
	int error = store_get_meta(inv->store, &inv->meta, why);

	for (size_t t = 0; error == 0 && schema_tables[t] != NULL; t++) {
		loading.table = schema_tables[t];
		error = store_each_row(inv->store, loading.table, load_row, &loading, why);
	}
	if (error == 0) {
		error = store_each_asset(inv->store, load_asset, &loading, why);
	}
	if (error == 0) {
		error = store_each_sensor(inv->store, load_sensor, &loading, why);
	}
	loading.upto = alloc_zeroed((size_t)inv->asset_ids.count * SCHEMA_TABLES_MAX,
				    sizeof *loading.upto);
	if (error == 0) {
		error = store_each_set(inv->store, load_set, &loading, why);
	}
	inv->last_no = inv->meta.tail_start;
	if (error == 0) {
		error = store_each_change(inv->store, inv->meta.tail_start, load_change, &loading,
					  why);
	}
	if (error == 0) {
		error = store_get_event_range(inv->store, &inv->last_event, &inv->dropped_events,
					      why);
	}
	if (error == 0) {
		error = store_get_event_limits(inv->store, &inv->event_limits, why);
	}
	free(loading.upto);
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		/* a checkpoint that was cut short may have put any of them */
		inv->new_rows[t] = inv->rows[t].count;
	}
	return error;
}

int inventory_open(const char *path, struct inventory **out, struct why *why)
{
	struct inventory *inv = alloc_zeroed(1, sizeof *inv);
	int error;

	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		numbering_init(&inv->rows[t]);
	}
	numbering_init(&inv->asset_ids);
	numbering_init(&inv->sensor_ids);
	inv->limits = checkpoint_limits_default;
	inv->event_limits = events_limits_default;
	packed_init(&inv->scratch.removed);
	packed_init(&inv->scratch.added);
	packed_init(&inv->scratch.set);
	packed_init(&inv->scratch.wanted);
	buffer_init(&inv->scratch.policies, POLICIES_BYTES_MAX);
	error = store_open(path, &inv->store, why);
	if (error == 0) {
		error = load_all(inv, why);
	}
	if (error != 0) {
		inventory_close(&inv);
		return error;
	}
	*out = inv;
	return 0;
}

static void free_memory(struct inventory *inv)
{
	undo_done(inv);
	tail_done(&inv->tail);
	tail_done(&inv->checkpoint.tail);
	for (uint32_t i = 0; i < inv->asset_ids.count; i++) {
		for (unsigned h = 0; h < inv->assets[i].held_count; h++) {
			free(inv->assets[i].held[h].packed);
		}
		free(inv->assets[i].held);
	}
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		numbering_done(&inv->rows[t]);
	}
	numbering_done(&inv->asset_ids);
	numbering_done(&inv->sensor_ids);
	free(inv->assets);
	free(inv->sensors);
	free(inv->dirty_sensors);
	free(inv->scratch.hashes);
	free(inv->scratch.adds.items);
	free(inv->scratch.removes.items);
	free(inv->scratch.missing);
	free(inv->scratch.rows);
	packed_free(&inv->scratch.removed);
	packed_free(&inv->scratch.added);
	packed_free(&inv->scratch.set);
	packed_free(&inv->scratch.wanted);
	free(inv->scratch.runs);
	buffer_done(&inv->scratch.policies);
}

void inventory_close(struct inventory **inventory)
{
	struct inventory *inv = *inventory;

	if (inv == NULL) {
		return;
	}
	/* where the commit fails, nobody was told that it is durable */
	if (inv->store != NULL && inventory_commit(inv, NULL) == 0) {
		while (inventory_tidy(inv)) {
		}
	}
	store_close(&inv->store);
	free_memory(inv);
	free(inv);
	*inventory = NULL;
}

/* --- transactions --- */

int inventory_begin(struct inventory *inv, struct why *why)
{
	bool is_done = true;
	int error;

	if (inv->is_open) {
		return 0;
	}
	if (checkpoint_is_due(inv) && checkpoint_slice(inv, &is_done, NULL) != 0) {
		/* a full disk, perhaps: the tail only stays longer, and the commit will tell */
		is_done = false;
	}
	error = store_begin(inv->store, why);
	if (error != 0) {
		return error;
	}
	inv->is_open = true;
	inv->transaction++;
	undo_begin(inv);
	return 0;
}

bool inventory_is_open(const struct inventory *inv)
{
	return inv->is_open;
}

int inventory_abandon(struct inventory *inv, int error)
{
	store_rest(inv->store);
	if (inv->is_open) {
		store_rollback(inv->store);
		undo_all(inv);
		inv->is_open = false;
	}
	return error;
}

void inventory_undo(struct inventory *inv)
{
	(void)inventory_abandon(inv, 0);
}

static int put_sensors(struct inventory *inv, struct why *why)
{
	for (size_t i = 0; i < inv->dirty_sensor_count; i++) {
		const struct sensor *sensor = &inv->sensors[inv->dirty_sensors[i]];
		int error = store_put_sensor(inv->store, &sensor->is, why);

		if (error != 0) {
			return error;
		}
	}
	return 0;
}

int inventory_commit(struct inventory *inv, struct why *why)
{
	int error;

	store_rest(inv->store);
	if (!inv->is_open) {
		return 0;
	}
	error = put_sensors(inv, why);
	if (error == 0 && inv->is_meta_dirty) {
		error = store_put_meta(inv->store, &inv->meta, why);
	}
	if (error == 0) {
		error = store_commit(inv->store, why);
	}
	if (error != 0) {
		return inventory_abandon(inv, error);
	}
	for (size_t i = 0; i < inv->dirty_sensor_count; i++) {
		struct sensor *sensor = &inv->sensors[inv->dirty_sensors[i]];

		sensor->is_dirty = false;
		sensor->stored_seen_ms = sensor->is.last_seen_ms;
	}
	inv->dirty_sensor_count = 0;
	inv->is_meta_dirty = false;
	inv->is_open = false;
	undo_forget(inv);
	return 0;
}

bool inventory_tidy(struct inventory *inv)
{
	bool is_done = true;

	if (inv->is_open) {
		return false;
	}
	if (inv->dirty_sensor_count > 0 &&
	    (inventory_begin(inv, NULL) != 0 || inventory_commit(inv, NULL) != 0)) {
		return false;
	}
	if (checkpoint_slice(inv, &is_done, NULL) != 0) {
		return false;
	}
	if (is_done) {
		store_settle(inv->store);
	}
	return !is_done;
}

/* --- assets --- */

int inventory_asset(struct inventory *inv, const char *sensor_id, int64_t now_ms,
		    uint32_t *out_asset, struct why *why)
{
	struct store_asset asset = { .first_seen_ms = now_ms };
	struct rowhash key;
	uint32_t index;
	int error;

	if (!state_id_key(sensor_id, &key)) {
		return why_set(why, ERR_USAGE, "an id has 16 lower-case hexadecimal digits");
	}
	if (numbering_find(&inv->asset_ids, &key, &index)) {
		*out_asset = index + 1;
		return 0;
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	asset.number = inv->asset_ids.count + 1;
	for (size_t i = 0; i < sizeof key.bytes; i++) {
		asset.id[i] = sensor_id[i];
	}
	error = store_put_asset(inv->store, &asset, why);
	if (error != 0) {
		return inventory_abandon(inv, error);
	}
	(void)state_add_asset(inv, &asset);
	*out_asset = asset.number;
	return 0;
}

struct digest inventory_digest(struct inventory *inv, uint32_t number, uint16_t table)
{
	struct asset *asset = state_asset(inv, number);
	const struct held *held = asset != NULL ? state_held(asset, table) : NULL;

	return held != NULL ? held->digest : (struct digest){ 0, 0 };
}

void inventory_welcome(struct inventory *inv, uint32_t number, struct message_welcome *out)
{
	struct asset *asset = state_asset(inv, number);

	out->table_count = 0;
	for (unsigned i = 0; asset != NULL && i < asset->held_count; i++) {
		const struct held *held = &asset->held[i];
		const struct table *table = schema_by_number(held->table);

		if (table != NULL && table->is_derived) {
			continue; /* not the sensor's */
		}
		assert(out->table_count < MESSAGE_TABLES_MAX);
		out->tables[out->table_count++] = (struct message_welcome_table){
			.table = held->table,
			.seq = held->seq,
			.count = held->count,
			.digest = held->digest,
		};
	}
}

/* --- figures and the check of everything --- */

static uint64_t memory_bytes(const struct inventory *inv)
{
	uint64_t bytes = inv->packed_bytes + numbering_bytes(&inv->asset_ids) +
			 numbering_bytes(&inv->sensor_ids) +
			 inv->asset_capacity * sizeof *inv->assets +
			 inv->sensor_capacity * sizeof *inv->sensors;

	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		bytes += numbering_bytes(&inv->rows[t]);
		bytes += inv->tail.pairs[t].capacity * sizeof *inv->tail.pairs[t].items;
	}
	for (uint32_t i = 0; i < inv->asset_ids.count; i++) {
		bytes += inv->assets[i].held_count * sizeof *inv->assets[i].held;
	}
	return bytes;
}

void inventory_figures(struct inventory *inv, struct inventory_figures *out)
{
	uint64_t distinct = 0;

	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		distinct += inv->rows[t].count;
	}
	*out = (struct inventory_figures){
		.assets = inv->asset_ids.count,
		.sensors = inv->sensor_ids.count,
		.rows_distinct = distinct,
		.rows_held = inv->rows_held,
		.last_change_no = inv->last_no,
		.disagreements = inv->meta.disagreements,
		.batches = inv->batches,
		.events = inv->last_event,
		.events_kept = inv->last_event - inv->dropped_events,
		.event_gaps = inv->event_gaps,
		.unknown_events = inv->unknown_events,
		.memory_bytes = memory_bytes(inv),
	};
}

static int verify_held(const struct inventory *inv, const struct held *held)
{
	struct digest digest = { 0, 0 };
	int64_t count = 0;

	if (sum_rows(&inv->rows[held->table], state_packed(held), true, &digest, &count) != 0 ||
	    count != held->count || !digest_equal(digest, held->digest)) {
		return ERR_CONFLICT;
	}
	return 0;
}

int inventory_verify(struct inventory *inv, struct why *why)
{
	for (uint32_t i = 0; i < inv->asset_ids.count; i++) {
		for (unsigned h = 0; h < inv->assets[i].held_count; h++) {
			if (verify_held(inv, &inv->assets[i].held[h]) != 0) {
				return why_set(why, ERR_CONFLICT,
					       "asset %s: the rows of table %u do not sum up to "
					       "their digest",
					       inv->assets[i].id, inv->assets[i].held[h].table);
			}
		}
	}
	return 0;
}
