/*
 * view_numbers.c - tables as a whole, by row and asset numbers.
 *
 * What the file's sets and holders say is not unfolded into rows of SQL: ten million findings are
 * ten thousand short blobs.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/store/sqlite/layout.h"
#include "server/store/sqlite/rowtext.h"
#include "server/store/sqlite/view_inside.h"
#include "sys/alloc.h"

/* No set may be larger, whatever the file says. */
#define NUMBERS_MAX (1u << 26)

static int begin(struct view *view, struct why *why)
{
	int error;

	guard_start(&view->guard, false, 0);
	error = snapshot_begin(view->snapshot);
	return error == 0 ? 0 : why_set(why, error, "%s", view->snapshot->why.text);
}

/* Ends what begin began, and says why it failed where it did. */
static int end(struct view *view, int error, struct why *why)
{
	if (error != 0) {
		(void)why_set(why, error, "%s", view->snapshot->why.text);
	}
	snapshot_end(view->snapshot);
	return error;
}

/* --- rows --- */

static int each_row(struct snapshot *s, const struct table *table, uint32_t from,
		    view_distinct_row *each, void *context)
{
	sqlite3_str *sql = sqlite3_str_new(s->db);
	sqlite3_stmt *statement = NULL;
	bool is_wanted = true;
	char *text;
	int error;
	int code = SQLITE_DONE;

	sqlite3_str_appendall(sql, "SELECT ");
	layout_columns(table, sql);
	sqlite3_str_appendf(sql, ", _row FROM \"_rows_%w\" WHERE _row >= ? ORDER BY _row",
			    table->name);
	text = sqlite3_str_finish(sql);
	error = text == NULL ? ERR_LIMIT : database_prepare(s->db, text, &statement, &s->why);
	sqlite3_free(text);
	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, from);
	while (is_wanted && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct row row;

		rowtext_load(statement, table, &row);
		is_wanted = each(
			context,
			(uint32_t)sqlite3_column_int64(statement, (int)table->column_count), &row);
	}
	error = is_wanted && code != SQLITE_DONE ? database_error(s->db, "reading rows", &s->why)
						 : 0;
	(void)sqlite3_finalize(statement);
	return error;
}

int view_distinct_rows(struct view *view, uint16_t table, uint32_t from, view_distinct_row *each,
		       void *context, struct why *why)
{
	int error = begin(view, why);

	if (error != 0) {
		return error;
	}
	error = each_row(view->snapshot, schema_by_number(table), from, each, context);
	return end(view, error, why);
}

/* --- holdings --- */

static int hold(struct snapshot *s, uint32_t asset, uint16_t table, view_holding *each,
		void *context, bool *is_wanted)
{
	struct packed_writer set;
	uint32_t *rows = NULL;
	size_t count = 0;
	int error;

	packed_init(&set);
	error = snapshot_set(s, asset, table, SNAPSHOT_NOW, &set);
	if (error == 0) {
		error = packed_numbers(packed_end(&set), NUMBERS_MAX, &rows, &count);
	}
	packed_free(&set);
	if (error == 0 && count > 0) {
		*is_wanted = each(context, asset, rows, count);
	}
	free(rows);
	return error;
}

int view_each_holding(struct view *view, uint16_t table, uint32_t from, uint64_t *out_newest,
		      view_holding *each, void *context, struct why *why)
{
	struct snapshot *s = view->snapshot;
	bool is_wanted = true;
	int error = begin(view, why);

	if (error != 0) {
		return error;
	}
	*out_newest = snapshot_newest(s);
	for (uint32_t asset = from; error == 0 && is_wanted && asset <= s->asset_count; asset++) {
		error = hold(s, asset, table, each, context, &is_wanted);
	}
	return end(view, error, why);
}

int view_asset_holding(struct view *view, uint32_t asset, uint16_t table, view_holding *each,
		       void *context, struct why *why)
{
	bool is_wanted = true;
	int error = begin(view, why);

	if (error != 0) {
		return error;
	}
	if (asset >= 1 && asset <= view->snapshot->asset_count) {
		error = hold(view->snapshot, asset, table, each, context, &is_wanted);
	}
	return end(view, error, why);
}

int view_holders(struct view *view, uint16_t table, uint32_t row, view_holder *each, void *context,
		 struct why *why)
{
	uint32_t *assets = NULL;
	size_t count = 0;
	bool is_wanted = true;
	int error = begin(view, why);

	if (error != 0) {
		return error;
	}
	error = snapshot_holders(view->snapshot, table, row, &assets, &count);
	for (size_t i = 0; error == 0 && is_wanted && i < count; i++) {
		is_wanted = each(context, assets[i]);
	}
	free(assets);
	return end(view, error, why);
}

/* --- changes --- */

static int tell(const struct store_change *change, view_table_changed *each, void *context,
		bool *is_wanted)
{
	struct view_table_change out = {
		change->no, change->at_ms, change->asset, NULL, 0, NULL, 0
	};
	uint32_t *removed = NULL;
	uint32_t *added = NULL;
	int error = packed_numbers(change->removed, NUMBERS_MAX, &removed, &out.removed_count);

	if (error == 0) {
		error = packed_numbers(change->added, NUMBERS_MAX, &added, &out.added_count);
	}
	if (error == 0) {
		out.removed = removed;
		out.added = added;
		*is_wanted = each(context, &out);
	}
	free(removed);
	free(added);
	return error;
}

/* Which changes, and in which order. The table's number stands in the text, not bound: so SQLite
 * sees that the indexes of derived tables serve. */
struct range {
	uint16_t table;
	const char *which; /* with two numbers that are bound */
	uint64_t after;
	uint32_t asset;
};

static int each_change(struct snapshot *s, const struct range *range, view_table_changed *each,
		       void *context)
{
	sqlite3_stmt *statement = NULL;
	bool is_wanted = true;
	int code = SQLITE_DONE;
	char *sql = sqlite3_mprintf("SELECT " SNAPSHOT_CHANGE_COLUMNS
				    " FROM _changes WHERE tbl = %d AND %s",
				    range->table, range->which);
	int error = sql == NULL ? ERR_LIMIT : database_prepare(s->db, sql, &statement, &s->why);

	sqlite3_free(sql);
	if (error != 0) {
		return error;
	}
	(void)sqlite3_bind_int64(statement, 1, (int64_t)range->after);
	(void)sqlite3_bind_int64(statement, 2, range->asset);
	while (error == 0 && is_wanted && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_change change;

		snapshot_take_change(statement, &change);
		error = tell(&change, each, context, &is_wanted);
	}
	if (error == 0 && is_wanted && code != SQLITE_DONE) {
		error = database_error(s->db, "reading the history", &s->why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

static int changes(struct view *view, const struct range *range, view_table_changed *each,
		   void *context, struct why *why)
{
	int error = begin(view, why);

	if (error != 0) {
		return error;
	}
	error = each_change(view->snapshot, range, each, context);
	return end(view, error, why);
}

int view_table_changes(struct view *view, uint16_t table, uint64_t after, view_table_changed *each,
		       void *context, struct why *why)
{
	const struct range range = { table, "no > ?1 AND ?2 = 0 ORDER BY no", after, 0 };

	return changes(view, &range, each, context, why);
}

int view_table_changes_back(struct view *view, uint16_t table, view_table_changed *each,
			    void *context, struct why *why)
{
	const struct range range = { table, "no > ?1 AND ?2 = 0 ORDER BY no DESC", 0, 0 };

	return changes(view, &range, each, context, why);
}

static int each_asset_change(struct snapshot *s, uint32_t asset, uint16_t table,
			     view_table_changed *each, void *context)
{
	bool is_wanted = true;
	uint64_t no;
	int error = snapshot_asset_newest(s, asset, &no);

	while (error == 0 && is_wanted && no > 0) {
		struct store_change change;

		error = snapshot_change(s, no, &change);
		if (error == 0 && change.table == table) {
			error = tell(&change, each, context, &is_wanted);
		}
		no = error == 0 ? change.previous : 0;
	}
	return error;
}

/* The changes of findings have an index; else an asset's all are walked. */
int view_asset_changes(struct view *view, uint32_t asset, uint16_t table, view_table_changed *each,
		       void *context, struct why *why)
{
	const struct range range = { table, "no > ?1 AND asset = ?2 ORDER BY no DESC", 0, asset };
	int error;

	if (layout_has_change_index(schema_by_number(table))) {
		return changes(view, &range, each, context, why);
	}
	error = begin(view, why);
	if (error != 0) {
		return error;
	}
	if (asset >= 1 && asset <= view->snapshot->asset_count) {
		error = each_asset_change(view->snapshot, asset, table, each, context);
	}
	return end(view, error, why);
}

/* --- assets --- */

uint32_t view_asset_count(struct view *view)
{
	struct why why;
	uint32_t count = 0;

	if (begin(view, &why) == 0) {
		count = view->snapshot->asset_count;
		(void)!end(view, 0, &why);
	}
	return count;
}

static int each_sensor(struct snapshot *s, view_sensor *each, void *context)
{
	static const char sql[] = "SELECT a.asset, s.kind = 'scanner', s.is_connected FROM "
				  "_sensors s JOIN _assets a ON a.id = s.id";
	sqlite3_stmt *statement = NULL;
	bool is_wanted = true;
	int code = SQLITE_DONE;
	int error = database_prepare(s->db, sql, &statement, &s->why);

	while (error == 0 && is_wanted && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct view_watched watched = {
			(uint32_t)sqlite3_column_int64(statement, 0),
			sqlite3_column_int(statement, 1) != 0,
			sqlite3_column_int(statement, 2) != 0,
		};

		is_wanted = each(context, &watched);
	}
	if (error == 0 && is_wanted && code != SQLITE_DONE) {
		error = database_error(s->db, "reading sensors", &s->why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

int view_each_sensor(struct view *view, view_sensor *each, void *context, struct why *why)
{
	int error = begin(view, why);

	return error == 0 ? end(view, each_sensor(view->snapshot, each, context), why) : error;
}

int view_asset_number(struct view *view, struct span id, uint32_t *out, struct why *why)
{
	uint32_t asset = 0;
	int error = begin(view, why);

	if (error != 0) {
		return error;
	}
	error = snapshot_asset(view->snapshot, id, &asset);
	if (error == 0) {
		*out = asset;
	}
	return end(view, error, why);
}

static void copy(const char *text, char *out, size_t size)
{
	struct span cut = span_first(span_of(text), size - 1);

	mem_copy(out, cut.ptr, cut.len);
	out[cut.len] = '\0';
}

int view_asset_name(struct view *view, uint32_t asset, char out_id[VIEW_ASSET_ID_SIZE],
		    char *out_name, size_t size, struct why *why)
{
	const char *name = NULL;
	int error = begin(view, why);

	if (error != 0) {
		return error;
	}
	if (asset < 1 || asset > view->snapshot->asset_count) {
		error = why_set(&view->snapshot->why, ERR_NOT_FOUND, "there is no such asset");
	} else {
		error = snapshot_asset_name(view->snapshot, asset, &name);
	}
	if (error == 0) {
		copy(snapshot_asset_id(view->snapshot, asset), out_id, VIEW_ASSET_ID_SIZE);
		copy(name, out_name, size);
	}
	return end(view, error, why);
}
