/*
 * database.h - SQLite's calls with our errors and reasons.
 */
#pragma once

#include <sqlite3.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

/* Our error for SQLite's last one on this connection, with its words. */
int database_error(sqlite3 *db, const char *doing, struct why *why);

/* flags as for sqlite3_open_v2. Strangers' settings (extensions, triggers, views) are off. */
MUST_USE int database_open(const char *path, int flags, sqlite3 **out, struct why *why);
void database_close(sqlite3 **db);

/* One or more statements without results. */
MUST_USE int database_run(sqlite3 *db, const char *sql, struct why *why);

/* Ends a transaction without a trace, if one is open: SQLite may have ended it by itself, for
 * example where the disk was full. */
void database_rollback(sqlite3 *db);

/* A statement that is kept. */
MUST_USE int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct why *why);

/* Runs a bound statement that returns nothing, and resets it. */
MUST_USE int database_step(sqlite3_stmt *statement, const char *doing, struct why *why);

/* The first column of the first row, or fallback where there is no row. */
MUST_USE int database_number(sqlite3 *db, const char *sql, int64_t fallback, int64_t *out,
			     struct why *why);

/* A blob, valid as long as the statement is not stepped. */
struct span database_blob(sqlite3_stmt *statement, int column);
struct span database_text(sqlite3_stmt *statement, int column);

/* Bound without a copy: the bytes must stay until the statement is reset. Never NULL. */
void database_bind_blob(sqlite3_stmt *statement, int index, struct span bytes);
void database_bind_text(sqlite3_stmt *statement, int index, struct span text);
