/* kept_table.c - distinct rows, then holdings, then changes. */
#include "server/api/kept_table.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"
#include "server/api/fleet_inside.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "wire/row.h"

#define TEXT_BLOCK_BYTES (64u << 10)
#define LOADED           UINT32_MAX

/* The clock is looked at once in so many rows. */
#define ROWS_A_LOOK 64

/* --- texts --- */

void kept_texts_init(struct kept_texts *texts)
{
	*texts = (struct kept_texts){ .items = NULL };
	numbering_init(&texts->names);
}

void kept_texts_done(struct kept_texts *texts)
{
	text_blocks_done(&texts->blocks);
	free(texts->items);
	numbering_done(&texts->names);
}

struct span kept_text(const struct kept_texts *texts, int64_t cell)
{
	return cell > 0 ? texts->items[cell - 1] : (struct span){ NULL, 0 };
}

int64_t kept_find(const struct kept_texts *texts, struct span text)
{
	const struct rowhash key = rowhash_of(0, text);
	uint32_t number;

	return numbering_find(&texts->names, &key, &number) ? (int64_t)number + 1 : -1;
}

static int64_t intern(struct kept_texts *t, struct span text)
{
	const struct rowhash key = rowhash_of(0, text);
	uint32_t number;

	if (!numbering_find(&t->names, &key, &number)) {
		t->items = fleet_room(t->items, t->names.count, &t->capacity, sizeof *t->items);
		number = numbering_add(&t->names, &key);
		t->items[number] = text_blocks_keep(&t->blocks, TEXT_BLOCK_BYTES, text);
	}
	return (int64_t)number + 1;
}

/* --- rows --- */

void kept_init(struct kept_table *k, struct kept_texts *texts, uint16_t table, const int *columns)
{
	*k = (struct kept_table){ .texts = texts, .table = table, .next_load = 1 };
	while (columns[k->column_count] >= 0) {
		k->columns[k->column_count] = (unsigned)columns[k->column_count];
		k->column_count++;
	}
}

void kept_done(struct kept_table *k)
{
	for (uint32_t i = 0; i < k->asset_count; i++) {
		free(k->assets[i].rows);
	}
	free(k->assets);
	free(k->cells);
}

static int64_t cell_of(struct kept_table *k, const struct value *value)
{
	if (value->kind == VALUE_TEXT && value->text.len > 0) {
		return intern(k->texts, value->text);
	}
	return value->kind == VALUE_INTEGER || value->kind == VALUE_BOOLEAN ? value->number : 0;
}

static bool take_row(void *context, uint32_t number, const struct row *row)
{
	struct kept_table *k = context;
	size_t at = (size_t)number * k->column_count;

	while (at + k->column_count > k->cell_capacity) {
		k->cells =
			fleet_room(k->cells, k->cell_capacity, &k->cell_capacity, sizeof *k->cells);
	}
	for (unsigned c = 0; c < k->column_count; c++) {
		k->cells[at + c] = cell_of(k, &row->values[k->columns[c]]);
	}
	k->row_count = number + 1;
	return number % ROWS_A_LOOK != 0 || clock_us() < k->deadline_us;
}

/* --- holdings --- */

static struct kept_holding *holding(struct kept_table *k, uint32_t asset)
{
	while (k->asset_count < asset) {
		k->assets = fleet_room(k->assets, k->asset_count, &k->asset_capacity,
				       sizeof *k->assets);
		k->assets[k->asset_count++] = (struct kept_holding){ NULL, 0, false };
	}
	return &k->assets[asset - 1];
}

/* A row whose number is not known yet came with a commit behind the one that this sync follows: it
 * comes again with the next. */
static bool take_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct kept_table *k = context;
	struct kept_holding *h = holding(k, asset);

	h->rows = alloc_resize(h->rows, count, sizeof *h->rows);
	h->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (rows[i] < k->row_count) {
			h->rows[h->count++] = rows[i];
		}
	}
	k->held += h->count;
	if (k->changed != NULL) {
		k->changed(k->context, asset);
	}
	return true;
}

static bool load_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct kept_table *k = context;

	(void)take_holding(k, asset, rows, count);
	k->next_load = asset + 1;
	return asset % ROWS_A_LOOK != 0 || clock_us() < k->deadline_us;
}

/* Reads each asset at some moment; what changed since the first of these moments is read again. */
static int load(struct kept_table *k, struct view *view, uint64_t last, struct why *why)
{
	uint32_t before = k->next_load;
	uint64_t newest = 0;
	int error = view_each_holding(view, k->table, k->next_load, &newest, load_holding, k, why);

	if (error != 0) {
		return error;
	}
	if (before == 1) {
		k->newest = last;
	}
	if (k->next_load > before && clock_us() >= k->deadline_us) {
		return ERR_AGAIN;
	}
	k->next_load = LOADED;
	return 0;
}

static bool take_change(void *context, const struct view_table_change *change)
{
	holding(context, change->asset)->is_changed = true;
	return true;
}

static int follow_asset(struct kept_table *k, uint32_t asset, struct view *view, struct why *why)
{
	struct kept_holding *h = &k->assets[asset - 1];
	int error;

	k->held -= h->count;
	h->count = 0;
	if (k->changed != NULL) {
		k->changed(k->context, asset);
	}
	error = view_asset_holding(view, asset, k->table, take_holding, k, why);
	k->assets[asset - 1].is_changed = error != 0;
	return error;
}

static int follow_changes(struct kept_table *k, struct view *view, uint64_t last, struct why *why)
{
	int error = 0;

	if (last > k->newest) {
		error = view_table_changes(view, k->table, k->newest, take_change, k, why);
		k->newest = error == 0 ? last : k->newest;
	}
	for (uint32_t asset = 1; error == 0 && asset <= k->asset_count; asset++) {
		if (k->assets[asset - 1].is_changed) {
			error = follow_asset(k, asset, view, why);
			if (error == 0 && clock_us() >= k->deadline_us) {
				return ERR_AGAIN;
			}
		}
	}
	return error;
}

int kept_sync(struct kept_table *k, struct view *view, int64_t deadline_us, struct why *why)
{
	uint32_t rows_before = k->row_count;
	/* before anything is read: rows of every change up to this one are then known */
	uint64_t last = view_last_change(view);
	int error = 0;

	k->deadline_us = deadline_us;
	if (k->next_load == LOADED && last == k->newest && rows_before > 0) {
		return follow_changes(k, view, last, why); /* what a slice left over */
	}
	error = view_distinct_rows(view, k->table, k->row_count, take_row, k, why);
	if (error == 0 && k->row_count > rows_before && clock_us() >= deadline_us) {
		return ERR_AGAIN;
	}
	if (error == 0 && k->next_load != LOADED) {
		error = load(k, view, last, why);
	}
	return error == 0 ? follow_changes(k, view, last, why) : error;
}

/* --- what is asked --- */

const uint32_t *kept_rows(const struct kept_table *k, uint32_t asset, uint32_t *out_count)
{
	bool is_there = asset >= 1 && asset <= k->asset_count;

	*out_count = is_there ? k->assets[asset - 1].count : 0;
	return *out_count > 0 ? k->assets[asset - 1].rows : NULL;
}

int64_t kept_cell(const struct kept_table *k, uint32_t row, unsigned column)
{
	return k->cells[(size_t)row * k->column_count + column];
}

uint64_t kept_bytes(const struct kept_table *k)
{
	return k->cell_capacity * sizeof *k->cells + k->asset_capacity * sizeof *k->assets +
	       k->held * sizeof(uint32_t);
}
