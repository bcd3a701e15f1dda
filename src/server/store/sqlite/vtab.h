/*
 * vtab.h - the tables that people see, as SQLite's virtual tables over a snapshot.
 *
 * Each vtab_*.c is one module: a sqlite3_module below its functions. They read only, and only
 * between snapshot_begin and snapshot_end.
 */
#pragma once

#include "server/store/sqlite/rowtext.h"
#include "server/store/sqlite/snapshot.h"

/* Begins every virtual table of ours. */
struct vtab {
	sqlite3_vtab base;
	struct snapshot *snapshot;
	const struct table *table; /* of the schema, where it is one of those */
	uint64_t number;           /* of vtab_plain's own */
};

/* The modules: one table of the schema, named by its number; and three fixed ones. */
extern const sqlite3_module vtab_rows;
extern const sqlite3_module vtab_assets;
extern const sqlite3_module vtab_sensors;
extern const sqlite3_module vtab_changes;

/* Small tables that are shown as they are: `tags`, `policies` and `retention`, named by their
 * index. */
extern const sqlite3_module vtab_plain;

/* One kind of event, named by its number; or, with 0, `events`: all of them. */
extern const sqlite3_module vtab_events;

/* Creates every table in an empty database. */
MUST_USE int vtab_create_all(sqlite3 *db, struct snapshot *snapshot, struct why *why);

/* Somebody else's table (view.h), as one of ours. */
struct view_lent_table;
struct lent {
	const struct view_lent_table *table;
	struct snapshot *snapshot; /* for its why */
};
MUST_USE int vtab_lend(sqlite3 *db, struct lent *lent, struct why *why);

/* For xConnect: declares the columns and makes the table. */
int vtab_connect(sqlite3 *db, void *snapshot, const struct table *table, const char *columns,
		 sqlite3_vtab **out);

/* The same, with a struct of this size, which begins with a struct vtab; it is zero. */
int vtab_connect_sized(sqlite3 *db, size_t size, const char *columns, sqlite3_vtab **out);
int vtab_disconnect(sqlite3_vtab *vtab);

/* For xOpen: a zeroed cursor of this size, which begins with a sqlite3_vtab_cursor. */
int vtab_open_cursor(size_t size, sqlite3_vtab_cursor **out);

/* Passes a failure of the snapshot on to SQLite. */
int vtab_fail(sqlite3_vtab *vtab, int error);

struct vtab *vtab_of(sqlite3_vtab_cursor *cursor);

/* The usable constraint `column op ?` of a query, byte by byte where it is text; or -1. */
int vtab_constraint(sqlite3_index_info *info, int column, unsigned char op);

/* Results that are copied; NULL text gives null. */
void vtab_result_text(sqlite3_context *context, const char *text);
void vtab_result_bytes(sqlite3_context *context, struct span text);

/* An asset's id, and its name. */
int vtab_result_asset(sqlite3_context *context, const struct snapshot *s, uint32_t asset);
int vtab_result_asset_name(sqlite3_context *context, sqlite3_vtab *vtab, uint32_t asset);

/* The text of an argument; empty for null. */
struct span vtab_argument_text(sqlite3_value *value);
