/*
 * platform.h - platform.db, as the files of this folder share it; nobody else includes this.
 *
 * Statements are made and finished within one function; values are always bound.
 */
#pragma once

#include "server/tenants/tenants.h"

#include <sqlite3.h>

struct platform {
	sqlite3 *db;
	unsigned depth; /* of platform_begin */
};

/* A statement to bind values to. NULL where the database refuses it: binding to that does nothing,
 * running it gives the reason. */
sqlite3_stmt *platform_prepare(struct platform *p, const char *sql);
void platform_bind_text(sqlite3_stmt *statement, int index, const char *text);
void platform_bind_span(sqlite3_stmt *statement, int index, struct span text);
void platform_bind_blob(sqlite3_stmt *statement, int index, const uint8_t *bytes, size_t len);

/* For OWNED(): finishes a statement. */
void platform_finish(sqlite3_stmt **statement);

/* Steps a statement that returns no row: 0, or the error with a reason. */
MUST_USE int platform_run(struct platform *p, sqlite3_stmt *statement, struct why *why);

/* Steps a statement that returns at most one: 0, ERR_NOT_FOUND, or the error. */
MUST_USE int platform_row(struct platform *p, sqlite3_stmt *statement, struct why *why);

/* The project's error for what the database said last, with a reason. */
int platform_error(struct platform *p, struct why *why);

/* A text column, cut to size with its NUL. */
void platform_column_text(sqlite3_stmt *statement, int column, char *out, size_t size);
