/*
 * vtab_rows.c - one table of the schema: what every asset holds of it.
 *
 * Two ways to walk. By asset: each asset's set, and the rows of its runs; for queries that name an
 * asset, ask for a past moment, or need no column. By row: each distinct row that fits the query's
 * conditions once, and for it the assets that hold it; so a fleet is searched in the time that its
 * distinct rows take.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "server/store/sqlite/layout.h"
#include "server/store/sqlite/vtab.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* Columns before the table's own. The hidden `at` is behind them. */
enum { COLUMN_ASSET, COLUMN_ASSET_NAME, COLUMN_FIRST };

/* idxNum: what xFilter is given, in this order, and what it may do. */
enum {
	PLAN_ASSET = 1,       /* asset = ? */
	PLAN_NAME = 2,        /* asset_name = ? */
	PLAN_AT = 4,          /* at = ? */
	PLAN_CONDITION = 8,   /* idxStr is a condition on the rows, its values follow */
	PLAN_COUNT_ONLY = 16, /* no column of the table's own is asked for */
};

/* Conditions that are handed on, at the most. */
#define CONDITIONS_MAX 8

struct cursor {
	sqlite3_vtab_cursor base;
	bool is_by_row;
	bool is_end;
	bool has_at;
	bool is_count_only;
	int64_t at_ms;
	sqlite3_int64 rowid;
	sqlite3_stmt *run_rows; /* the rows first..last */
	sqlite3_stmt *all_rows; /* the rows that fit `condition` */
	char *condition;
	/* by asset: those to visit; by row: those that hold it */
	uint32_t *assets;
	size_t asset_count;
	size_t next_asset;
	uint32_t asset;
	struct packed_writer set;
	struct packed_reader runs;
	struct packed_run run;
	bool has_run;
};

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct cursor *)base;
}

static int rows_connect(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			sqlite3_vtab **out, char **out_error)
{
	const struct table *table = NULL;
	sqlite3_str *sql;
	char *text;
	uint64_t number;
	int code;

	(void)out_error;
	if (argc > 3 && text_to_u64(span_of(argv[3]), SCHEMA_TABLES_MAX, &number) == 0) {
		table = schema_by_number(number);
	}
	if (table == NULL) {
		return SQLITE_ERROR;
	}
	sql = sqlite3_str_new(db);
	sqlite3_str_appendall(sql, "CREATE TABLE x(asset TEXT, asset_name TEXT");
	for (size_t c = 0; c < table->column_count; c++) {
		bool is_text = table->columns[c].type == COLUMN_TEXT ||
			       table->columns[c].type == COLUMN_LIST;

		sqlite3_str_appendf(sql, ", \"%w\" %s", table->columns[c].name,
				    is_text ? "TEXT" : "INTEGER");
	}
	sqlite3_str_appendall(sql, ", at HIDDEN)");
	text = sqlite3_str_finish(sql);
	if (text == NULL) {
		return SQLITE_NOMEM;
	}
	code = vtab_connect(db, snapshot, table, text, out);
	sqlite3_free(text);
	return code;
}

/* A function of its own, so that the module cannot be used as a table by its name. */
static int rows_create(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
		       sqlite3_vtab **out, char **out_error)
{
	return rows_connect(db, snapshot, argc, argv, out, out_error);
}

/* --- planning --- */

static const char *operator_of(unsigned char op)
{
	switch (op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		return "=";
	case SQLITE_INDEX_CONSTRAINT_IS:
		return "IS";
	case SQLITE_INDEX_CONSTRAINT_GT:
		return ">";
	case SQLITE_INDEX_CONSTRAINT_GE:
		return ">=";
	case SQLITE_INDEX_CONSTRAINT_LT:
		return "<";
	case SQLITE_INDEX_CONSTRAINT_LE:
		return "<=";
	case SQLITE_INDEX_CONSTRAINT_LIKE:
		return "LIKE";
	case SQLITE_INDEX_CONSTRAINT_GLOB:
		return "GLOB";
	default:
		return NULL;
	}
}

/* How many in a thousand rows are thought to pass. */
static double selectivity(unsigned char op)
{
	return op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_IS ? 0.002 : 0.25;
}

/* One condition as SQL; ?N is the argument. Where the column has an index: the rows that it names,
 * and those that it does not have yet. Null is in no index. */
static void append_condition(sqlite3_str *sql, const struct table *table, int column,
			     const char *op, int argument)
{
	const char *name = table->columns[column].name;

	if (!layout_is_indexed(table, (size_t)column) || strcmp(op, "IS") == 0) {
		sqlite3_str_appendf(sql, "\"%w\" %s ?%d", name, op, argument);
		return;
	}
	sqlite3_str_appendf(sql,
			    "_row IN (SELECT row FROM \"_by_%w_%w\" WHERE value %s ?%d"
			    " UNION ALL SELECT _row FROM \"_rows_%w\" WHERE \"%w\" %s ?%d AND"
			    " _row >= coalesce((SELECT value FROM _meta WHERE key ="
			    " 'by_%q_%q'), 0))",
			    table->name, name, op, argument, table->name, name, op, argument,
			    table->name, name);
}

/* The conditions on the table's own columns, as SQL. SQLite checks them
 * again, so each may be left out, and one with another collation must be. */
static char *take_conditions(const struct table *table, sqlite3_index_info *info, int *argument,
			     double *rows)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	int count = 0;

	for (int i = 0; i < info->nConstraint && count < CONDITIONS_MAX; i++) {
		int column = info->aConstraint[i].iColumn - COLUMN_FIRST;
		const char *op = operator_of(info->aConstraint[i].op);

		if (info->aConstraint[i].usable == 0 || op == NULL || column < 0 ||
		    column >= (int)table->column_count ||
		    sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") != 0) {
			continue;
		}
		info->aConstraintUsage[i].argvIndex = ++*argument;
		sqlite3_str_appendall(sql, count > 0 ? " AND " : "");
		append_condition(sql, table, column, op, *argument);
		*rows *= selectivity(info->aConstraint[i].op);
		count++;
	}
	return sqlite3_str_finish(sql);
}

/* Takes `column = ?` where it is there; false where it is there but cannot be used yet. */
static bool take_equals(sqlite3_index_info *info, int column, int flag, bool is_final,
			int *argument)
{
	int i = vtab_constraint(info, column, SQLITE_INDEX_CONSTRAINT_EQ);

	if (i < 0) {
		for (i = 0; i < info->nConstraint; i++) {
			if (info->aConstraint[i].iColumn == column &&
			    info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ) {
				return false;
			}
		}
		return true;
	}
	info->aConstraintUsage[i].argvIndex = ++*argument;
	info->aConstraintUsage[i].omit = is_final;
	info->idxNum |= flag;
	return true;
}

static bool is_count_only(const struct table *table, const sqlite3_index_info *info)
{
	sqlite3_uint64 own = 0;

	for (size_t c = 0; c < table->column_count; c++) {
		own |= 1ull << (c + COLUMN_FIRST < 63 ? c + COLUMN_FIRST : 63);
	}
	return (info->colUsed & own) == 0;
}

static int rows_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct table *table = ((struct vtab *)base)->table;
	int at_column = (int)table->column_count + COLUMN_FIRST;
	double rows = 1e6;
	int argument = 0;

	info->idxNum = is_count_only(table, info) ? PLAN_COUNT_ONLY : 0;
	if (take_equals(info, COLUMN_ASSET, PLAN_ASSET, false, &argument) &&
	    (info->idxNum & PLAN_ASSET) != 0) {
		rows = 200;
	} else if (take_equals(info, COLUMN_ASSET_NAME, PLAN_NAME, false, &argument) &&
		   (info->idxNum & PLAN_NAME) != 0) {
		rows = 400;
	}
	/* without its moment the table would show another one */
	if (!take_equals(info, at_column, PLAN_AT, true, &argument)) {
		return SQLITE_CONSTRAINT;
	}
	if ((info->idxNum & ~PLAN_COUNT_ONLY) == 0) {
		int before = argument;

		info->idxStr = take_conditions(table, info, &argument, &rows);
		info->needToFreeIdxStr = info->idxStr != NULL;
		info->idxNum |= argument > before ? PLAN_CONDITION : 0;
	}
	info->estimatedRows = rows < 1 ? 1 : (sqlite3_int64)rows;
	info->estimatedCost = rows < 10 ? 10 : rows;
	return SQLITE_OK;
}

/* --- walking --- */

static int rows_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	(void)vtab;
	return vtab_open_cursor(sizeof(struct cursor), out);
}

static void forget(struct cursor *c)
{
	(void)sqlite3_reset(c->run_rows);
	(void)sqlite3_reset(c->all_rows);
	alloc_free(&c->assets);
	c->asset_count = 0;
	c->next_asset = 0;
	packed_clear(&c->set);
	c->has_run = false;
	c->is_end = false;
}

static int rows_close(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);

	forget(c);
	(void)sqlite3_finalize(c->run_rows);
	(void)sqlite3_finalize(c->all_rows);
	free(c->condition);
	packed_free(&c->set);
	free(c);
	return SQLITE_OK;
}

static int sqlite_failed(struct cursor *c)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;

	return database_error(s->db, "reading rows", &s->why);
}

/* Makes "SELECT columns, _row FROM the rows WHERE condition". */
static int prepare_rows(struct cursor *c, const char *condition, sqlite3_stmt **out)
{
	const struct vtab *vtab = vtab_of(&c->base);
	struct snapshot *s = vtab->snapshot;
	sqlite3_str *sql = sqlite3_str_new(s->db);
	char *text;
	int error;

	sqlite3_str_appendall(sql, "SELECT ");
	layout_columns(vtab->table, sql);
	sqlite3_str_appendf(sql, ", _row FROM \"_rows_%w\"", vtab->table->name);
	if (condition != NULL) {
		sqlite3_str_appendf(sql, " WHERE %s", condition);
	}
	text = sqlite3_str_finish(sql);
	error = text == NULL ? why_set(&s->why, ERR_LIMIT, "the query is too long")
			     : database_prepare(s->db, text, out, &s->why);
	sqlite3_free(text);
	return error;
}

/* The next row of the current run. */
static int step_run(struct cursor *c, bool *out_is_found)
{
	if (c->is_count_only) {
		*out_is_found = c->has_run;
		c->has_run = c->has_run && c->run.first < c->run.last;
		c->run.first++;
		return 0;
	}
	switch (c->has_run ? sqlite3_step(c->run_rows) : SQLITE_DONE) {
	case SQLITE_ROW:
		*out_is_found = true;
		return 0;
	case SQLITE_DONE:
		(void)sqlite3_reset(c->run_rows);
		*out_is_found = false;
		c->has_run = false;
		return 0;
	default:
		return sqlite_failed(c);
	}
}

static int next_by_asset(struct cursor *c)
{
	struct vtab *vtab = vtab_of(&c->base);
	bool is_found = false;
	int error = 0;

	for (;;) {
		error = step_run(c, &is_found);
		if (error != 0 || is_found) {
			return error;
		}
		c->has_run = packed_next(&c->runs, &c->run);
		if (c->has_run && !c->is_count_only) {
			(void)sqlite3_bind_int64(c->run_rows, 1, c->run.first);
			(void)sqlite3_bind_int64(c->run_rows, 2, c->run.last);
		}
		if (c->has_run) {
			continue;
		}
		if (c->next_asset == c->asset_count) {
			c->is_end = true;
			return 0;
		}
		c->asset = c->assets[c->next_asset++];
		packed_clear(&c->set);
		error = snapshot_set(vtab->snapshot, c->asset, vtab->table->number, c->at_ms,
				     &c->set);
		if (error != 0) {
			return error;
		}
		c->runs = packed_over(packed_end(&c->set));
	}
}

static int next_by_row(struct cursor *c)
{
	struct vtab *vtab = vtab_of(&c->base);

	while (c->next_asset == c->asset_count) {
		int code = sqlite3_step(c->all_rows);
		uint32_t row;
		int error;

		if (code == SQLITE_DONE) {
			c->is_end = true;
			return 0;
		}
		if (code != SQLITE_ROW) {
			return sqlite_failed(c);
		}
		row = (uint32_t)sqlite3_column_int64(c->all_rows, (int)vtab->table->column_count);
		alloc_free(&c->assets);
		c->asset_count = c->next_asset = 0;
		error = snapshot_holders(vtab->snapshot, vtab->table->number, row, &c->assets,
					 &c->asset_count);
		if (error != 0) {
			return error;
		}
	}
	c->asset = c->assets[c->next_asset++];
	return 0;
}

static int rows_next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);
	int error = c->is_by_row ? next_by_row(c) : next_by_asset(c);

	c->rowid++;
	return error == 0 ? SQLITE_OK : vtab_fail(base->pVtab, error);
}

/* The assets to visit: one by its id, those of a name, or all. */
static int choose_assets(struct cursor *c, int plan, sqlite3_value **argument)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;
	struct span wanted = { NULL, 0 };
	int error = 0;

	if ((plan & (PLAN_ASSET | PLAN_NAME)) != 0) {
		wanted = vtab_argument_text(*argument);
	}
	c->assets = alloc_resize(NULL, (size_t)s->asset_count + 1, sizeof *c->assets);
	if ((plan & PLAN_ASSET) != 0) {
		error = snapshot_asset(s, wanted, &c->assets[0]);
		c->asset_count = error == 0 && c->assets[0] != 0;
		return error;
	}
	for (uint32_t asset = 1; error == 0 && asset <= s->asset_count; asset++) {
		const char *name = "";

		if ((plan & PLAN_NAME) != 0) {
			error = snapshot_asset_name(s, asset, &name);
		}
		if ((plan & PLAN_NAME) == 0 || span_is(wanted, name)) {
			c->assets[c->asset_count++] = asset;
		}
	}
	return error;
}

/* Milliseconds, or a time as RFC 3339 says it. */
static int take_moment(struct cursor *c, sqlite3_value *value)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;

	c->has_at = true;
	if (sqlite3_value_numeric_type(value) == SQLITE_INTEGER) {
		c->at_ms = sqlite3_value_int64(value);
		return 0;
	}
	if (sqlite3_value_type(value) == SQLITE_TEXT &&
	    clock_from_text(vtab_argument_text(value), &c->at_ms) == 0) {
		return 0;
	}
	return why_set(&s->why, ERR_USAGE,
		       "at: give milliseconds since 1970 or a time like "
		       "'2026-11-21T12:00:00Z'");
}

static int prepare_condition(struct cursor *c, const char *condition)
{
	bool is_same = c->all_rows != NULL && (condition == NULL) == (c->condition == NULL) &&
		       (condition == NULL || strcmp(condition, c->condition) == 0);

	if (is_same) {
		return 0;
	}
	(void)sqlite3_finalize(c->all_rows);
	c->all_rows = NULL;
	alloc_free(&c->condition);
	c->condition = condition != NULL ? alloc_text(condition) : NULL;
	return prepare_rows(c, condition, &c->all_rows);
}

static int start(struct cursor *c, int plan, const char *condition, int argc, sqlite3_value **argv)
{
	int at = 0;
	int error = 0;

	c->is_count_only = (plan & PLAN_COUNT_ONLY) != 0;
	c->is_by_row = (plan & (PLAN_ASSET | PLAN_NAME | PLAN_AT)) == 0 && !c->is_count_only;
	c->has_at = false;
	c->at_ms = SNAPSHOT_NOW;
	if (c->is_by_row) {
		error = prepare_condition(c, (plan & PLAN_CONDITION) != 0 ? condition : NULL);
		for (; error == 0 && at < argc; at++) {
			(void)sqlite3_bind_value(c->all_rows, at + 1, argv[at]);
		}
		return error;
	}
	if (!c->is_count_only && c->run_rows == NULL) {
		error = prepare_rows(c, "_row BETWEEN ? AND ?", &c->run_rows);
	}
	if (error == 0) {
		error = choose_assets(c, plan, argv);
	}
	at += (plan & (PLAN_ASSET | PLAN_NAME)) != 0;
	if (error == 0 && (plan & PLAN_AT) != 0) {
		error = take_moment(c, argv[at]);
	}
	c->runs = packed_over((struct span){ NULL, 0 });
	return error;
}

static int rows_filter(sqlite3_vtab_cursor *base, int plan, const char *condition, int argc,
		       sqlite3_value **argv)
{
	struct cursor *c = cursor_of(base);
	int error;

	forget(c);
	error = start(c, plan, condition, argc, argv);
	return error == 0 ? rows_next(base) : vtab_fail(base->pVtab, error);
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
	return cursor_of(base)->is_end;
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct cursor *c = cursor_of(base);
	const struct vtab *vtab = vtab_of(base);

	if (column == COLUMN_ASSET) {
		return vtab_result_asset(context, vtab->snapshot, c->asset);
	}
	if (column == COLUMN_ASSET_NAME) {
		return vtab_result_asset_name(context, base->pVtab, c->asset);
	}
	if (column - COLUMN_FIRST < (int)vtab->table->column_count) {
		sqlite3_stmt *rows = c->is_by_row ? c->all_rows : c->run_rows;

		if (!c->is_count_only) {
			sqlite3_result_value(context,
					     sqlite3_column_value(rows, column - COLUMN_FIRST));
		}
		return SQLITE_OK;
	}
	if (c->has_at) {
		sqlite3_result_int64(context, c->at_ms);
	}
	return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = cursor_of(base)->rowid;
	return SQLITE_OK;
}

const sqlite3_module vtab_rows = {
	.xCreate = rows_create,
	.xConnect = rows_connect,
	.xBestIndex = rows_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = rows_open,
	.xClose = rows_close,
	.xFilter = rows_filter,
	.xNext = rows_next,
	.xEof = rows_eof,
	.xColumn = rows_column,
	.xRowid = rows_rowid,
};
