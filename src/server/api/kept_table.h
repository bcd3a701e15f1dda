/*
 * kept_table.h - a table of the inventory in memory: some columns of its distinct rows, and which
 * of them each asset holds; after the first reading only what changed is read.
 *
 * Texts are numbers, so that rows are compared and counted without looking at them.
 */
#pragma once

#include "base/attr.h"
#include "server/api/text_blocks.h"
#include "server/inventory/numbering.h"
#include "server/inventory/view.h"

/* Texts of several tables, each once. A cell that is text holds its number; 0: null. */
struct kept_texts {
	struct numbering names;
	struct span *items;
	size_t capacity;
	struct text_blocks blocks;
};
void kept_texts_init(struct kept_texts *texts);
void kept_texts_done(struct kept_texts *texts);
struct span kept_text(const struct kept_texts *texts, int64_t cell);

/* The cell of a text; -1 where no row has it. */
int64_t kept_find(const struct kept_texts *texts, struct span text);

#define KEPT_COLUMNS_MAX 10

struct kept_holding {
	uint32_t *rows; /* rising */
	uint32_t count;
	bool is_changed; /* since it was read */
};

/* Fields are private to kept_table.c. */
struct kept_table {
	struct kept_texts *texts;
	uint16_t table;
	unsigned columns[KEPT_COLUMNS_MAX];
	unsigned column_count;
	void (*changed)(void *context, uint32_t asset); /* what it holds was read */
	void *context;
	int64_t *cells; /* row by row */
	uint32_t row_count;
	size_t cell_capacity;
	struct kept_holding *assets; /* by number - 1 */
	uint32_t asset_count;
	size_t asset_capacity;
	uint32_t next_load; /* the asset to be read next; UINT32_MAX: all were */
	uint64_t newest;    /* the change that everything here follows */
	uint64_t held;
	int64_t deadline_us;
};

/* columns: of the schema, ended by -1. texts is borrowed; changed may be NULL. */
void kept_init(struct kept_table *k, struct kept_texts *texts, uint16_t table, const int *columns);
void kept_done(struct kept_table *k);

/* Follows the tenant's file until about deadline_us (clock_us): ERR_AGAIN where there is more. */
MUST_USE int kept_sync(struct kept_table *k, struct view *view, int64_t deadline_us,
		       struct why *why);

/* What an asset holds; NULL where nothing. */
const uint32_t *kept_rows(const struct kept_table *k, uint32_t asset, uint32_t *out_count);

/* A cell, by the column's place in `columns`: a number, a text's number, 0 for null. */
int64_t kept_cell(const struct kept_table *k, uint32_t row, unsigned column);
uint64_t kept_bytes(const struct kept_table *k);
