/* vtab_plain.c - small tables that are shown as they are: `tags`, `policies`, `retention`,
 * `acceptances`, `trends`, `scopes`, `join_decisions`, `exposure_acceptances`. */
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "server/store/sqlite/vtab.h"

#define TEXT_OF(number)  #number
#define NUMBER_OF(macro) TEXT_OF(macro)
#define RETENTION                                                                                  \
	"SELECT coalesce((SELECT value FROM _meta WHERE key = 'events_keep_ms'), " NUMBER_OF(      \
		INVENTORY_EVENTS_KEEP_MS) "), coalesce((SELECT value FROM _meta WHERE key = "      \
					  "'events_count_max'), " NUMBER_OF(                       \
						  INVENTORY_EVENTS_MAX) ")"

#define ACCEPTANCES                                                                                \
	"SELECT c.no, c.id, a.id, c.asset, c.reason, nullif(c.until, 0), c.at, c.by_whom FROM "    \
	"_acceptances c LEFT JOIN _assets a ON a.asset = c.asset WHERE c.withdrawn = 0"
#define SCOPES                                                                                     \
	"SELECT name, kind, token, at, by_whom, nullif(method, ''), nullif(proved, 0), "           \
	"nullif(proved_by, ''), nullif(statement, ''), nullif(failure, ''), is_on, period_s, "     \
	"from_minute, to_minute, rate, ports, nullif(scanner, ''), nullif(tried, 0), "             \
	"nullif(checked, 0), nullif(failing, 0) FROM _scopes"
#define DECISIONS                                                                                  \
	"SELECT d.scope, d.address, a.id, d.asset, d.is_join, d.reason, d.at, d.by_whom FROM "     \
	"_join_decisions d LEFT JOIN _assets a ON a.asset = d.asset"
#define EXPOSURE_ACCEPTANCES                                                                       \
	"SELECT c.no, c.rule, a.id, c.asset, c.subject, c.reason, nullif(c.until, 0), c.at, "      \
	"c.by_whom, nullif(c.ended, 0), nullif(c.cause, '') FROM _exposure_acceptances c LEFT "    \
	"JOIN _assets a ON a.asset = c.asset"
#define TRENDS                                                                                     \
	"SELECT date(day * 86400, 'unixepoch'), critical, high, medium, low, none, accepted, "     \
	"exploited, fixable, assets, risk FROM _trends"

/* Each can be asked for by its first column. */
static const struct plain {
	const char *columns;
	const char *all;
	const char *one;
	int name_column; /* the statement has an asset's number where its name is shown; or -1 */
} plains[] = {
	{ "CREATE TABLE x(asset TEXT, asset_name TEXT, tag TEXT)",
	  "SELECT a.id, t.asset, t.tag FROM _tags t JOIN _assets a ON a.asset = t.asset"
	  " ORDER BY t.asset, t.tag",
	  "SELECT a.id, t.asset, t.tag FROM _assets a JOIN _tags t ON t.asset = a.asset"
	  " WHERE a.id = ? ORDER BY t.tag",
	  1 },
	{ "CREATE TABLE x(name TEXT, bytes BLOB, changed_at INTEGER, changed_by TEXT)",
	  "SELECT name, bytes, changed, changed_by FROM _policies ORDER BY name",
	  "SELECT name, bytes, changed, changed_by FROM _policies WHERE name = ?", -1 },
	{ "CREATE TABLE x(events_keep_ms INTEGER, events_max INTEGER)", RETENTION, RETENTION, -1 },
	{ "CREATE TABLE x(no INTEGER, vulnerability TEXT, asset TEXT, asset_name TEXT, reason "
	  "TEXT, "
	  "until INTEGER, accepted_at INTEGER, accepted_by TEXT)",
	  ACCEPTANCES " ORDER BY c.no DESC", ACCEPTANCES " AND c.no = ?", 3 },
	{ "CREATE TABLE x(day TEXT, critical INTEGER, high INTEGER, medium INTEGER, low INTEGER, "
	  "none INTEGER, accepted INTEGER, exploited INTEGER, fixable INTEGER, assets INTEGER, "
	  "risk INTEGER)",
	  TRENDS " ORDER BY day", TRENDS " WHERE day = unixepoch(?) / 86400", -1 },
	{ "CREATE TABLE x(name TEXT, kind TEXT, token TEXT, added_at INTEGER, added_by TEXT, "
	  "method TEXT, proved_at INTEGER, proved_by TEXT, statement TEXT, failure TEXT, "
	  "is_on INTEGER, period_s INTEGER, from_minute INTEGER, to_minute INTEGER, rate INTEGER, "
	  "ports TEXT, scanner TEXT, tried_at INTEGER, checked_at INTEGER, failing_since INTEGER)",
	  SCOPES " ORDER BY name", SCOPES " WHERE name = ?", -1 },
	{ "CREATE TABLE x(scope TEXT, address TEXT, asset TEXT, asset_name TEXT, is_join INTEGER, "
	  "reason TEXT, decided_at INTEGER, decided_by TEXT)",
	  DECISIONS " ORDER BY d.at DESC", DECISIONS " WHERE d.scope = ? ORDER BY d.at DESC", 3 },
	{ "CREATE TABLE x(no INTEGER, rule TEXT, asset TEXT, asset_name TEXT, subject TEXT, "
	  "reason TEXT, until INTEGER, accepted_at INTEGER, accepted_by TEXT, ended_at INTEGER, "
	  "ended_because TEXT)",
	  EXPOSURE_ACCEPTANCES " ORDER BY c.no DESC", EXPOSURE_ACCEPTANCES " WHERE c.no = ?", 3 },
};

struct cursor {
	sqlite3_vtab_cursor base;
	bool is_end;
	sqlite3_int64 rowid;
	sqlite3_stmt *statement;
};

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct cursor *)base;
}

static const struct plain *plain_of(sqlite3_vtab *base)
{
	return &plains[((const struct vtab *)base)->number];
}

static int plain_connect(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			 sqlite3_vtab **out, char **out_error)
{
	uint64_t number;
	int code;

	(void)out_error;
	if (argc <= 3 || text_to_u64(span_of(argv[3]), COUNT_OF(plains) - 1, &number) != 0) {
		return SQLITE_ERROR;
	}
	code = vtab_connect(db, snapshot, NULL, plains[number].columns, out);
	if (code == SQLITE_OK) {
		((struct vtab *)*out)->number = number;
	}
	return code;
}

/* A function of its own, so that the module cannot be used as a table by its name. */
static int plain_create(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			sqlite3_vtab **out, char **out_error)
{
	return plain_connect(db, snapshot, argc, argv, out, out_error);
}

static int plain_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	int i = vtab_constraint(info, 0, SQLITE_INDEX_CONSTRAINT_EQ);

	(void)base;
	info->idxNum = i >= 0;
	info->estimatedCost = i >= 0 ? 5 : 1000;
	if (i >= 0) {
		info->aConstraintUsage[i].argvIndex = 1;
	}
	return SQLITE_OK;
}

static int plain_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	(void)vtab;
	return vtab_open_cursor(sizeof(struct cursor), out);
}

static int plain_close(sqlite3_vtab_cursor *base)
{
	(void)sqlite3_finalize(cursor_of(base)->statement);
	free(base);
	return SQLITE_OK;
}

static int plain_next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);
	struct snapshot *s = vtab_of(base)->snapshot;
	int code = sqlite3_step(c->statement);

	c->rowid++;
	c->is_end = code != SQLITE_ROW;
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		return vtab_fail(base->pVtab,
				 database_error(s->db, "reading the inventory", &s->why));
	}
	return SQLITE_OK;
}

static int plain_filter(sqlite3_vtab_cursor *base, int is_one, const char *text, int argc,
			sqlite3_value **argv)
{
	struct cursor *c = cursor_of(base);
	const struct plain *plain = plain_of(base->pVtab);
	struct snapshot *s = vtab_of(base)->snapshot;
	int error;

	(void)text;
	(void)sqlite3_finalize(c->statement);
	c->statement = NULL;
	error = database_prepare(s->db, is_one != 0 ? plain->one : plain->all, &c->statement,
				 &s->why);
	if (error != 0) {
		return vtab_fail(base->pVtab, error);
	}
	if (is_one != 0 && argc == 1) {
		(void)sqlite3_bind_value(c->statement, 1, argv[0]);
	}
	return plain_next(base);
}

static int plain_eof(sqlite3_vtab_cursor *base)
{
	return cursor_of(base)->is_end;
}

static int plain_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct cursor *c = cursor_of(base);
	const struct snapshot *s = vtab_of(base)->snapshot;
	int64_t asset;

	if (column != plain_of(base->pVtab)->name_column) {
		sqlite3_result_value(context, sqlite3_column_value(c->statement, column));
		return SQLITE_OK;
	}
	asset = sqlite3_column_int64(c->statement, column);
	return asset > 0 && asset <= s->asset_count
		       ? vtab_result_asset_name(context, base->pVtab, (uint32_t)asset)
		       : SQLITE_OK;
}

static int plain_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = cursor_of(base)->rowid;
	return SQLITE_OK;
}

const sqlite3_module vtab_plain = {
	.xCreate = plain_create,
	.xConnect = plain_connect,
	.xBestIndex = plain_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = plain_open,
	.xClose = plain_close,
	.xFilter = plain_filter,
	.xNext = plain_next,
	.xEof = plain_eof,
	.xColumn = plain_column,
	.xRowid = plain_rowid,
};
