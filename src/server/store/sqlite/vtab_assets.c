/* vtab_assets.c - the tables `assets` and `sensors`. */
#include <stdlib.h>

#include "base/error.h"
#include "server/store/sqlite/json.h"
#include "server/store/sqlite/scanned_seen.h"
#include "server/store/sqlite/vtab.h"
#include "sys/alloc.h"

/* The most addresses that are listed of one asset. */
#define ADDRESSES_MAX 8

/* Both tables can be asked for one id. */
enum { PLAN_ALL, PLAN_ID };

static int by_id_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	int i = vtab_constraint(info, 0, SQLITE_INDEX_CONSTRAINT_EQ);

	(void)base;
	info->idxNum = i >= 0 ? PLAN_ID : PLAN_ALL;
	info->estimatedCost = i >= 0 ? 5 : 10000;
	info->estimatedRows = i >= 0 ? 1 : 1000;
	if (i >= 0) {
		info->aConstraintUsage[i].argvIndex = 1;
		info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
	}
	return SQLITE_OK;
}

/* A statement of the cursor's own, on the snapshot's file. */
static int prepare(sqlite3_vtab *base, const char *sql, sqlite3_stmt **out)
{
	struct snapshot *s = ((struct vtab *)base)->snapshot;

	return *out != NULL ? 0 : database_prepare(s->db, sql, out, &s->why);
}

static int stepping_failed(sqlite3_vtab *base)
{
	struct snapshot *s = ((struct vtab *)base)->snapshot;

	return database_error(s->db, "reading the inventory", &s->why);
}

/* --- assets --- */

enum {
	ASSET_ID,
	ASSET_NAME,
	ASSET_OS,
	ASSET_ADDRESSES,
	ASSET_SENSOR,
	ASSET_IS_CONNECTED,
	ASSET_FIRST_SEEN,
	ASSET_LAST_SEEN,
	ASSET_ROWS,
	ASSET_TAGS,
	ASSET_KIND,
	ASSET_GONE,
};

struct asset_cursor {
	sqlite3_vtab_cursor base;
	uint32_t next; /* the asset it stands on is before this one */
	uint32_t last;
	bool is_end;
	bool is_one;     /* asked for by its id */
	bool has_sensor; /* `sensor` was read for the asset it stands on */
	bool is_sensor;  /* and it is there */
	bool has_seen;   /* `seen` was read for it: it has no sensor */
	struct seen seen;
	struct scanned_seen scans;
	sqlite3_stmt *sensor;
	sqlite3_stmt *os_name;
	sqlite3_stmt *address;
	sqlite3_stmt *scanned_address;
	sqlite3_stmt *scanned_system;
	sqlite3_stmt *tags;
};

static struct asset_cursor *asset_cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct asset_cursor *)base;
}

static int assets_connect(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			  sqlite3_vtab **out, char **out_error)
{
	(void)argc;
	(void)argv;
	(void)out_error;
	return vtab_connect(db, snapshot, NULL,
			    "CREATE TABLE x(id TEXT, name TEXT, os TEXT, addresses TEXT, "
			    "sensor TEXT, is_connected INTEGER, first_seen INTEGER, "
			    "last_seen INTEGER, rows INTEGER, tags TEXT, kind TEXT, "
			    "gone INTEGER)",
			    out);
}

static int assets_create(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			 sqlite3_vtab **out, char **out_error)
{
	return assets_connect(db, snapshot, argc, argv, out, out_error);
}

static int assets_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	(void)vtab;
	return vtab_open_cursor(sizeof(struct asset_cursor), out);
}

static int assets_close(sqlite3_vtab_cursor *base)
{
	struct asset_cursor *c = asset_cursor_of(base);

	(void)sqlite3_finalize(c->sensor);
	(void)sqlite3_finalize(c->os_name);
	(void)sqlite3_finalize(c->address);
	(void)sqlite3_finalize(c->scanned_address);
	(void)sqlite3_finalize(c->scanned_system);
	(void)sqlite3_finalize(c->tags);
	scanned_seen_done(&c->scans);
	free(c);
	return SQLITE_OK;
}

/* Stands `sensor` on the record of this asset. */
static int read_sensor(struct asset_cursor *c, uint32_t asset)
{
	if (c->has_sensor) {
		return 0;
	}
	(void)sqlite3_reset(c->sensor);
	(void)sqlite3_bind_int64(c->sensor, 1, asset);
	if (sqlite3_step(c->sensor) != SQLITE_ROW) {
		return stepping_failed(c->base.pVtab);
	}
	c->has_sensor = true;
	c->is_sensor = sqlite3_column_type(c->sensor, 1) != SQLITE_NULL;
	return 0;
}

static int read_seen(struct asset_cursor *c, uint32_t asset)
{
	int error = c->has_seen ? 0
				: scanned_seen_of(&c->scans, vtab_of(&c->base)->snapshot, asset,
						  &c->seen);

	c->has_seen = error == 0;
	return error;
}

/* One without a sensor that holds nothing was given up, or is another now: it is found by its id
 * alone. */
static int is_listed(struct asset_cursor *c, uint32_t asset, bool *out)
{
	int error = read_sensor(c, asset);

	int64_t rows = 0;

	if (error == 0 && !c->is_sensor) {
		error = snapshot_row_count(vtab_of(&c->base)->snapshot, asset, &rows);
	}
	*out = c->is_sensor || rows > 0;
	return error;
}

static int assets_next(sqlite3_vtab_cursor *base)
{
	struct asset_cursor *c = asset_cursor_of(base);
	bool is_wanted = false;
	int error = 0;

	while (error == 0 && !is_wanted) {
		c->has_sensor = c->has_seen = false;
		c->is_end = c->next > c->last;
		if (c->is_end) {
			break;
		}
		c->next++;
		is_wanted = c->is_one;
		error = is_wanted ? 0 : is_listed(c, c->next - 1, &is_wanted);
	}
	return error == 0 ? SQLITE_OK : vtab_fail(base->pVtab, error);
}

static int assets_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
			 sqlite3_value **argv)
{
	struct asset_cursor *c = asset_cursor_of(base);
	struct snapshot *s = vtab_of(base)->snapshot;
	int error = prepare(base->pVtab,
			    "SELECT first_seen, s.id, is_connected, last_seen, "
			    "coalesce(s.kind, 'scanned') FROM _assets a"
			    " LEFT JOIN _sensors s ON s.id = a.id WHERE asset = ?",
			    &c->sensor);

	(void)text;
	c->next = 1;
	c->last = s->asset_count;
	c->is_one = plan == PLAN_ID;
	if (error == 0 && plan == PLAN_ID && argc == 1) {
		error = snapshot_asset(s, vtab_argument_text(argv[0]), &c->next);
		c->last = c->next;
		c->next += c->next == 0;
	}
	return error == 0 ? assets_next(base) : vtab_fail(base->pVtab, error);
}

static int assets_eof(sqlite3_vtab_cursor *base)
{
	return asset_cursor_of(base)->is_end;
}

static int result_sensor(struct asset_cursor *c, sqlite3_context *context, uint32_t asset,
			 int column)
{
	int error = read_sensor(c, asset);

	if (error != 0) {
		return error;
	}
	if (column == ASSET_FIRST_SEEN) {
		sqlite3_result_value(context, sqlite3_column_value(c->sensor, 0));
	} else if (column == ASSET_KIND) {
		sqlite3_result_value(context, sqlite3_column_value(c->sensor, 4));
	} else if (column == ASSET_IS_CONNECTED && !c->is_sensor) {
		sqlite3_result_null(context); /* nothing that could be connected */
	} else if (column == ASSET_IS_CONNECTED) {
		sqlite3_result_int(context, sqlite3_column_int(c->sensor, 2));
	} else if (column == ASSET_SENSOR) {
		sqlite3_result_value(context, sqlite3_column_value(c->sensor, 1));
	} else if (c->is_sensor && sqlite3_column_int64(c->sensor, 3) != 0) {
		sqlite3_result_value(context, sqlite3_column_value(c->sensor, 3));
	} else if (c->is_sensor) {
		sqlite3_result_value(context, sqlite3_column_value(c->sensor, 0));
	} else {
		error = read_seen(c, asset);
		if (error == 0 && c->seen.is_known) {
			sqlite3_result_int64(context, c->seen.last_ms);
		} else {
			sqlite3_result_value(context, sqlite3_column_value(c->sensor, 0));
		}
	}
	return error;
}

/* Since when nothing answers at any of its places. */
static int result_gone(struct asset_cursor *c, sqlite3_context *context, uint32_t asset)
{
	int error = read_sensor(c, asset);

	if (error == 0 && !c->is_sensor) {
		error = read_seen(c, asset);
		if (error == 0 && c->seen.gone_ms != 0) {
			sqlite3_result_int64(context, c->seen.gone_ms);
		}
	}
	return error;
}

/* The first row that an asset holds of a table, by a statement with its number as ?1. */
static int result_first(struct asset_cursor *c, sqlite3_context *context, uint32_t asset,
			uint16_t table, sqlite3_stmt *statement, bool *out_is_there)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;
	struct packed_writer set;
	struct packed_reader r;
	struct packed_run run;
	int error;

	packed_init(&set);
	error = snapshot_set(s, asset, table, SNAPSHOT_NOW, &set);
	r = packed_over(packed_end(&set));
	*out_is_there = error == 0 && packed_next(&r, &run);
	if (*out_is_there) {
		(void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)run.first);
		if (sqlite3_step(statement) == SQLITE_ROW) {
			sqlite3_result_value(context, sqlite3_column_value(statement, 0));
		}
		(void)sqlite3_reset(statement);
	}
	packed_free(&set);
	return error;
}

/* What it says of itself, else what scans guess. */
static int result_os(struct asset_cursor *c, sqlite3_context *context, uint32_t asset)
{
	bool is_there = false;
	int error = prepare(c->base.pVtab, "SELECT name FROM _rows_os WHERE _row = ?", &c->os_name);

	if (error == 0) {
		error = prepare(c->base.pVtab,
				"SELECT system FROM _rows_scanned_hosts WHERE _row = ?",
				&c->scanned_system);
	}
	if (error == 0) {
		error = result_first(c, context, asset, TABLE_OS, c->os_name, &is_there);
	}
	if (error == 0 && !is_there) {
		error = result_first(c, context, asset, TABLE_SCANNED_HOSTS, c->scanned_system,
				     &is_there);
	}
	return error;
}

static int append_address(sqlite3_stmt *address, uint32_t row, struct buffer *out, unsigned *count)
{
	int error = 0;

	(void)sqlite3_bind_int64(address, 1, row);
	if (sqlite3_step(address) == SQLITE_ROW) {
		error = json_append_raw(out, span_of(*count > 0 ? "," : ""));
		if (error == 0) {
			error = json_append_text(out, database_text(address, 0));
		}
		(*count)++;
	}
	(void)sqlite3_reset(address);
	return error;
}

static int list_addresses(sqlite3_stmt *address, struct span set, struct buffer *out)
{
	struct packed_reader r = packed_over(set);
	struct packed_run run;
	unsigned count = 0;
	int error = json_append_raw(out, span_of("["));

	while (error == 0 && count < ADDRESSES_MAX && packed_next(&r, &run)) {
		for (uint64_t row = run.first;
		     error == 0 && row <= run.last && count < ADDRESSES_MAX; row++) {
			error = append_address(address, (uint32_t)row, out, &count);
		}
	}
	return error == 0 ? json_append_raw(out, span_of("]")) : error;
}

/* Of an asset that does not say itself which it has: where scans found it, or did once. */
static int scanned_addresses(struct asset_cursor *c, uint32_t asset, struct buffer *out)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;
	struct packed_writer set;
	int error = prepare(c->base.pVtab, "SELECT address FROM _rows_asset_joins WHERE _row = ?",
			    &c->scanned_address);

	packed_init(&set);
	if (error == 0) {
		error = snapshot_set(s, asset, TABLE_ASSET_JOINS, SNAPSHOT_NOW, &set);
	}
	if (error == 0) {
		error = list_addresses(c->scanned_address, packed_end(&set), out);
	}
	packed_free(&set);
	return error;
}

static int result_addresses(struct asset_cursor *c, sqlite3_context *context, uint32_t asset)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;
	struct packed_writer set;
	struct buffer json;
	int error =
		prepare(c->base.pVtab,
			"SELECT address FROM _rows_addresses WHERE _row = ? AND scope = 'global'"
			" AND address IS NOT NULL",
			&c->address);

	packed_init(&set);
	buffer_init(&json, 16 * ROW_BYTES_MAX * ADDRESSES_MAX);
	if (error == 0) {
		error = snapshot_set(s, asset, TABLE_ADDRESSES, SNAPSHOT_NOW, &set);
	}
	if (error == 0 && packed_end(&set).len == 0) {
		error = scanned_addresses(c, asset, &json);
	} else if (error == 0) {
		error = list_addresses(c->address, packed_end(&set), &json);
	}
	if (error == 0) {
		vtab_result_bytes(context, buffer_span(&json));
	}
	buffer_done(&json);
	packed_free(&set);
	return error;
}

static int result_tags(struct asset_cursor *c, sqlite3_context *context, uint32_t asset)
{
	int error = prepare(c->base.pVtab,
			    "SELECT json_group_array(tag) FROM (SELECT tag FROM _tags WHERE "
			    "asset = ? ORDER BY tag)",
			    &c->tags);

	if (error == 0) {
		(void)sqlite3_bind_int64(c->tags, 1, asset);
		if (sqlite3_step(c->tags) == SQLITE_ROW) {
			sqlite3_result_value(context, sqlite3_column_value(c->tags, 0));
		}
		(void)sqlite3_reset(c->tags);
	}
	return error;
}

static int result_rows(struct asset_cursor *c, sqlite3_context *context, uint32_t asset)
{
	int64_t count;
	int error = snapshot_row_count(vtab_of(&c->base)->snapshot, asset, &count);

	if (error == 0) {
		sqlite3_result_int64(context, count);
	}
	return error;
}

static int assets_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct asset_cursor *c = asset_cursor_of(base);
	uint32_t asset = c->next - 1;
	int error;

	switch (column) {
	case ASSET_ID:
		return vtab_result_asset(context, vtab_of(base)->snapshot, asset);
	case ASSET_NAME:
		return vtab_result_asset_name(context, base->pVtab, asset);
	case ASSET_OS:
		error = result_os(c, context, asset);
		break;
	case ASSET_ADDRESSES:
		error = result_addresses(c, context, asset);
		break;
	case ASSET_TAGS:
		error = result_tags(c, context, asset);
		break;
	case ASSET_GONE:
		error = result_gone(c, context, asset);
		break;
	case ASSET_ROWS:
		error = result_rows(c, context, asset);
		break;
	default:
		error = result_sensor(c, context, asset, column);
		break;
	}
	return error == 0 ? SQLITE_OK : vtab_fail(base->pVtab, error);
}

static int assets_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = asset_cursor_of(base)->next - 1;
	return SQLITE_OK;
}

const sqlite3_module vtab_assets = {
	.xCreate = assets_create,
	.xConnect = assets_connect,
	.xBestIndex = by_id_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = assets_open,
	.xClose = assets_close,
	.xFilter = assets_filter,
	.xNext = assets_next,
	.xEof = assets_eof,
	.xColumn = assets_column,
	.xRowid = assets_rowid,
};

/* --- sensors --- */

struct sensor_cursor {
	sqlite3_vtab_cursor base;
	bool is_end;
	sqlite3_int64 rowid;
	sqlite3_stmt *all;
	sqlite3_stmt *one;
	sqlite3_stmt *now; /* one of the two */
};

/* The statement's columns are the table's, but these. */
enum { SENSOR_ASSET = 2, SENSOR_NAME = 3, SENSOR_BUSY_TABLE = 14 };

#define SENSOR_COLUMNS                                                                             \
	"SELECT s.id, kind, asset, NULL, nullif(version, ''), nullif(address, ''), is_connected, " \
	"is_revoked, enrolled, nullif(last_seen, 0), not_after, "                                  \
	"(SELECT json_group_array(tag) FROM (SELECT tag FROM _tags t WHERE t.asset = a.asset "     \
	"ORDER BY tag)), CASE WHEN is_policed THEN lower(hex(policy)) END, "                       \
	"nullif(silent_since, 0), busy_table, nullif(clone_of, ''), duplicated <> 0, "             \
	"nullif(duplicates, '') "                                                                  \
	"FROM _sensors s LEFT JOIN _assets a ON a.id = s.id "

static struct sensor_cursor *sensor_cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct sensor_cursor *)base;
}

static int sensors_connect(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			   sqlite3_vtab **out, char **out_error)
{
	(void)argc;
	(void)argv;
	(void)out_error;
	return vtab_connect(db, snapshot, NULL,
			    "CREATE TABLE x(id TEXT, kind TEXT, asset TEXT, name TEXT, "
			    "version TEXT, address TEXT, is_connected INTEGER, "
			    "is_revoked INTEGER, enrolled_at INTEGER, last_seen INTEGER, "
			    "certificate_not_after INTEGER, tags TEXT, policy TEXT, "
			    "silent_since INTEGER, busy_table TEXT, clone_of TEXT, "
			    "is_duplicated INTEGER, duplicates TEXT)",
			    out);
}

static int sensors_create(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			  sqlite3_vtab **out, char **out_error)
{
	return sensors_connect(db, snapshot, argc, argv, out, out_error);
}

static int sensors_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	(void)vtab;
	return vtab_open_cursor(sizeof(struct sensor_cursor), out);
}

static int sensors_close(sqlite3_vtab_cursor *base)
{
	struct sensor_cursor *c = sensor_cursor_of(base);

	(void)sqlite3_finalize(c->all);
	(void)sqlite3_finalize(c->one);
	free(c);
	return SQLITE_OK;
}

static int sensors_next(sqlite3_vtab_cursor *base)
{
	struct sensor_cursor *c = sensor_cursor_of(base);
	int code = sqlite3_step(c->now);

	c->rowid++;
	c->is_end = code != SQLITE_ROW;
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		return vtab_fail(base->pVtab, stepping_failed(base->pVtab));
	}
	return SQLITE_OK;
}

static int sensors_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
			  sqlite3_value **argv)
{
	struct sensor_cursor *c = sensor_cursor_of(base);
	int error = prepare(base->pVtab, SENSOR_COLUMNS "ORDER BY s.id", &c->all);

	(void)text;
	if (error == 0) {
		error = prepare(base->pVtab, SENSOR_COLUMNS "WHERE s.id = ?", &c->one);
	}
	if (error != 0) {
		return vtab_fail(base->pVtab, error);
	}
	c->now = plan == PLAN_ID && argc == 1 ? c->one : c->all;
	(void)sqlite3_reset(c->now);
	if (c->now == c->one) {
		(void)sqlite3_bind_value(c->one, 1, argv[0]);
	}
	return sensors_next(base);
}

static int sensors_eof(sqlite3_vtab_cursor *base)
{
	return sensor_cursor_of(base)->is_end;
}

static int sensors_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct sensor_cursor *c = sensor_cursor_of(base);
	const struct snapshot *s = vtab_of(base)->snapshot;
	uint32_t asset = (uint32_t)sqlite3_column_int64(c->now, SENSOR_ASSET);
	bool is_asset = asset > 0 && asset <= s->asset_count;

	if (column == SENSOR_ASSET && is_asset) {
		return vtab_result_asset(context, s, asset);
	}
	if (column == SENSOR_NAME && is_asset) {
		return vtab_result_asset_name(context, base->pVtab, asset);
	}
	if (column == SENSOR_NAME) {
		column = 0; /* its id, where it has no asset yet */
	}
	if (column == SENSOR_BUSY_TABLE) {
		const struct table *table =
			schema_by_number((uint64_t)sqlite3_column_int64(c->now, SENSOR_BUSY_TABLE));

		if (table != NULL) {
			vtab_result_text(context, table->name);
		}
		return SQLITE_OK;
	}
	sqlite3_result_value(context, sqlite3_column_value(c->now, column));
	return SQLITE_OK;
}

static int sensors_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = sensor_cursor_of(base)->rowid;
	return SQLITE_OK;
}

const sqlite3_module vtab_sensors = {
	.xCreate = sensors_create,
	.xConnect = sensors_connect,
	.xBestIndex = by_id_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = sensors_open,
	.xClose = sensors_close,
	.xFilter = sensors_filter,
	.xNext = sensors_next,
	.xEof = sensors_eof,
	.xColumn = sensors_column,
	.xRowid = sensors_rowid,
};
