/*
 * rowtext.h - a stored row as text: its key for people, its values as JSON.
 */
#pragma once

#include "server/store/sqlite/database.h"
#include "sys/buffer.h"
#include "wire/row.h"

/* Takes a row off a statement whose columns, from 0 on, are the table's. Borrowed until it is
 * stepped or reset. Lists are left null. */
void rowtext_load(sqlite3_stmt *statement, const struct table *table, struct row *out);

/* The key columns' values, separated by spaces. ERR_FULL. */
MUST_USE int rowtext_key(const struct row *row, struct buffer *out);

/* Equal exactly where row_same_key is true. */
struct rowhash rowtext_key_hash(const struct row *row);

/* The same for a row in memory. */
MUST_USE int rowtext_row_json(const struct row *row, struct buffer *out);

/* {"column": value, ...}: times as RFC 3339, lists as arrays. ERR_FULL. */
MUST_USE int rowtext_json(sqlite3_stmt *statement, const struct table *table, struct buffer *out);
