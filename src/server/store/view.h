/*
 * view.h - reading one tenant's inventory with SQL, from any process, while the writer writes.
 *
 * Tables: each table of the schema by its name, with the columns `asset` (id) and `asset_name`
 * first and the hidden column `at` (milliseconds since 1970: as it was then); `assets`, `sensors`,
 * `changes`, `tags`, `policies`; each kind of event by its name, and `events`, all of them.
 * docs/sql.md and `bartizan schema --sql` describe them. Nothing can be written, attached or read
 * beside them: the authorizer refuses it by name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

struct view;

/* ERR_NOT_FOUND where the tenant has no file (yet). */
MUST_USE int view_open(const char *path, struct view **out, struct why *why);
void view_close(struct view **view);

/* A column of a result row. */
struct view_value {
	enum { VIEW_NULL, VIEW_INTEGER, VIEW_REAL, VIEW_TEXT, VIEW_BLOB } kind;
	int64_t integer;
	double real;
	struct span bytes; /* text or blob, valid during the call only */
};

/* What is bound to ?1, ?2, ... */
struct view_value view_integer(int64_t value);
struct view_value view_text(const char *value);
struct view_value view_span(struct span value);

/* A table that somebody else lends to people's SQL, beside the tenant's own: rows have numbers, and
 * are found by their first column, text that is there once. */
struct view_lent_table {
	const char *name;
	const char *columns; /* as in CREATE TABLE */
	void *context;
	/* Before each reading of it: how many rows it has. */
	int (*begin)(void *context, uint32_t *out_count, struct why *why);
	bool (*find)(void *context, struct span first, uint32_t *out_row);
	/* Valid until the next call. */
	struct view_value (*value)(void *context, uint32_t row, unsigned column);
};

/* The same as view_open with one more table, lent until the view is closed. */
MUST_USE int view_open_beside(const char *path, const struct view_lent_table *lent,
			      struct view **out, struct why *why);

/* One result row; returns false to stop. names and values have count elements. */
typedef bool view_row(void *context, size_t count, const char *const *names,
		      const struct view_value *values);

struct view_limits {
	uint64_t rows_max;  /* 0: no limit */
	int64_t timeout_ms; /* 0: no limit */
	bool is_foreign; /* the SQL comes from outside: one statement, checked by the authorizer */
};

/* Runs one SELECT in a snapshot of its own. The columns are known (row is called with values NULL
 * and the names) before the first row. out_is_truncated: rows_max was reached and there was more;
 * may be NULL. ERR_USAGE for wrong SQL, ERR_DENIED for SQL that would write, attach or call what it
 * may not, ERR_TIMEOUT; each with a reason that says what to do. */
MUST_USE int view_query(struct view *view, struct span sql, const struct view_value *bound,
			size_t bound_count, const struct view_limits *limits, view_row *row,
			void *context, bool *out_is_truncated, struct why *why);

/* The number of the newest committed change; 0 where there is none. */
uint64_t view_last_change(struct view *view);

/* The highest number of an asset: they are dense, from 1 on. */
uint32_t view_asset_count(struct view *view);

/* One table of an asset. */
struct table;
struct view_asset_table {
	const struct table *table;
	uint64_t rows;
	uint8_t digest[16]; /* of the rows that it holds now, summed up anew */
	int64_t changed_ms;
};

/* Returns false to stop. */
typedef bool view_table(void *context, const struct view_asset_table *table);

/* Each table that an asset holds or ever held, in the schema's order. ERR_NOT_FOUND. */
MUST_USE int view_asset_tables(struct view *view, struct span asset_id, view_table *each,
			       void *context, struct why *why);

/* --- a table as a whole, by numbers: for whoever keeps a summary of one --- */

/* Rows have numbers, dense from 0 on, that never change their meaning; so have assets, from 1 on.
 * Every callback returns false to stop, and may not call the view. */
struct row;

/* Each distinct row of a table from a number on, also those that nobody holds now; lists are null.
 */
typedef bool view_distinct_row(void *context, uint32_t number, const struct row *row);
MUST_USE int view_distinct_rows(struct view *view, uint16_t table, uint32_t from,
				view_distinct_row *each, void *context, struct why *why);

/* What each asset from a number on holds of a table now, rising. *out_newest: the newest change
 * that is in it. */
typedef bool view_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count);
MUST_USE int view_each_holding(struct view *view, uint16_t table, uint32_t from,
			       uint64_t *out_newest, view_holding *each, void *context,
			       struct why *why);

/* The same of one asset; no call where it holds nothing. */
MUST_USE int view_asset_holding(struct view *view, uint32_t asset, uint16_t table,
				view_holding *each, void *context, struct why *why);

/* A change of a table; its rows rise. */
struct view_table_change {
	uint64_t no;
	int64_t at_ms;
	uint32_t asset;
	const uint32_t *removed;
	size_t removed_count;
	const uint32_t *added;
	size_t added_count;
};
typedef bool view_table_changed(void *context, const struct view_table_change *change);

/* Each change of a table behind a number, oldest first. */
MUST_USE int view_table_changes(struct view *view, uint16_t table, uint64_t after,
				view_table_changed *each, void *context, struct why *why);

/* The same, newest first, of all changes. */
MUST_USE int view_table_changes_back(struct view *view, uint16_t table, view_table_changed *each,
				     void *context, struct why *why);

/* Each change of one asset's table, newest first. */
MUST_USE int view_asset_changes(struct view *view, uint32_t asset, uint16_t table,
				view_table_changed *each, void *context, struct why *why);

/* Each asset that holds a row now, rising. */
typedef bool view_holder(void *context, uint32_t asset);
MUST_USE int view_holders(struct view *view, uint16_t table, uint32_t row, view_holder *each,
			  void *context, struct why *why);

/* Each asset that a sensor watches. */
struct view_watched {
	uint32_t asset;
	bool is_scanner;
	bool is_connected;
};
typedef bool view_sensor(void *context, const struct view_watched *watched);
MUST_USE int view_each_sensor(struct view *view, view_sensor *each, void *context, struct why *why);

/* An asset's number; 0 where no asset has the id. */
MUST_USE int view_asset_number(struct view *view, struct span id, uint32_t *out, struct why *why);

/* An asset's id and name, cut to size. ERR_NOT_FOUND. */
#define VIEW_ASSET_ID_SIZE 17
MUST_USE int view_asset_name(struct view *view, uint32_t asset, char out_id[VIEW_ASSET_ID_SIZE],
			     char *out_name, size_t size, struct why *why);
