/*
 * view.c - SQL over one tenant's inventory.
 *
 * People's SQL runs on a database in memory that holds nothing but the virtual tables; these read
 * the tenant's file over a connection of their own, read-only, within one read transaction a query.
 * So no SQL, however clever, reaches the file but through the tables.
 */
#include "server/store/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "schema/schema.h"
#include "server/store/sqlite/asset_tables.h"
#include "server/store/sqlite/view_inside.h"
#include "server/store/sqlite/vtab.h"
#include "sys/alloc.h"

/* Tables that SQLite makes when they are first named. Made here once, because a guard would see
 * their making as a change of the schema. */
static const char made_by_name[] = "SELECT 1 FROM json_each('[]'), json_tree('[]'), "
				   "pragma_table_info('assets'), pragma_table_xinfo('assets'), "
				   "pragma_table_list";

/* More columns than a result can have: see the guard's limits. */
#define COLUMNS_MAX 256

int view_open(const char *path, struct view **out, struct why *why)
{
	return view_open_beside(path, NULL, out, why);
}

int view_open_beside(const char *path, const struct view_lent_table *lent, struct view **out,
		     struct why *why)
{
	struct view *view = alloc_zeroed(1, sizeof *view);
	int error = snapshot_open(path, &view->snapshot, why);

	if (error == 0) {
		error = database_open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY,
				      &view->db, why);
	}
	if (error == 0) {
		error = database_run(view->db, "PRAGMA temp_store=MEMORY", why);
	}
	if (error == 0) {
		error = vtab_create_all(view->db, view->snapshot, why);
	}
	if (error == 0 && lent != NULL) {
		view->lent = (struct lent){ lent, view->snapshot };
		view->guard.lent_table = lent->name;
		error = vtab_lend(view->db, &view->lent, why);
	}
	if (error == 0) {
		error = database_run(view->db, made_by_name, why);
	}
	if (error != 0) {
		view_close(&view);
		return error;
	}
	guard_install(&view->guard, view->db);
	guard_watch(&view->guard, view->snapshot->db);
	*out = view;
	return 0;
}

void view_close(struct view **view)
{
	if (*view == NULL) {
		return;
	}
	database_close(&(*view)->db); /* before the snapshot that its tables read */
	snapshot_close(&(*view)->snapshot);
	alloc_free(view);
}

struct view_value view_integer(int64_t value)
{
	return (struct view_value){ .kind = VIEW_INTEGER, .integer = value };
}

struct view_value view_text(const char *value)
{
	return view_span(span_of(value));
}

struct view_value view_span(struct span value)
{
	return (struct view_value){ .kind = VIEW_TEXT, .bytes = value };
}

/* --- what went wrong, for people --- */

static void list_tables(const struct view *view, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size,
				       "assets, sensors, changes, tags, policies, acceptances, "
				       "trends, events");

	if (view->lent.table != NULL && used < size) {
		used += (size_t)snprintf(out + used, size - used, ", %s", view->lent.table->name);
	}
	for (size_t i = 0; schema_events[i] != NULL && used < size; i++) {
		used += (size_t)snprintf(out + used, size - used, ", %s", schema_events[i]->name);
	}
	for (size_t i = 0; schema_tables[i] != NULL && used < size; i++) {
		used += (size_t)snprintf(out + used, size - used, ", %s", schema_tables[i]->name);
	}
}

static int explain(struct view *view, struct why *why)
{
	const struct guard *g = &view->guard;
	const char *text = sqlite3_errmsg(view->db);
	int code = sqlite3_errcode(view->db) & 0xff;
	char tables[720];

	if (g->is_over_time) {
		return why_set(why, ERR_TIMEOUT,
			       "the query took too long; narrow it (by asset, by a key column) or "
			       "give it more time");
	}
	if (g->is_over_memory) {
		return why_set(why, ERR_LIMIT,
			       "the query needs too much memory; narrow it, or sort less");
	}
	if (g->refused[0] != '\0') {
		return why_set(why, ERR_DENIED, "%s", g->refused);
	}
	if (strstr(text, "no such table") != NULL) {
		list_tables(view, tables, sizeof tables);
		return why_set(why, ERR_USAGE, "%.100s; the tables are: %s", text, tables);
	}
	if (strstr(text, "no such column") != NULL) {
		return why_set(why, ERR_USAGE,
			       "%.200s (text goes in 'single quotes'; SELECT * shows a table's "
			       "columns)",
			       text);
	}
	if (strstr(text, "may not be modified") != NULL || code == SQLITE_AUTH) {
		return why_set(why, ERR_DENIED, "this is read-only: %.200s", text);
	}
	if (code == SQLITE_TOOBIG) {
		return why_set(why, ERR_LIMIT, "%.200s; ask for less", text);
	}
	if (code == SQLITE_NOMEM || code == SQLITE_IOERR || code == SQLITE_CORRUPT ||
	    code == SQLITE_INTERNAL) {
		return why_set(why, ERR_IO, "%.200s", text);
	}
	return why_set(why, ERR_USAGE, "%.300s", text);
}

/* --- one query --- */

/* True where nothing but blanks and comments is left. */
static bool is_blank(struct view *view, const char *sql, size_t len)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(view->db, sql, (int)len, &statement, NULL);
	bool is_nothing = code == SQLITE_OK && statement == NULL;

	(void)sqlite3_finalize(statement);
	return is_nothing;
}

static int prepare(struct view *view, struct span sql, bool is_foreign, sqlite3_stmt **out,
		   struct why *why)
{
	const char *text = sql.len > 0 ? (const char *)sql.ptr : "";
	const char *tail = NULL;
	int columns;

	if (sql.len > 64 << 10) {
		return why_set(why, ERR_USAGE, "the query is longer than 64 KiB");
	}
	if (span_find(sql, '\0') < sql.len) {
		return why_set(why, ERR_USAGE, "the query holds a NUL character");
	}
	if (sqlite3_prepare_v2(view->db, text, (int)sql.len, out, &tail) != SQLITE_OK) {
		return explain(view, why);
	}
	if (*out == NULL) {
		return why_set(why, ERR_USAGE, "there is no statement; try SELECT * FROM assets");
	}
	if (is_foreign && !is_blank(view, tail, sql.len - (size_t)(tail - text))) {
		return why_set(why, ERR_USAGE, "one statement at a time");
	}
	columns = sqlite3_column_count(*out);
	if (columns == 0 || sqlite3_stmt_readonly(*out) == 0) {
		return why_set(why, ERR_DENIED, "this is read-only; use SELECT");
	}
	return columns > COLUMNS_MAX ? why_set(why, ERR_LIMIT, "too many columns") : 0;
}

static void bind(sqlite3_stmt *statement, int index, const struct view_value *value)
{
	switch (value->kind) {
	case VIEW_INTEGER:
		(void)sqlite3_bind_int64(statement, index, value->integer);
		break;
	case VIEW_REAL:
		(void)sqlite3_bind_double(statement, index, value->real);
		break;
	case VIEW_TEXT:
		database_bind_text(statement, index, value->bytes);
		break;
	case VIEW_BLOB:
		database_bind_blob(statement, index, value->bytes);
		break;
	case VIEW_NULL:
	default:
		(void)sqlite3_bind_null(statement, index);
		break;
	}
}

static struct view_value value_of(sqlite3_stmt *statement, int column)
{
	struct view_value value = { .kind = VIEW_NULL };

	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		value.kind = VIEW_INTEGER;
		value.integer = sqlite3_column_int64(statement, column);
		break;
	case SQLITE_FLOAT:
		value.kind = VIEW_REAL;
		value.real = sqlite3_column_double(statement, column);
		break;
	case SQLITE_TEXT:
		value.kind = VIEW_TEXT;
		value.bytes = database_text(statement, column);
		break;
	case SQLITE_BLOB:
		value.kind = VIEW_BLOB;
		value.bytes = database_blob(statement, column);
		break;
	default:
		break;
	}
	return value;
}

struct reading {
	struct view *view;
	sqlite3_stmt *statement;
	uint64_t rows_max;
	view_row *row;
	void *context;
};

static int read_all(const struct reading *r, bool *out_is_truncated, struct why *why)
{
	const char *names[COLUMNS_MAX];
	struct view_value values[COLUMNS_MAX];
	int columns = sqlite3_column_count(r->statement);
	int code = SQLITE_DONE;
	bool is_wanted;

	for (int c = 0; c < columns; c++) {
		names[c] = sqlite3_column_name(r->statement, c);
	}
	is_wanted = r->row(r->context, (size_t)columns, names, NULL);
	for (uint64_t rows = 0; is_wanted; rows++) {
		code = sqlite3_step(r->statement);
		if (code != SQLITE_ROW) {
			break;
		}
		if (r->rows_max != 0 && rows == r->rows_max) {
			*out_is_truncated = true;
			return 0;
		}
		for (int c = 0; c < columns; c++) {
			values[c] = value_of(r->statement, c);
		}
		is_wanted = r->row(r->context, (size_t)columns, names, values);
	}
	return is_wanted && code != SQLITE_DONE ? explain(r->view, why) : 0;
}

int view_query(struct view *view, struct span sql, const struct view_value *bound,
	       size_t bound_count, const struct view_limits *limits, view_row *row, void *context,
	       bool *out_is_truncated, struct why *why)
{
	struct reading r = { view, NULL, limits->rows_max, row, context };
	bool is_truncated = false;
	int error;

	guard_start(&view->guard, limits->is_foreign, limits->timeout_ms);
	error = prepare(view, sql, limits->is_foreign, &r.statement, why);
	for (size_t i = 0; error == 0 && i < bound_count; i++) {
		bind(r.statement, (int)i + 1, &bound[i]);
	}
	if (error == 0) {
		error = snapshot_begin(view->snapshot);
		if (error != 0) {
			(void)why_set(why, error, "%s", view->snapshot->why.text);
		} else {
			error = read_all(&r, &is_truncated, why);
		}
	}
	(void)sqlite3_finalize(r.statement); /* its cursors read the snapshot: first */
	snapshot_end(view->snapshot);
	if (error == 0 && out_is_truncated != NULL) {
		*out_is_truncated = is_truncated;
	}
	return error;
}

uint64_t view_last_change(struct view *view)
{
	uint64_t no;

	guard_start(&view->guard, false, 0);
	if (snapshot_begin(view->snapshot) != 0) {
		return 0;
	}
	no = snapshot_newest(view->snapshot);
	snapshot_end(view->snapshot);
	return no;
}

int view_asset_tables(struct view *view, struct span asset_id, view_table *each, void *context,
		      struct why *why)
{
	int error;

	guard_start(&view->guard, false, 0);
	error = snapshot_begin(view->snapshot);
	if (error == 0) {
		error = asset_tables_read(view->snapshot, asset_id, each, context);
	}
	if (error != 0) {
		(void)why_set(why, error, "%s", view->snapshot->why.text);
	}
	snapshot_end(view->snapshot);
	return error;
}
