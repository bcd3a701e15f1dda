/* database.c - opening, running, binding, and what SQLite's errors mean to us. */
#include "server/store/sqlite/database.h"

#include "base/error.h"

/* How long a statement waits for another process's lock. */
#define BUSY_TIMEOUT_MS 5000

int database_error(sqlite3 *db, const char *doing, struct why *why)
{
	int code = sqlite3_errcode(db);
	const char *text = sqlite3_errmsg(db);

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return why_set(why, ERR_IO, "%s failed", doing);
	case SQLITE_FULL:
		return why_set(why, ERR_FULL, "%s: the disk is full; free some space", doing);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return why_set(why, ERR_AGAIN, "%s: another process holds the file", doing);
	case SQLITE_CANTOPEN:
		return why_set(why, ERR_NOT_FOUND, "%s: the file cannot be opened", doing);
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return why_set(why, ERR_DENIED, "%s: %s", doing, text);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return why_set(why, ERR_MALFORMED,
			       "%s: %s; restore the file from a backup, or move it away", doing,
			       text);
	case SQLITE_INTERRUPT:
		return why_set(why, ERR_TIMEOUT, "%s: it took too long", doing);
	case SQLITE_TOOBIG:
		return why_set(why, ERR_LIMIT, "%s: %s", doing, text);
	default:
		return why_set(why, ERR_IO, "%s: %s", doing, text);
	}
}

static void harden(sqlite3 *db)
{
	static const struct {
		int option;
		int value;
	} settings[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 }, { SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		(void)sqlite3_db_config(db, settings[i].option, settings[i].value, NULL);
	}
	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
}

int database_open(const char *path, int flags, sqlite3 **out, struct why *why)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		int error = why_set(why, ERR_IO, "%s: out of memory", path);

		if (db != NULL) {
			error = database_error(db, path, why);
		}
		database_close(&db);
		return error;
	}
	harden(db);
	*out = db;
	return 0;
}

void database_close(sqlite3 **db)
{
	(void)sqlite3_close(*db);
	*db = NULL;
}

int database_run(sqlite3 *db, const char *sql, struct why *why)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		return database_error(db, sql, why);
	}
	return 0;
}

void database_rollback(sqlite3 *db)
{
	if (sqlite3_get_autocommit(db) == 0) {
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
}

int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct why *why)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK) {
		return database_error(db, sql, why);
	}
	return 0;
}

int database_step(sqlite3_stmt *statement, const char *doing, struct why *why)
{
	int error = 0;
	int code = sqlite3_step(statement);

	if (code != SQLITE_DONE && code != SQLITE_ROW) {
		error = database_error(sqlite3_db_handle(statement), doing, why);
	}
	(void)sqlite3_reset(statement);
	return error;
}

int database_number(sqlite3 *db, const char *sql, int64_t fallback, int64_t *out, struct why *why)
{
	sqlite3_stmt *statement;
	int error = database_prepare(db, sql, &statement, why);
	int code;

	if (error != 0) {
		return error;
	}
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*out = sqlite3_column_int64(statement, 0);
	} else if (code == SQLITE_DONE) {
		*out = fallback;
	} else {
		error = database_error(db, sql, why);
	}
	(void)sqlite3_finalize(statement);
	return error;
}

struct span database_blob(sqlite3_stmt *statement, int column)
{
	const void *bytes = sqlite3_column_blob(statement, column);

	return (struct span){ bytes, (size_t)sqlite3_column_bytes(statement, column) };
}

struct span database_text(sqlite3_stmt *statement, int column)
{
	const void *bytes = sqlite3_column_text(statement, column);

	return (struct span){ bytes, (size_t)sqlite3_column_bytes(statement, column) };
}

void database_bind_blob(sqlite3_stmt *statement, int index, struct span bytes)
{
	(void)sqlite3_bind_blob64(statement, index, bytes.len > 0 ? (const void *)bytes.ptr : "",
				  bytes.len, SQLITE_STATIC);
}

void database_bind_text(sqlite3_stmt *statement, int index, struct span text)
{
	(void)sqlite3_bind_text64(statement, index, text.len > 0 ? (const char *)text.ptr : "",
				  text.len, SQLITE_STATIC, SQLITE_UTF8);
}
