/*
 * snapshot.h - one moment of a tenant's file, as a reader puts it together.
 *
 * What holds is what the file's sets and holders say plus the history behind them (the tail), which
 * stays in memory from one snapshot to the next. Between snapshot_begin and snapshot_end nothing
 * that the writer does is seen. The numbers of changes have no gaps, so a tail is an array.
 */
#pragma once

#include "server/store/packed.h"
#include "server/store/sqlite/database.h"
#include "server/store/store.h"

/* Any moment up to now. */
#define SNAPSHOT_NOW INT64_MAX

/* A row of the tail came to an asset or went. */
struct snapshot_pair {
	uint64_t row_asset; /* row << 32 | asset */
	uint32_t order;     /* position in the tail */
	bool is_added;
};

/* The tail's pairs of one table, by row, asset and order; made when first asked for. */
struct snapshot_pairs {
	struct snapshot_pair *items;
	size_t count;
	uint64_t made_at; /* the newest change then */
};

/* An entry of the history whose sets are owned. */
struct snapshot_entry {
	struct store_change is;
	uint8_t *sets;
};

struct snapshot {
	sqlite3 *db;
	sqlite3_stmt *get_tail_start;
	sqlite3_stmt *get_tail;
	sqlite3_stmt *get_assets;
	sqlite3_stmt *get_asset;
	sqlite3_stmt *get_newest;
	sqlite3_stmt *get_set;
	sqlite3_stmt *get_change;
	sqlite3_stmt *get_counts;
	sqlite3_stmt *get_holders;
	sqlite3_stmt *get_hostname;
	sqlite3_stmt *get_scanned_name;
	sqlite3_stmt *get_joined_address;
	uint64_t tail_start;
	struct snapshot_entry *tail;
	size_t tail_count;
	size_t tail_capacity;
	struct snapshot_pairs pairs[SCHEMA_TABLES_MAX];
	uint32_t asset_count;
	uint32_t asset_capacity;
	struct snapshot_asset *assets; /* asset number - 1 */
	struct why why;                /* of the last failure */
};

/* ERR_NOT_FOUND where there is no file, or nothing in it yet. */
MUST_USE int snapshot_open(const char *path, struct snapshot **out, struct why *why);
void snapshot_close(struct snapshot **snapshot);

/* All functions below leave their reason in s->why. */
MUST_USE int snapshot_begin(struct snapshot *s);
void snapshot_end(struct snapshot *s);

/* The number of the newest change. */
uint64_t snapshot_newest(const struct snapshot *s);

/* 0 where no asset has this id. */
MUST_USE int snapshot_asset(struct snapshot *s, struct span id, uint32_t *out_asset);
const char *snapshot_asset_id(const struct snapshot *s, uint32_t asset);

/* Its host name, or its id where that is not known. Valid until snapshot_end. */
MUST_USE int snapshot_asset_name(struct snapshot *s, uint32_t asset, const char **out);

/* The newest change of an asset; 0 where there is none. */
MUST_USE int snapshot_asset_newest(struct snapshot *s, uint32_t asset, uint64_t *out);

/* What an asset held of a table at a moment, put to an empty writer: the set of now, from which
 * the asset's changes since that moment are taken back, the newest first. */
MUST_USE int snapshot_set(struct snapshot *s, uint32_t asset, uint16_t table, int64_t at_ms,
			  struct packed_writer *out);

/* How many rows an asset holds over all tables. */
MUST_USE int snapshot_row_count(struct snapshot *s, uint32_t asset, int64_t *out);

/* The assets that hold a row now, in an array to be freed. */
MUST_USE int snapshot_holders(struct snapshot *s, uint16_t table, uint32_t row,
			      uint32_t **out_assets, size_t *out_count);

/* One entry of the history. Its sets are valid until the next call that reads the file.
 * ERR_NOT_FOUND. */
MUST_USE int snapshot_change(struct snapshot *s, uint64_t no, struct store_change *out);

/* Takes an entry off a statement whose columns are no, at, observed_at, asset, tbl, seq, previous,
 * removed, added. */
void snapshot_take_change(sqlite3_stmt *statement, struct store_change *out);
#define SNAPSHOT_CHANGE_COLUMNS "no, at, observed_at, asset, tbl, seq, previous, removed, added"
