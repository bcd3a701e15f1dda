/* vtab_lent.c - a table that somebody else lends: by number, or by its first column. */
#include <stdlib.h>

#include "base/error.h"
#include "server/store/sqlite/vtab.h"
#include "server/store/view.h"

/* What SQLite's planner is told; only their order matters. */
#define COST_ONE 5
#define COST_ALL 1000000

struct lent_vtab {
	struct vtab base;
	const struct lent *lent;
};

struct cursor {
	sqlite3_vtab_cursor base;
	uint32_t next;
	uint32_t end;
};

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct cursor *)base;
}

static const struct view_lent_table *table_of(const sqlite3_vtab_cursor *base)
{
	return ((const struct lent_vtab *)base->pVtab)->lent->table;
}

static int lent_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
			sqlite3_vtab **out, char **out_error)
{
	const struct lent *lent = context;
	sqlite3_vtab *made = NULL;
	char *sql = sqlite3_mprintf("CREATE TABLE x(%s)", lent->table->columns);
	int code = sql == NULL ? SQLITE_NOMEM : SQLITE_OK;

	(void)argc;
	(void)argv;
	(void)out_error;
	if (code == SQLITE_OK) {
		code = vtab_connect_sized(db, sizeof(struct lent_vtab), sql, &made);
	}
	sqlite3_free(sql);
	if (code == SQLITE_OK) {
		((struct vtab *)made)->snapshot = lent->snapshot;
		((struct lent_vtab *)made)->lent = lent;
		*out = made;
	}
	return code;
}

/* A function of its own, so that the module cannot be used as a table by its name. */
static int lent_create(sqlite3 *db, void *context, int argc, const char *const *argv,
		       sqlite3_vtab **out, char **out_error)
{
	return lent_connect(db, context, argc, argv, out, out_error);
}

static int lent_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	int i = vtab_constraint(info, 0, SQLITE_INDEX_CONSTRAINT_EQ);

	(void)base;
	info->idxNum = i >= 0;
	info->estimatedCost = i >= 0 ? COST_ONE : COST_ALL;
	info->estimatedRows = i >= 0 ? 1 : COST_ALL;
	if (i >= 0) {
		info->aConstraintUsage[i].argvIndex = 1;
		info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
	}
	return SQLITE_OK;
}

static int lent_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	(void)vtab;
	return vtab_open_cursor(sizeof(struct cursor), out);
}

static int lent_close(sqlite3_vtab_cursor *base)
{
	free(base);
	return SQLITE_OK;
}

static int lent_filter(sqlite3_vtab_cursor *base, int is_one, const char *text, int argc,
		       sqlite3_value **argv)
{
	struct cursor *c = cursor_of(base);
	const struct view_lent_table *table = table_of(base);
	uint32_t count = 0;
	int error = table->begin(table->context, &count, &vtab_of(base)->snapshot->why);

	(void)text;
	if (error != 0) {
		return vtab_fail(base->pVtab, error);
	}
	c->next = 0;
	c->end = count;
	if (is_one != 0 && argc == 1) {
		bool is_there = sqlite3_value_type(argv[0]) == SQLITE_TEXT &&
				table->find(table->context, vtab_argument_text(argv[0]), &c->next);

		c->end = is_there ? c->next + 1 : c->next;
	}
	return SQLITE_OK;
}

static int lent_next(sqlite3_vtab_cursor *base)
{
	cursor_of(base)->next++;
	return SQLITE_OK;
}

static int lent_eof(sqlite3_vtab_cursor *base)
{
	return cursor_of(base)->next >= cursor_of(base)->end;
}

static int lent_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	const struct view_lent_table *table = table_of(base);
	struct view_value value =
		table->value(table->context, cursor_of(base)->next, (unsigned)column);

	switch (value.kind) {
	case VIEW_INTEGER:
		sqlite3_result_int64(context, value.integer);
		break;
	case VIEW_REAL:
		sqlite3_result_double(context, value.real);
		break;
	case VIEW_TEXT:
		vtab_result_bytes(context, value.bytes);
		break;
	case VIEW_BLOB:
	case VIEW_NULL:
	default:
		break;
	}
	return SQLITE_OK;
}

static int lent_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = cursor_of(base)->next;
	return SQLITE_OK;
}

static const sqlite3_module vtab_lent = {
	.xCreate = lent_create,
	.xConnect = lent_connect,
	.xBestIndex = lent_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = lent_open,
	.xClose = lent_close,
	.xFilter = lent_filter,
	.xNext = lent_next,
	.xEof = lent_eof,
	.xColumn = lent_column,
	.xRowid = lent_rowid,
};

int vtab_lend(sqlite3 *db, struct lent *lent, struct why *why)
{
	char *sql = sqlite3_mprintf("CREATE VIRTUAL TABLE \"%w\" USING inventory_lent",
				    lent->table->name);
	int error = sql == NULL ? ERR_LIMIT : 0;

	if (error == 0 &&
	    sqlite3_create_module(db, "inventory_lent", &vtab_lent, lent) != SQLITE_OK) {
		error = database_error(db, "preparing the view", why);
	}
	if (error == 0) {
		error = database_run(db, sql, why);
	}
	sqlite3_free(sql);
	return error;
}
