/*
 * layout.h - the tables of a tenant's file, made from the schema.
 *
 * Raw tables begin with an underscore; people never see them. Key columns of the raw
 * tables hold two numbers in one, so that they are SQLite's own row ids: appends stay appends.
 */
#pragma once

#include <sqlite3.h>

#include "base/attr.h"
#include "schema/schema.h"
#include "sys/why.h"

/* PRAGMA application_id ("BTZ1") and user_version. */
#define LAYOUT_APPLICATION 0x42545a31
#define LAYOUT_VERSION     2

/* The id of a set: asset and table. Of a row's holders: table and row. */
int64_t layout_set_id(uint32_t asset, uint16_t table);
uint32_t layout_set_asset(int64_t set_id);
uint16_t layout_set_table(int64_t set_id);
int64_t layout_holders_id(uint16_t table, uint32_t row);

/* Makes what is missing. ERR_CONFLICT where a newer version wrote the file, or another program. */
MUST_USE int layout_prepare(sqlite3 *db, struct why *why);

/* Whether a column has an index: a table _by_TABLE_COLUMN(value, row) of the rows below the number
 * that _meta names by_TABLE_COLUMN. Rows from that number on are to be looked at one by one. */
/* The changes of this table have an index of their own, by number and by asset. */
bool layout_has_change_index(const struct table *table);

bool layout_is_indexed(const struct table *table, size_t column);

/* Appends "\"a\", \"b\", ..." for a table's columns. */
void layout_columns(const struct table *table, sqlite3_str *out);
