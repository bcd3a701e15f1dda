/* snapshot.c - opening a file for reading, and following its history from snapshot to snapshot. */
#include "server/store/sqlite/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/store/sqlite/layout.h"
#include "sys/alloc.h"

/* No set that is read may be larger, whatever the file says. */
#define NUMBERS_MAX (1u << 26)

struct snapshot_asset {
	char id[INVENTORY_ID_SIZE];
	char *name;           /* NULL: not asked for yet */
	uint64_t tail_newest; /* the newest change seen in a tail */
};

static int prepare_all(struct snapshot *s)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} list[] = {
		{ &s->get_tail_start, "SELECT coalesce((SELECT value FROM _meta"
				      " WHERE key='tail_start'), 0)" },
		{ &s->get_tail,
		  "SELECT " SNAPSHOT_CHANGE_COLUMNS " FROM _changes WHERE no > ? ORDER BY no" },
		{ &s->get_assets, "SELECT asset, id FROM _assets WHERE asset > ? ORDER BY asset" },
		{ &s->get_asset, "SELECT asset FROM _assets WHERE id=?" },
		{ &s->get_newest, "SELECT newest FROM _assets WHERE asset=?" },
		{ &s->get_set, "SELECT upto, packed FROM _sets WHERE id=?" },
		{ &s->get_change, "SELECT " SNAPSHOT_CHANGE_COLUMNS " FROM _changes WHERE no=?" },
		{ &s->get_counts, "SELECT id, count, upto FROM _sets WHERE id BETWEEN ? AND ?" },
		{ &s->get_holders, "SELECT packed FROM _holders WHERE id=?" },
		{ &s->get_hostname, "SELECT hostname FROM _rows_os WHERE _row=?" },
		{ &s->get_joined_address, "SELECT address FROM _rows_asset_joins WHERE _row=?" },
		{ &s->get_scanned_name,
		  "SELECT coalesce(json_extract(names, '$[0]'), address) FROM "
		  "_rows_scanned_hosts WHERE _row=?" },
	};

	for (size_t i = 0; i < COUNT_OF(list); i++) {
		int error = database_prepare(s->db, list[i].sql, list[i].statement, &s->why);

		if (error != 0) {
			return error;
		}
	}
	return 0;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

int snapshot_open(const char *path, struct snapshot **out, struct why *why)
{
	struct snapshot *s;
	int64_t application = 0;
	int error;

	if (!is_file(path)) {
		return why_set(why, ERR_NOT_FOUND, "nothing is stored yet");
	}
	s = alloc_zeroed(1, sizeof *s);
	error = database_open(path, SQLITE_OPEN_READONLY, &s->db, &s->why);
	if (error == 0) {
		error = database_number(s->db, "PRAGMA application_id", 0, &application, &s->why);
	}
	if (error == 0 && application != LAYOUT_APPLICATION) {
		error = why_set(&s->why, ERR_NOT_FOUND, "nothing is stored yet");
	}
	if (error == 0) {
		error = database_run(s->db, "PRAGMA temp_store=MEMORY;PRAGMA cache_size=-16384",
				     &s->why);
	}
	if (error == 0) {
		error = prepare_all(s);
	}
	if (error != 0) {
		(void)why_set(why, error, "%s", s->why.text);
		snapshot_close(&s);
		return error;
	}
	*out = s;
	return 0;
}

static void drop_tail(struct snapshot *s)
{
	for (size_t i = 0; i < s->tail_count; i++) {
		free(s->tail[i].sets);
	}
	s->tail_count = 0;
}

static void drop_names(struct snapshot *s)
{
	for (uint32_t i = 0; i < s->asset_count; i++) {
		alloc_free(&s->assets[i].name);
	}
}

void snapshot_close(struct snapshot **snapshot)
{
	struct snapshot *s = *snapshot;
	sqlite3_stmt *statement;

	if (s == NULL) {
		return;
	}
	while (s->db != NULL && (statement = sqlite3_next_stmt(s->db, NULL)) != NULL) {
		(void)sqlite3_finalize(statement);
	}
	database_close(&s->db);
	drop_tail(s);
	drop_names(s);
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		free(s->pairs[t].items);
	}
	free(s->tail);
	free(s->assets);
	free(s);
	*snapshot = NULL;
}

/* --- following the file --- */

static int failed(struct snapshot *s)
{
	return database_error(s->db, "reading the inventory", &s->why);
}

static int damaged(struct snapshot *s)
{
	return why_set(&s->why, ERR_MALFORMED, "the inventory's file is damaged");
}

void snapshot_take_change(sqlite3_stmt *statement, struct store_change *out)
{
	*out = (struct store_change){
		.no = (uint64_t)sqlite3_column_int64(statement, 0),
		.at_ms = sqlite3_column_int64(statement, 1),
		.observed_ms = sqlite3_column_int64(statement, 2),
		.asset = (uint32_t)sqlite3_column_int64(statement, 3),
		.table = (uint16_t)sqlite3_column_int64(statement, 4),
		.seq = (uint64_t)sqlite3_column_int64(statement, 5),
		.previous = (uint64_t)sqlite3_column_int64(statement, 6),
		.removed = database_blob(statement, 7),
		.added = database_blob(statement, 8),
	};
}

uint64_t snapshot_newest(const struct snapshot *s)
{
	return s->tail_start + s->tail_count;
}

static void append_tail(struct snapshot *s, const struct store_change *change)
{
	struct snapshot_entry *entry;
	struct snapshot_asset *asset = &s->assets[change->asset - 1];

	if (s->tail_count == s->tail_capacity) {
		s->tail_capacity = s->tail_capacity == 0 ? 64 : s->tail_capacity * 2;
		s->tail = alloc_resize(s->tail, s->tail_capacity, sizeof *s->tail);
	}
	entry = &s->tail[s->tail_count++];
	entry->is = *change;
	entry->sets = alloc_resize(NULL, change->removed.len + change->added.len, 1);
	mem_copy(entry->sets, change->removed.ptr, change->removed.len);
	mem_copy(entry->sets + change->removed.len, change->added.ptr, change->added.len);
	entry->is.removed.ptr = entry->sets;
	entry->is.added.ptr = entry->sets + change->removed.len;
	asset->tail_newest = change->no;
	if (change->table == TABLE_OS || change->table == TABLE_SCANNED_HOSTS) {
		alloc_free(&asset->name);
	}
}

static int read_tail(struct snapshot *s)
{
	int code;
	int error = 0;

	(void)sqlite3_bind_int64(s->get_tail, 1, (int64_t)snapshot_newest(s));
	while ((code = sqlite3_step(s->get_tail)) == SQLITE_ROW) {
		struct store_change change;

		snapshot_take_change(s->get_tail, &change);
		if (change.no != snapshot_newest(s) + 1 || change.asset == 0 ||
		    change.asset > s->asset_count || change.previous >= change.no ||
		    change.table >= SCHEMA_TABLES_MAX) {
			error = damaged(s);
			break;
		}
		append_tail(s, &change);
	}
	if (error == 0 && code != SQLITE_DONE) {
		error = failed(s);
	}
	(void)sqlite3_reset(s->get_tail);
	return error;
}

static int read_assets(struct snapshot *s)
{
	int code;

	(void)sqlite3_bind_int64(s->get_assets, 1, s->asset_count);
	while ((code = sqlite3_step(s->get_assets)) == SQLITE_ROW) {
		struct span id = database_text(s->get_assets, 1);
		struct snapshot_asset *asset;

		if (sqlite3_column_int64(s->get_assets, 0) != (int64_t)s->asset_count + 1 ||
		    id.len != INVENTORY_ID_SIZE - 1) {
			(void)sqlite3_reset(s->get_assets);
			return damaged(s);
		}
		if (s->asset_count == s->asset_capacity) {
			s->asset_capacity = s->asset_capacity == 0 ? 64 : s->asset_capacity * 2;
			s->assets = alloc_resize(s->assets, s->asset_capacity, sizeof *s->assets);
		}
		asset = &s->assets[s->asset_count++];
		*asset = (struct snapshot_asset){ .name = NULL };
		mem_copy(asset->id, id.ptr, id.len);
	}
	(void)sqlite3_reset(s->get_assets);
	return code == SQLITE_DONE ? 0 : failed(s);
}

/* The writer has put everything up to tail_start into sets and holders. */
static void shorten_tail(struct snapshot *s, uint64_t tail_start)
{
	size_t done = (size_t)(tail_start - s->tail_start);

	if (tail_start > snapshot_newest(s)) {
		drop_tail(s); /* changes were made that we have not seen */
		drop_names(s);
	} else if (done > 0) {
		for (size_t i = 0; i < done; i++) {
			free(s->tail[i].sets);
		}
		s->tail_count -= done;
		memmove(s->tail, s->tail + done, s->tail_count * sizeof *s->tail);
	}
	s->tail_start = tail_start;
}

static int follow(struct snapshot *s)
{
	int code = sqlite3_step(s->get_tail_start);
	uint64_t tail_start = (uint64_t)sqlite3_column_int64(s->get_tail_start, 0);
	int error;

	(void)sqlite3_reset(s->get_tail_start);
	if (code != SQLITE_ROW) {
		return failed(s);
	}
	if (tail_start < s->tail_start) {
		return damaged(s);
	}
	shorten_tail(s, tail_start);
	error = read_assets(s);
	return error == 0 ? read_tail(s) : error;
}

int snapshot_begin(struct snapshot *s)
{
	int error = database_run(s->db, "BEGIN", &s->why);

	if (error != 0) {
		return error;
	}
	error = follow(s);
	if (error != 0) {
		snapshot_end(s);
	}
	return error;
}

void snapshot_end(struct snapshot *s)
{
	(void)sqlite3_reset(s->get_change); /* an open statement would keep the moment */
	database_rollback(s->db);
}

/* --- assets --- */

int snapshot_asset(struct snapshot *s, struct span id, uint32_t *out_asset)
{
	int code;

	database_bind_text(s->get_asset, 1, id);
	code = sqlite3_step(s->get_asset);
	*out_asset = code == SQLITE_ROW ? (uint32_t)sqlite3_column_int64(s->get_asset, 0) : 0;
	(void)sqlite3_reset(s->get_asset);
	if (*out_asset > s->asset_count) {
		return damaged(s);
	}
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(s);
}

const char *snapshot_asset_id(const struct snapshot *s, uint32_t asset)
{
	return s->assets[asset - 1].id;
}

static int read_name(struct snapshot *s, sqlite3_stmt *statement, uint32_t row,
		     struct snapshot_asset *asset)
{
	struct span name;
	int code;

	(void)sqlite3_bind_int64(statement, 1, row);
	code = sqlite3_step(statement);
	name = code == SQLITE_ROW ? database_text(statement, 0) : (struct span){ NULL, 0 };
	if (name.len > 0) {
		asset->name = alloc_span(name);
	}
	(void)sqlite3_reset(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(s);
}

/* From the first row that the asset holds of a table. */
static int name_by(struct snapshot *s, uint32_t number, uint16_t table, sqlite3_stmt *statement)
{
	struct packed_writer set;
	struct packed_reader r;
	struct packed_run run;
	int error;

	packed_init(&set);
	error = snapshot_set(s, number, table, SNAPSHOT_NOW, &set);
	r = packed_over(packed_end(&set));
	if (error == 0 && packed_next(&r, &run)) {
		error = read_name(s, statement, (uint32_t)run.first, &s->assets[number - 1]);
	}
	packed_free(&set);
	return error;
}

int snapshot_asset_name(struct snapshot *s, uint32_t number, const char **out)
{
	struct snapshot_asset *asset = &s->assets[number - 1];
	int error = 0;

	if (asset->name == NULL) {
		error = name_by(s, number, TABLE_OS, s->get_hostname);
	}
	if (error == 0 && asset->name == NULL) {
		error = name_by(s, number, TABLE_SCANNED_HOSTS, s->get_scanned_name);
	}
	if (error == 0 && asset->name == NULL) { /* it was there once */
		error = name_by(s, number, TABLE_ASSET_JOINS, s->get_joined_address);
	}
	if (error != 0) {
		return error;
	}
	if (asset->name == NULL) {
		asset->name = alloc_text(asset->id);
	}
	*out = asset->name;
	return 0;
}

int snapshot_asset_newest(struct snapshot *s, uint32_t number, uint64_t *out)
{
	int code;

	if (s->assets[number - 1].tail_newest > s->tail_start) {
		*out = s->assets[number - 1].tail_newest;
		return 0;
	}
	(void)sqlite3_bind_int64(s->get_newest, 1, number);
	code = sqlite3_step(s->get_newest);
	*out = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s->get_newest, 0) : 0;
	(void)sqlite3_reset(s->get_newest);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : failed(s);
}

int snapshot_change(struct snapshot *s, uint64_t no, struct store_change *out)
{
	if (no > s->tail_start && no <= snapshot_newest(s)) {
		*out = s->tail[no - s->tail_start - 1].is;
		return 0;
	}
	(void)sqlite3_reset(s->get_change);
	(void)sqlite3_bind_int64(s->get_change, 1, (int64_t)no);
	switch (sqlite3_step(s->get_change)) {
	case SQLITE_ROW:
		snapshot_take_change(s->get_change, out);
		return out->table < SCHEMA_TABLES_MAX && out->previous < no ? 0 : damaged(s);
	case SQLITE_DONE:
		return why_set(&s->why, ERR_NOT_FOUND, "there is no such change");
	default:
		return failed(s);
	}
}

/* --- what an asset holds --- */

/* A set that is changed step by step: each step reads one writer and fills the other. */
struct building {
	struct packed_writer now;
	struct packed_writer next;
};

static int build(struct snapshot *s, struct building *b, struct span removed, struct span added)
{
	struct packed_writer swap = b->now;

	packed_clear(&b->next);
	if (packed_merge(packed_end(&b->now), removed, added, &b->next) != 0) {
		return damaged(s);
	}
	(void)packed_end(&b->next);
	b->now = b->next;
	b->next = swap;
	return 0;
}

/* The numbers of the tail's changes of this asset and table behind `after`, newest first, in an
 * array to be freed. */
static size_t tail_of(const struct snapshot *s, uint32_t asset, uint16_t table, uint64_t after,
		      uint64_t **out)
{
	uint64_t *list = NULL;
	size_t count = 0;
	size_t capacity = 0;
	uint64_t no = s->assets[asset - 1].tail_newest;

	while (no > s->tail_start && no > after) {
		const struct store_change *change = &s->tail[no - s->tail_start - 1].is;

		if (change->table == table) {
			if (count == capacity) {
				capacity = capacity == 0 ? 16 : capacity * 2;
				list = alloc_resize(list, capacity, sizeof *list);
			}
			list[count++] = no;
		}
		no = change->previous;
	}
	*out = list;
	return count;
}

/* Begins with the file's set; a run at a time, so that a malformed one is found. */
static int build_stored(struct snapshot *s, uint32_t asset, uint16_t table, struct building *b,
			uint64_t *out_upto)
{
	int error = 0;
	int code;

	(void)sqlite3_bind_int64(s->get_set, 1, layout_set_id(asset, table));
	code = sqlite3_step(s->get_set);
	*out_upto = 0;
	if (code == SQLITE_ROW) {
		*out_upto = (uint64_t)sqlite3_column_int64(s->get_set, 0);
		error = build(s, b, (struct span){ NULL, 0 }, database_blob(s->get_set, 1));
	} else if (code != SQLITE_DONE) {
		error = failed(s);
	}
	(void)sqlite3_reset(s->get_set);
	return error;
}

static int build_now(struct snapshot *s, uint32_t asset, uint16_t table, struct building *b)
{
	uint64_t *list;
	uint64_t upto;
	size_t count;
	int error = build_stored(s, asset, table, b, &upto);

	if (error != 0) {
		return error;
	}
	count = tail_of(s, asset, table, upto, &list);
	for (size_t i = count; error == 0 && i > 0; i--) {
		const struct store_change *change = &s->tail[list[i - 1] - s->tail_start - 1].is;

		error = build(s, b, change->removed, change->added);
	}
	free(list);
	return error;
}

/* Takes back what happened since. The clock may have jumped; the newest change that was made at
 * that moment or before says how things stood. */
static int build_back(struct snapshot *s, uint32_t asset, uint16_t table, int64_t at_ms,
		      struct building *b)
{
	struct store_change change = { .no = 0 };
	uint64_t no;
	int error = snapshot_asset_newest(s, asset, &no);

	while (error == 0 && no > 0) {
		error = snapshot_change(s, no, &change);
		if (error != 0 || change.at_ms <= at_ms) {
			break;
		}
		if (change.table == table) {
			error = build(s, b, change.added, change.removed);
		}
		no = change.previous;
	}
	return error;
}

int snapshot_set(struct snapshot *s, uint32_t asset, uint16_t table, int64_t at_ms,
		 struct packed_writer *out)
{
	struct building b;
	int error;

	packed_init(&b.now);
	packed_init(&b.next);
	error = build_now(s, asset, table, &b);
	if (error == 0 && at_ms != SNAPSHOT_NOW) {
		error = build_back(s, asset, table, at_ms, &b);
	}
	if (error == 0) {
		struct packed_writer swap = *out;

		*out = b.now;
		b.now = swap;
	}
	packed_free(&b.now);
	packed_free(&b.next);
	return error;
}

static int add_tail_counts(struct snapshot *s, uint32_t asset, const uint64_t *upto, int64_t *count)
{
	uint64_t no = s->assets[asset - 1].tail_newest;

	while (no > s->tail_start) {
		const struct store_change *change = &s->tail[no - s->tail_start - 1].is;
		uint64_t added;
		uint64_t removed;

		if (packed_count(change->added, &added) != 0 ||
		    packed_count(change->removed, &removed) != 0) {
			return damaged(s);
		}
		if (no > upto[change->table]) {
			*count += (int64_t)added - (int64_t)removed;
		}
		no = change->previous;
	}
	return 0;
}

int snapshot_row_count(struct snapshot *s, uint32_t asset, int64_t *out)
{
	uint64_t upto[SCHEMA_TABLES_MAX] = { 0 };
	int code;

	*out = 0;
	(void)sqlite3_bind_int64(s->get_counts, 1, layout_set_id(asset, 0));
	(void)sqlite3_bind_int64(s->get_counts, 2, layout_set_id(asset, SCHEMA_TABLES_MAX - 1));
	while ((code = sqlite3_step(s->get_counts)) == SQLITE_ROW) {
		uint16_t table = layout_set_table(sqlite3_column_int64(s->get_counts, 0));

		*out += sqlite3_column_int64(s->get_counts, 1);
		upto[table] = (uint64_t)sqlite3_column_int64(s->get_counts, 2);
	}
	(void)sqlite3_reset(s->get_counts);
	return code == SQLITE_DONE ? add_tail_counts(s, asset, upto, out) : failed(s);
}

/* --- who holds a row --- */

static int compare_pairs(const void *a, const void *b)
{
	const struct snapshot_pair *x = a;
	const struct snapshot_pair *y = b;

	if (x->row_asset != y->row_asset) {
		return x->row_asset < y->row_asset ? -1 : 1;
	}
	return x->order < y->order ? -1 : x->order > y->order;
}

static void append_pairs(struct snapshot_pairs *pairs, size_t *capacity, size_t order,
			 uint32_t asset, struct span set, bool is_added)
{
	struct packed_reader r = packed_over(set);
	struct packed_run run;

	while (packed_next(&r, &run)) {
		for (uint64_t row = run.first; row <= run.last; row++) {
			if (pairs->count == *capacity) {
				*capacity = *capacity == 0 ? 64 : *capacity * 2;
				pairs->items =
					alloc_resize(pairs->items, *capacity, sizeof *pairs->items);
			}
			pairs->items[pairs->count++] =
				(struct snapshot_pair){ row << 32 | asset, (uint32_t)order,
							is_added };
		}
	}
}

static const struct snapshot_pairs *pairs_of(struct snapshot *s, uint16_t table)
{
	struct snapshot_pairs *pairs = &s->pairs[table];
	size_t capacity = 0;

	if (pairs->made_at == snapshot_newest(s)) {
		return pairs;
	}
	alloc_free(&pairs->items);
	pairs->count = 0;
	for (size_t i = 0; i < s->tail_count; i++) {
		const struct store_change *change = &s->tail[i].is;

		if (change->table == table) {
			append_pairs(pairs, &capacity, i, change->asset, change->removed, false);
			append_pairs(pairs, &capacity, i, change->asset, change->added, true);
		}
	}
	if (pairs->count > 0) {
		qsort(pairs->items, pairs->count, sizeof *pairs->items, compare_pairs);
	}
	pairs->made_at = snapshot_newest(s);
	return pairs;
}

static size_t first_pair(const struct snapshot_pairs *pairs, uint32_t row)
{
	size_t low = 0;
	size_t high = pairs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pairs->items[middle].row_asset >> 32 < row) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* The tail's last word on each asset, whatever of it the file's holders have already. */
static size_t edits_of(const struct snapshot_pairs *pairs, uint32_t row, struct packed_edit **out)
{
	struct packed_edit *edits = NULL;
	size_t capacity = 0;
	size_t count = 0;

	for (size_t i = first_pair(pairs, row);
	     i < pairs->count && pairs->items[i].row_asset >> 32 == row; i++) {
		const struct snapshot_pair *pair = &pairs->items[i];
		uint32_t asset = (uint32_t)pair->row_asset;

		if (count > 0 && edits[count - 1].number == asset) {
			edits[count - 1].is_added = pair->is_added;
			continue;
		}
		if (count == capacity) {
			capacity = capacity == 0 ? 16 : capacity * 2;
			edits = alloc_resize(edits, capacity, sizeof *edits);
		}
		edits[count++] = (struct packed_edit){ asset, pair->is_added };
	}
	*out = edits;
	return count;
}

int snapshot_holders(struct snapshot *s, uint16_t table, uint32_t row, uint32_t **out_assets,
		     size_t *out_count)
{
	struct packed_edit *edits;
	size_t count = edits_of(pairs_of(s, table), row, &edits);
	struct packed_writer set;
	struct span stored = { NULL, 0 };
	int error = 0;
	int code;

	packed_init(&set);
	(void)sqlite3_bind_int64(s->get_holders, 1, layout_holders_id(table, row));
	code = sqlite3_step(s->get_holders);
	if (code == SQLITE_ROW) {
		stored = database_blob(s->get_holders, 0);
	} else if (code != SQLITE_DONE) {
		error = failed(s);
	}
	if (error == 0 &&
	    (packed_change(stored, edits, count, &set) != 0 ||
	     packed_numbers(packed_end(&set), NUMBERS_MAX, out_assets, out_count) != 0)) {
		error = damaged(s);
	}
	if (error == 0 && *out_count > 0 && (*out_assets)[*out_count - 1] > s->asset_count) {
		alloc_free(out_assets);
		error = damaged(s);
	}
	(void)sqlite3_reset(s->get_holders);
	packed_free(&set);
	free(edits);
	return error;
}
