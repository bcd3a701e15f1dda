/* layout.c - creating and upgrading the tables of a tenant's file. */
#include "server/store/sqlite/layout.h"

#include "base/error.h"
#include "server/store/sqlite/database.h"

int64_t layout_set_id(uint32_t asset, uint16_t table)
{
	return (int64_t)asset << 6 | table;
}

uint32_t layout_set_asset(int64_t set_id)
{
	return (uint32_t)(set_id >> 6);
}

uint16_t layout_set_table(int64_t set_id)
{
	return (uint16_t)(set_id & (SCHEMA_TABLES_MAX - 1));
}

int64_t layout_holders_id(uint16_t table, uint32_t row)
{
	return (int64_t)table << 32 | row;
}

/* Events lie together as they came, many in a record: a record's number is its first event's. Its
 * indexes so have an entry a record, and _event_kinds one for each kind in it.
 *
 * `changes` has an index on its time, because the sensors' and the server's clocks may jump: time
 * and number do not always rise together. Both are appended to at the end. */
static const char fixed[] =
	"CREATE TABLE IF NOT EXISTS _meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS _assets(asset INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
	" first_seen INTEGER NOT NULL, newest INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS _sensors(id TEXT PRIMARY KEY, kind TEXT NOT NULL,"
	" version TEXT NOT NULL, address TEXT NOT NULL, is_connected INTEGER NOT NULL,"
	" is_revoked INTEGER NOT NULL, enrolled INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL, key_hash BLOB NOT NULL,"
	" previous_key_hash BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS _changes(no INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
	" observed_at INTEGER NOT NULL, asset INTEGER NOT NULL, tbl INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, previous INTEGER NOT NULL, removed BLOB NOT NULL,"
	" added BLOB NOT NULL);"
	"CREATE INDEX IF NOT EXISTS _changes_at ON _changes(at);"
	"CREATE TABLE IF NOT EXISTS _sets(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL,"
	" count INTEGER NOT NULL, upto INTEGER NOT NULL, digest BLOB NOT NULL,"
	" packed BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS _holders(id INTEGER PRIMARY KEY, packed BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS _events(no INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
	" asset INTEGER NOT NULL, kinds INTEGER NOT NULL, at_min INTEGER NOT NULL,"
	" at_max INTEGER NOT NULL, received INTEGER NOT NULL, list BLOB NOT NULL);"
	"CREATE INDEX IF NOT EXISTS _events_asset ON _events(asset);"
	"CREATE INDEX IF NOT EXISTS _events_at ON _events(at_max);"
	"CREATE TABLE IF NOT EXISTS _event_kinds(kind INTEGER, no INTEGER, PRIMARY KEY(kind, no))"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS _event_marks(asset INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
	" next INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS _tags(asset INTEGER, tag TEXT, PRIMARY KEY(asset, tag))"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS _policies(name TEXT PRIMARY KEY, bytes BLOB NOT NULL,"
	" changed INTEGER NOT NULL, changed_by TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS _acceptances(no INTEGER PRIMARY KEY, id TEXT NOT NULL,"
	" asset INTEGER NOT NULL, reason TEXT NOT NULL, until INTEGER NOT NULL,"
	" at INTEGER NOT NULL, by_whom TEXT NOT NULL, withdrawn INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS _exposure_acceptances(no INTEGER PRIMARY KEY,"
	" asset INTEGER NOT NULL, rule TEXT NOT NULL, subject TEXT NOT NULL,"
	" identity TEXT NOT NULL, reason TEXT NOT NULL, until INTEGER NOT NULL,"
	" at INTEGER NOT NULL, by_whom TEXT NOT NULL, ended INTEGER NOT NULL,"
	" cause TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS _trends(day INTEGER PRIMARY KEY, critical INTEGER NOT NULL,"
	" high INTEGER NOT NULL, medium INTEGER NOT NULL, low INTEGER NOT NULL,"
	" none INTEGER NOT NULL, accepted INTEGER NOT NULL, exploited INTEGER NOT NULL,"
	" fixable INTEGER NOT NULL, assets INTEGER NOT NULL, risk INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS _scopes(name TEXT PRIMARY KEY, kind TEXT NOT NULL,"
	" token TEXT NOT NULL, at INTEGER NOT NULL, by_whom TEXT NOT NULL, method TEXT NOT NULL,"
	" proved INTEGER NOT NULL, proved_by TEXT NOT NULL, statement TEXT NOT NULL,"
	" failure TEXT NOT NULL, is_on INTEGER NOT NULL, period_s INTEGER NOT NULL,"
	" from_minute INTEGER NOT NULL, to_minute INTEGER NOT NULL, rate INTEGER NOT NULL,"
	" ports TEXT NOT NULL, scanner TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS _join_decisions(scope TEXT, address TEXT, asset INTEGER,"
	" is_join INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,"
	" by_whom TEXT NOT NULL, PRIMARY KEY(scope, address, asset)) WITHOUT ROWID;";

/* What tables gained since their first layout, in the order in which they did. */
static const struct {
	const char *table;
	size_t first; /* columns that it had then */
	const char *const *columns;
} later[] = {
	{ "_sensors", 11,
	  (const char *const[]){
		  "is_policed INTEGER NOT NULL DEFAULT 0",
		  "policy BLOB NOT NULL DEFAULT x'00000000000000000000000000000000'",
		  "silent_since INTEGER NOT NULL DEFAULT 0",
		  "busy_table INTEGER NOT NULL DEFAULT 0",
		  "clone_of TEXT NOT NULL DEFAULT ''",
		  "duplicated INTEGER NOT NULL DEFAULT 0",
		  "duplicates TEXT NOT NULL DEFAULT ''",
		  NULL,
	  } },
	{ "_scopes", 17,
	  (const char *const[]){
		  "tried INTEGER NOT NULL DEFAULT 0",
		  "checked INTEGER NOT NULL DEFAULT 0",
		  "failing INTEGER NOT NULL DEFAULT 0",
		  NULL,
	  } },
};

/* The columns that people search a fleet by. */
static const struct {
	uint16_t table;
	unsigned column;
} indexed[] = {
	{ TABLE_OS, OS_HOSTNAME },
	{ TABLE_PACKAGES, PACKAGES_NAME },
	{ TABLE_USERS, USERS_NAME },
	{ TABLE_AUTHORIZED_KEYS, AUTHORIZED_KEYS_FINGERPRINT },
	{ TABLE_INTERFACES, INTERFACES_MAC },
	{ TABLE_ADDRESSES, ADDRESSES_ADDRESS },
	{ TABLE_LISTENERS, LISTENERS_PORT },
	{ TABLE_SERVICES, SERVICES_NAME },
	{ TABLE_CERTIFICATES, CERTIFICATES_FINGERPRINT },
	{ TABLE_CERTIFICATES, CERTIFICATES_NOT_AFTER },
	{ TABLE_VULNERABILITIES, VULNERABILITIES_ID },
	{ TABLE_VULNERABILITIES, VULNERABILITIES_PACKAGE },
	{ TABLE_OPEN_PORTS, OPEN_PORTS_PORT },
	{ TABLE_SCANNED_HOSTS, SCANNED_HOSTS_ADDRESS },
	{ TABLE_SERVED_CERTIFICATES, SERVED_CERTIFICATES_FINGERPRINT },
	{ TABLE_SERVED_CERTIFICATES, SERVED_CERTIFICATES_NOT_AFTER },
	{ TABLE_EXPOSURES, EXPOSURES_ID },
};

bool layout_is_indexed(const struct table *table, size_t column)
{
	for (size_t i = 0; i < COUNT_OF(indexed); i++) {
		if (indexed[i].table == table->number && indexed[i].column == column) {
			return true;
		}
	}
	return false;
}

bool layout_has_change_index(const struct table *table)
{
	return table->number == TABLE_VULNERABILITIES || table->number == TABLE_EXPOSURES;
}

static const char *sql_type(enum column_type type)
{
	return type == COLUMN_TEXT || type == COLUMN_LIST ? "TEXT" : "INTEGER";
}

void layout_columns(const struct table *table, sqlite3_str *out)
{
	for (size_t c = 0; c < table->column_count; c++) {
		sqlite3_str_appendf(out, "%s\"%w\"", c > 0 ? ", " : "", table->columns[c].name);
	}
}

static int run_built(sqlite3 *db, sqlite3_str *sql, struct why *why)
{
	char *text = sqlite3_str_finish(sql);
	int error = text == NULL ? ERR_LIMIT : database_run(db, text, why);

	sqlite3_free(text);
	return error;
}

static int create_rows(sqlite3 *db, const struct table *table, struct why *why)
{
	sqlite3_str *sql = sqlite3_str_new(db);

	sqlite3_str_appendf(sql,
			    "CREATE TABLE IF NOT EXISTS \"_rows_%w\"(_row INTEGER PRIMARY KEY, "
			    "_hash BLOB NOT NULL",
			    table->name);
	for (size_t c = 0; c < table->column_count; c++) {
		sqlite3_str_appendf(sql, ", \"%w\" %s", table->columns[c].name,
				    sql_type(table->columns[c].type));
	}
	sqlite3_str_appendall(sql, ")");
	return run_built(db, sql, why);
}

/* Columns are only ever appended to the schema, so their number says which are missing. */
static int add_columns(sqlite3 *db, const struct table *table, struct why *why)
{
	char *sql = sqlite3_mprintf("SELECT count(*) - 2 FROM pragma_table_info('_rows_%q')",
				    table->name);
	int64_t present = 0;
	int error = sql == NULL ? ERR_LIMIT : database_number(db, sql, 0, &present, why);

	sqlite3_free(sql);
	for (size_t c = (size_t)present; error == 0 && c < table->column_count; c++) {
		sqlite3_str *add = sqlite3_str_new(db);

		sqlite3_str_appendf(add, "ALTER TABLE \"_rows_%w\" ADD COLUMN \"%w\" %s",
				    table->name, table->columns[c].name,
				    sql_type(table->columns[c].type));
		error = run_built(db, add, why);
	}
	return error;
}

static int add_later_columns(sqlite3 *db, size_t which, struct why *why)
{
	const char *table = later[which].table;
	char *sql = sqlite3_mprintf("SELECT count(*) FROM pragma_table_info(%Q)", table);
	int64_t present = 0;
	int error = sql == NULL ? ERR_LIMIT : database_number(db, sql, 0, &present, why);

	sqlite3_free(sql);
	for (size_t c = 0; error == 0 && later[which].columns[c] != NULL; c++) {
		sqlite3_str *add;

		if (later[which].first + c < (size_t)present) {
			continue;
		}
		add = sqlite3_str_new(db);
		sqlite3_str_appendf(add, "ALTER TABLE %s ADD COLUMN %s", table,
				    later[which].columns[c]);
		error = run_built(db, add, why);
	}
	return error;
}

/* An index of our own: SQLite's would be written at random places with each new row. */
static int create_index(sqlite3 *db, const struct table *table, unsigned column, struct why *why)
{
	const struct column *c = &table->columns[column];
	sqlite3_str *sql = sqlite3_str_new(db);

	sqlite3_str_appendf(sql,
			    "CREATE TABLE IF NOT EXISTS \"_by_%w_%w\"(value %s, row INTEGER, "
			    "PRIMARY KEY(value, row)) WITHOUT ROWID",
			    table->name, c->name, sql_type(c->type));
	return run_built(db, sql, why);
}

/* The changes of findings are few among all, and are looked for by themselves. */
static int create_change_indexes(sqlite3 *db, const struct table *table, struct why *why)
{
	sqlite3_str *sql = sqlite3_str_new(db);

	sqlite3_str_appendf(
		sql,
		"CREATE INDEX IF NOT EXISTS \"_changes_%w\" ON _changes(no) WHERE tbl = "
		"%d;CREATE INDEX IF NOT EXISTS \"_changes_%w_asset\" ON "
		"_changes(asset, no) WHERE tbl = %d",
		table->name, table->number, table->name, table->number);
	return run_built(db, sql, why);
}

static int create_all(sqlite3 *db, struct why *why)
{
	int error = database_run(db, fixed, why);

	for (size_t i = 0; error == 0 && i < COUNT_OF(later); i++) {
		error = add_later_columns(db, i, why);
	}
	for (size_t i = 0; error == 0 && schema_tables[i] != NULL; i++) {
		error = create_rows(db, schema_tables[i], why);
		if (error == 0) {
			error = add_columns(db, schema_tables[i], why);
		}
		if (error == 0 && layout_has_change_index(schema_tables[i])) {
			error = create_change_indexes(db, schema_tables[i], why);
		}
	}
	for (size_t i = 0; error == 0 && i < COUNT_OF(indexed); i++) {
		error = create_index(db, schema_by_number(indexed[i].table), indexed[i].column,
				     why);
	}
	return error;
}

static int check_origin(sqlite3 *db, struct why *why)
{
	int64_t application;
	int64_t version;
	int64_t tables;
	int error = database_number(db, "PRAGMA application_id", 0, &application, why);

	if (error == 0) {
		error = database_number(db, "PRAGMA user_version", 0, &version, why);
	}
	if (error == 0) {
		error = database_number(db, "SELECT count(*) FROM sqlite_schema", 0, &tables, why);
	}
	if (error != 0) {
		return error;
	}
	if (application != LAYOUT_APPLICATION && (application != 0 || tables != 0)) {
		return why_set(why, ERR_CONFLICT, "the file belongs to another program");
	}
	if (version > LAYOUT_VERSION) {
		return why_set(why, ERR_CONFLICT,
			       "the file was written by a newer version (layout %lld, this program "
			       "knows up to %d); install that version again",
			       (long long)version, LAYOUT_VERSION);
	}
	return 0;
}

int layout_prepare(sqlite3 *db, struct why *why)
{
	char mark[96];
	int error = check_origin(db, why);

	if (error != 0) {
		return error;
	}
	(void)sqlite3_snprintf(sizeof mark, mark, "PRAGMA application_id=%d;PRAGMA user_version=%d",
			       LAYOUT_APPLICATION, LAYOUT_VERSION);
	error = database_run(db, "BEGIN IMMEDIATE", why);
	if (error == 0) {
		error = create_all(db, why);
	}
	if (error == 0) {
		error = database_run(db, mark, why);
	}
	if (error == 0) {
		error = database_run(db, "COMMIT", why);
	}
	if (error != 0) {
		database_rollback(db);
	}
	return error;
}
