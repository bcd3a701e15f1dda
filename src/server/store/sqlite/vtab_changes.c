/*
 * vtab_changes.c - the table `changes`: the history, one row for each row that came, went or was
 * updated.
 *
 * An entry of the history holds what one batch changed. Its rows are numbered by `idx`: those
 * that came or were updated first, then those that went. A removed and an added row with the same
 * key are one update. An asset's history is walked along its own chain, newest first.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/store/sqlite/layout.h"
#include "server/store/sqlite/vtab.h"
#include "sys/alloc.h"

enum {
	CHANGE_NO,
	CHANGE_IDX,
	CHANGE_AT,
	CHANGE_OBSERVED_AT,
	CHANGE_ASSET,
	CHANGE_ASSET_NAME,
	CHANGE_TABLE,
	CHANGE_OP,
	CHANGE_KEY,
	CHANGE_ROW,
	CHANGE_OLD,
};

/* What xFilter is given, in this order; and the order in which it walks. */
enum {
	PLAN_ASSET = 1,
	PLAN_TABLE = 2,
	PLAN_NO_EQ = 4,
	PLAN_NO_GT = 8,
	PLAN_NO_GE = 16,
	PLAN_NO_LT = 32,
	PLAN_NO_LE = 64,
	PLAN_AT_GE = 128, /* or > */
	PLAN_AT_LE = 256, /* or < */
	PLAN_DESCENDING = 512,
	PLAN_IDX_DESCENDING = 1024,
};

static const struct {
	int column;
	unsigned char op;
	int flag;
} arguments[] = {
	{ CHANGE_ASSET, SQLITE_INDEX_CONSTRAINT_EQ, PLAN_ASSET },
	{ CHANGE_TABLE, SQLITE_INDEX_CONSTRAINT_EQ, PLAN_TABLE },
	{ CHANGE_NO, SQLITE_INDEX_CONSTRAINT_EQ, PLAN_NO_EQ },
	{ CHANGE_NO, SQLITE_INDEX_CONSTRAINT_GT, PLAN_NO_GT },
	{ CHANGE_NO, SQLITE_INDEX_CONSTRAINT_GE, PLAN_NO_GE },
	{ CHANGE_NO, SQLITE_INDEX_CONSTRAINT_LT, PLAN_NO_LT },
	{ CHANGE_NO, SQLITE_INDEX_CONSTRAINT_LE, PLAN_NO_LE },
	{ CHANGE_AT, SQLITE_INDEX_CONSTRAINT_GT, PLAN_AT_GE },
	{ CHANGE_AT, SQLITE_INDEX_CONSTRAINT_GE, PLAN_AT_GE },
	{ CHANGE_AT, SQLITE_INDEX_CONSTRAINT_LT, PLAN_AT_LE },
	{ CHANGE_AT, SQLITE_INDEX_CONSTRAINT_LE, PLAN_AT_LE },
};

/* Rows that one entry may have: far more than a batch, whatever the file says. */
#define ITEMS_MAX (1u << 24)

#define NONE UINT32_MAX

struct item {
	uint32_t added;   /* row number, or NONE */
	uint32_t removed; /* the same */
};

struct bounds {
	int64_t no_min;
	int64_t no_max;
	int64_t at_min;
	int64_t at_max;
	uint16_t table; /* 0: every */
};

struct cursor {
	sqlite3_vtab_cursor base;
	bool is_end;
	bool is_idx_descending;
	bool is_chain;
	struct bounds bounds;
	uint64_t next_no;      /* of the chain */
	sqlite3_stmt *entries; /* without a chain */
	int entries_plan;
	struct store_change change; /* its sets are in `sets` */
	const struct table *table;
	struct buffer sets;
	struct item *items;
	size_t item_count;
	size_t next_item;
	sqlite3_stmt *rows[SCHEMA_TABLES_MAX];
	struct buffer text;
};

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct cursor *)base;
}

static struct snapshot *snapshot_of(struct cursor *c)
{
	return vtab_of(&c->base)->snapshot;
}

static int changes_connect(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			   sqlite3_vtab **out, char **out_error)
{
	(void)argc;
	(void)argv;
	(void)out_error;
	return vtab_connect(db, snapshot, NULL,
			    "CREATE TABLE x(no INTEGER, idx INTEGER, at INTEGER, "
			    "observed_at INTEGER, asset TEXT, asset_name TEXT, table_name TEXT, "
			    "op TEXT, key TEXT, \"row\" TEXT, old TEXT)",
			    out);
}

static int changes_create(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			  sqlite3_vtab **out, char **out_error)
{
	return changes_connect(db, snapshot, argc, argv, out, out_error);
}

/* --- planning --- */

/* Whether our order will do: by no, then perhaps by idx. An asset's chain runs backwards only. */
static void take_order(sqlite3_index_info *info)
{
	bool is_chain = (info->idxNum & PLAN_ASSET) != 0;
	bool is_descending = is_chain;

	if (info->nOrderBy >= 1 && info->aOrderBy[0].iColumn == CHANGE_NO && !is_chain) {
		is_descending = info->aOrderBy[0].desc != 0;
	}
	info->idxNum |= is_descending ? PLAN_DESCENDING : 0;
	if (info->nOrderBy == 0 || info->nOrderBy > 2 || info->aOrderBy[0].iColumn != CHANGE_NO ||
	    (info->aOrderBy[0].desc != 0) != is_descending) {
		return;
	}
	if (info->nOrderBy == 2) {
		if (info->aOrderBy[1].iColumn != CHANGE_IDX) {
			return;
		}
		info->idxNum |= info->aOrderBy[1].desc != 0 ? PLAN_IDX_DESCENDING : 0;
	}
	info->orderByConsumed = 1;
}

static int changes_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	double rows = 1e7;
	int argument = 0;

	(void)base;
	info->idxNum = 0;
	for (size_t a = 0; a < COUNT_OF(arguments); a++) {
		int i = vtab_constraint(info, arguments[a].column, arguments[a].op);

		if (i < 0 || (info->idxNum & arguments[a].flag) != 0) {
			continue;
		}
		info->aConstraintUsage[i].argvIndex = ++argument;
		info->idxNum |= arguments[a].flag;
		rows /= arguments[a].op == SQLITE_INDEX_CONSTRAINT_EQ ? 100 : 4;
	}
	if ((info->idxNum & PLAN_NO_EQ) != 0) {
		rows = 10;
	}
	take_order(info);
	info->estimatedRows = (sqlite3_int64)rows + 1;
	info->estimatedCost = rows + 10;
	return SQLITE_OK;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Only whole numbers narrow the walk; SQLite checks every condition again. */
static void take_bound(struct bounds *b, int flag, sqlite3_value *value)
{
	int64_t n = sqlite3_value_int64(value);
	bool is_number = sqlite3_value_type(value) == SQLITE_INTEGER;

	if (flag == PLAN_TABLE) {
		const struct table *table = schema_find(vtab_argument_text(value));

		b->table = table != NULL ? table->number : UINT16_MAX;
	} else if (!is_number) {
		return;
	} else if (flag == PLAN_NO_GT || flag == PLAN_NO_GE || flag == PLAN_NO_EQ) {
		b->no_min = larger(b->no_min, n);
	} else if (flag == PLAN_AT_GE) {
		b->at_min = larger(b->at_min, n);
	} else if (flag == PLAN_AT_LE) {
		b->at_max = smaller(b->at_max, n);
	}
	if (is_number && (flag == PLAN_NO_LT || flag == PLAN_NO_LE || flag == PLAN_NO_EQ)) {
		b->no_max = smaller(b->no_max, n);
	}
}

/* --- entries --- */

static int prepare_entries(struct cursor *c, int plan)
{
	struct snapshot *s = snapshot_of(c);
	bool has_time = (plan & (PLAN_AT_GE | PLAN_AT_LE)) != 0;
	char *sql;
	int error;

	plan &= PLAN_AT_GE | PLAN_AT_LE | PLAN_DESCENDING;
	if (c->entries != NULL && c->entries_plan == plan) {
		(void)sqlite3_reset(c->entries);
		return 0;
	}
	(void)sqlite3_finalize(c->entries);
	c->entries = NULL;
	c->entries_plan = plan;
	/* by time: the numbers alone are found and sorted first, not the entries */
	sql = sqlite3_mprintf("SELECT " SNAPSHOT_CHANGE_COLUMNS " FROM _changes"
			      " WHERE no BETWEEN ?1 AND ?2 AND ?3 IN (0, tbl) %s ORDER BY no %s",
			      has_time ? "AND no IN (SELECT no FROM _changes WHERE at BETWEEN "
					 "?4 AND ?5)"
				       : "",
			      (plan & PLAN_DESCENDING) != 0 ? "DESC" : "ASC");
	error = sql == NULL ? ERR_LIMIT : database_prepare(s->db, sql, &c->entries, &s->why);
	sqlite3_free(sql);
	return error;
}

static int bind_entries(struct cursor *c, int plan)
{
	int error = prepare_entries(c, plan);

	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(c->entries, 1, c->bounds.no_min);
	(void)sqlite3_bind_int64(c->entries, 2, c->bounds.no_max);
	(void)sqlite3_bind_int64(c->entries, 3, c->bounds.table);
	if ((plan & (PLAN_AT_GE | PLAN_AT_LE)) != 0) {
		(void)sqlite3_bind_int64(c->entries, 4, c->bounds.at_min);
		(void)sqlite3_bind_int64(c->entries, 5, c->bounds.at_max);
	}
	return 0;
}

/* Keeps the entry's sets, because what it was read from moves on. */
static int keep(struct cursor *c, const struct store_change *change)
{
	struct snapshot *s = snapshot_of(c);
	size_t removed_len = change->removed.len;
	struct span kept;

	c->table = schema_by_number(change->table);
	if (c->table == NULL || change->asset == 0 || change->asset > s->asset_count) {
		return why_set(&s->why, ERR_MALFORMED, "the inventory's file is damaged");
	}
	buffer_clear(&c->sets);
	if (buffer_append(&c->sets, change->removed) != 0 ||
	    buffer_append(&c->sets, change->added) != 0) {
		return why_set(&s->why, ERR_LIMIT, "change %llu is too large",
			       (unsigned long long)change->no);
	}
	kept = buffer_span(&c->sets);
	c->change = *change;
	c->change.removed = span_first(kept, removed_len);
	c->change.added = span_after(kept, removed_len);
	return 0;
}

static int next_of_chain(struct cursor *c)
{
	struct snapshot *s = snapshot_of(c);
	const struct bounds *b = &c->bounds;
	struct store_change change;

	while (c->next_no > 0 && (int64_t)c->next_no >= b->no_min) {
		int error = snapshot_change(s, c->next_no, &change);

		if (error != 0) {
			return error;
		}
		c->next_no = change.previous;
		if ((int64_t)change.no <= b->no_max && change.at_ms >= b->at_min &&
		    change.at_ms <= b->at_max && (b->table == 0 || b->table == change.table)) {
			return keep(c, &change);
		}
	}
	c->is_end = true;
	return 0;
}

static int next_of_entries(struct cursor *c)
{
	struct snapshot *s = snapshot_of(c);
	struct store_change change;

	switch (sqlite3_step(c->entries)) {
	case SQLITE_ROW:
		snapshot_take_change(c->entries, &change);
		return keep(c, &change);
	case SQLITE_DONE:
		c->is_end = true;
		return 0;
	default:
		return database_error(s->db, "reading changes", &s->why);
	}
}

/* --- the rows of an entry --- */

/* Stands the table's statement on a row. */
static int read_row(struct cursor *c, uint32_t number, sqlite3_stmt **out)
{
	struct snapshot *s = snapshot_of(c);
	sqlite3_stmt **statement = &c->rows[c->table->number];

	if (*statement == NULL) {
		sqlite3_str *sql = sqlite3_str_new(s->db);
		char *text;
		int error;

		sqlite3_str_appendall(sql, "SELECT ");
		layout_columns(c->table, sql);
		sqlite3_str_appendf(sql, " FROM \"_rows_%w\" WHERE _row = ?", c->table->name);
		text = sqlite3_str_finish(sql);
		error = text == NULL ? ERR_LIMIT
				     : database_prepare(s->db, text, statement, &s->why);
		sqlite3_free(text);
		if (error != 0) {
			return error;
		}
	}
	(void)sqlite3_reset(*statement);
	(void)sqlite3_bind_int64(*statement, 1, number);
	if (sqlite3_step(*statement) != SQLITE_ROW) {
		return why_set(&s->why, ERR_MALFORMED,
			       "the inventory's file is damaged: a row is missing");
	}
	*out = *statement;
	return 0;
}

struct keyed {
	struct rowhash key;
	uint32_t row;
	bool is_paired;
};

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a;
	const struct keyed *y = b;
	int order = rowhash_compare(&x->key, &y->key);

	return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

static int key_of(struct cursor *c, uint32_t number, struct rowhash *out)
{
	sqlite3_stmt *statement = NULL;
	struct row row;
	int error = read_row(c, number, &statement);

	if (error == 0) {
		rowtext_load(statement, c->table, &row);
		*out = rowtext_key_hash(&row);
	}
	return error;
}

/* The first removed row of this key that no added row took yet. */
static struct keyed *find_removed(struct keyed *removed, size_t count, const struct rowhash *key)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rowhash_compare(&removed[middle].key, key) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	while (low < count && rowhash_equal(&removed[low].key, key)) {
		if (!removed[low].is_paired) {
			return &removed[low];
		}
		low++;
	}
	return NULL;
}

static int compare_rows(const void *a, const void *b)
{
	const struct keyed *x = a;
	const struct keyed *y = b;

	return (x->row > y->row) - (x->row < y->row);
}

static int pair(struct cursor *c, const uint32_t *added, size_t added_count, struct keyed *removed,
		size_t removed_count)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < removed_count; i++) {
		error = key_of(c, removed[i].row, &removed[i].key);
	}
	if (error == 0) {
		qsort(removed, removed_count, sizeof *removed, compare_keyed);
	}
	for (size_t i = 0; error == 0 && i < added_count; i++) {
		struct rowhash key;
		struct keyed *match = NULL;

		error = key_of(c, added[i], &key);
		if (error == 0) {
			match = find_removed(removed, removed_count, &key);
		}
		if (match != NULL) {
			match->is_paired = true;
			c->items[i].removed = match->row;
		}
	}
	qsort(removed, removed_count, sizeof *removed, compare_rows);
	return error;
}

static int make_items(struct cursor *c, const uint32_t *added, size_t added_count,
		      const uint32_t *removed, size_t removed_count)
{
	struct keyed *keyed = alloc_zeroed(removed_count, sizeof *keyed);
	int error = 0;

	c->items = alloc_resize(c->items, added_count + removed_count, sizeof *c->items);
	for (size_t i = 0; i < added_count; i++) {
		c->items[i] = (struct item){ added[i], NONE };
	}
	for (size_t i = 0; i < removed_count; i++) {
		keyed[i].row = removed[i];
	}
	if (added_count > 0 && removed_count > 0) {
		error = pair(c, added, added_count, keyed, removed_count);
	}
	c->item_count = added_count;
	for (size_t i = 0; i < removed_count; i++) {
		if (!keyed[i].is_paired) {
			c->items[c->item_count++] = (struct item){ NONE, keyed[i].row };
		}
	}
	c->next_item = 0;
	free(keyed);
	return error;
}

static int expand(struct cursor *c)
{
	struct snapshot *s = snapshot_of(c);
	uint32_t *added = NULL;
	uint32_t *removed = NULL;
	size_t added_count;
	size_t removed_count;
	int error = packed_numbers(c->change.added, ITEMS_MAX, &added, &added_count);

	if (error == 0) {
		error = packed_numbers(c->change.removed, ITEMS_MAX, &removed, &removed_count);
	}
	if (error != 0) {
		(void)why_set(&s->why, error, "the inventory's file is damaged: change %llu",
			      (unsigned long long)c->change.no);
	} else {
		error = make_items(c, added, added_count, removed, removed_count);
	}
	free(added);
	free(removed);
	return error;
}

/* --- the cursor --- */

static int changes_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	struct cursor *c;
	int code = vtab_open_cursor(sizeof *c, out);

	(void)vtab;
	c = cursor_of(*out);
	buffer_init(&c->sets, 256 << 20);
	buffer_init(&c->text, 1 << 20);
	return code;
}

static int changes_close(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);

	(void)sqlite3_finalize(c->entries);
	for (unsigned t = 0; t < SCHEMA_TABLES_MAX; t++) {
		(void)sqlite3_finalize(c->rows[t]);
	}
	buffer_done(&c->sets);
	buffer_done(&c->text);
	free(c->items);
	free(c);
	return SQLITE_OK;
}

static int changes_next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);
	int error = 0;

	c->next_item++;
	while (error == 0 && !c->is_end && c->next_item >= c->item_count) {
		error = c->is_chain ? next_of_chain(c) : next_of_entries(c);
		if (error == 0 && !c->is_end) {
			error = expand(c);
		}
	}
	return error == 0 ? SQLITE_OK : vtab_fail(base->pVtab, error);
}

static int changes_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
			  sqlite3_value **argv)
{
	struct cursor *c = cursor_of(base);
	struct snapshot *s = snapshot_of(c);
	uint32_t asset = 0;
	int error = 0;
	int at = 0;

	(void)text;
	c->bounds = (struct bounds){ 1, INT64_MAX, INT64_MIN, INT64_MAX, 0 };
	c->is_end = false;
	c->is_chain = (plan & PLAN_ASSET) != 0;
	c->is_idx_descending = (plan & PLAN_IDX_DESCENDING) != 0;
	c->item_count = 0;
	c->next_item = 0;
	if (c->is_chain) {
		error = snapshot_asset(s, vtab_argument_text(argv[at++]), &asset);
	}
	for (int flag = PLAN_TABLE; flag <= PLAN_AT_LE && at < argc; flag <<= 1) {
		if ((plan & flag) != 0) {
			take_bound(&c->bounds, flag, argv[at++]);
		}
	}
	if (error == 0 && c->is_chain) {
		c->next_no = 0;
		error = asset != 0 ? snapshot_asset_newest(s, asset, &c->next_no) : 0;
	} else if (error == 0) {
		error = bind_entries(c, plan);
	}
	return error == 0 ? changes_next(base) : vtab_fail(base->pVtab, error);
}

static int changes_eof(sqlite3_vtab_cursor *base)
{
	return cursor_of(base)->is_end;
}

static size_t idx_of(const struct cursor *c)
{
	return c->is_idx_descending ? c->item_count - 1 - c->next_item : c->next_item;
}

static int result_key(struct cursor *c, sqlite3_context *context, const struct item *item)
{
	sqlite3_stmt *statement = NULL;
	struct row row;
	int error = read_row(c, item->added != NONE ? item->added : item->removed, &statement);

	if (error != 0) {
		return error;
	}
	buffer_clear(&c->text);
	rowtext_load(statement, c->table, &row);
	error = rowtext_key(&row, &c->text);
	vtab_result_bytes(context, buffer_span(&c->text));
	return error;
}

static int result_json(struct cursor *c, sqlite3_context *context, uint32_t number)
{
	sqlite3_stmt *statement = NULL;
	int error;

	if (number == NONE) {
		return 0;
	}
	error = read_row(c, number, &statement);
	if (error != 0) {
		return error;
	}
	buffer_clear(&c->text);
	error = rowtext_json(statement, c->table, &c->text);
	vtab_result_bytes(context, buffer_span(&c->text));
	return error;
}

static const char *op_of(const struct item *item)
{
	if (item->removed == NONE) {
		return "added";
	}
	return item->added == NONE ? "removed" : "updated";
}

static int changes_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct cursor *c = cursor_of(base);
	const struct item *item = &c->items[idx_of(c)];
	int error = 0;

	switch (column) {
	case CHANGE_NO:
		sqlite3_result_int64(context, (int64_t)c->change.no);
		break;
	case CHANGE_IDX:
		sqlite3_result_int64(context, (int64_t)idx_of(c));
		break;
	case CHANGE_AT:
		sqlite3_result_int64(context, c->change.at_ms);
		break;
	case CHANGE_OBSERVED_AT:
		sqlite3_result_int64(context, c->change.observed_ms);
		break;
	case CHANGE_ASSET:
		return vtab_result_asset(context, snapshot_of(c), c->change.asset);
	case CHANGE_ASSET_NAME:
		return vtab_result_asset_name(context, base->pVtab, c->change.asset);
	case CHANGE_TABLE:
		vtab_result_text(context, c->table->name);
		break;
	case CHANGE_OP:
		vtab_result_text(context, op_of(item));
		break;
	case CHANGE_KEY:
		error = result_key(c, context, item);
		break;
	case CHANGE_ROW:
		error = result_json(c, context, item->added);
		break;
	default:
		error = result_json(c, context, item->removed);
		break;
	}
	return error == 0 ? SQLITE_OK : vtab_fail(base->pVtab, error);
}

static int changes_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	struct cursor *c = cursor_of(base);

	*out = (sqlite3_int64)(c->change.no << 24 | (idx_of(c) & 0xffffff));
	return SQLITE_OK;
}

const sqlite3_module vtab_changes = {
	.xCreate = changes_create,
	.xConnect = changes_connect,
	.xBestIndex = changes_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = changes_open,
	.xClose = changes_close,
	.xFilter = changes_filter,
	.xNext = changes_next,
	.xEof = changes_eof,
	.xColumn = changes_column,
	.xRowid = changes_rowid,
};
