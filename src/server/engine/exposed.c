/* exposed.c - an asset's exposures: what the families say of each of its rows. */
#include "server/engine/estate_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "server/services/exposed.h"
#include "sys/alloc.h"

/* One finding's row, and what tells it from others. */
struct judged_exposure {
	struct rowhash key; /* of rule and subject */
	uint32_t row;
	int priority;
};

struct judging {
	struct estate *e;
	uint32_t asset;
	const struct exposed_family *family;
	struct judged_exposure *items;
	size_t count;
	size_t capacity;
	const struct rowhash *wanted; /* or NULL: whose identity is asked for, and nothing else */
	char *identity;
	bool is_found;
	int error;
	struct why *why;
};

struct rowhash exposed_key(const char *rule, const char *subject)
{
	uint8_t room[EXPOSED_TEXT_SIZE + 64];
	struct writer w = writer_over(room, sizeof room);

	writer_text(&w, rule);
	writer_u8(&w, 0);
	writer_bytes(&w, span_first(span_of(subject), EXPOSED_TEXT_SIZE));
	return rowhash_of(TABLE_EXPOSURES, writer_span(&w));
}

static void add(struct judging *j, const struct judged_exposure *item)
{
	for (size_t i = 0; i < j->count; i++) {
		/* the most urgent of those that say the same of the same */
		if (rowhash_equal(&j->items[i].key, &item->key)) {
			if (item->priority > j->items[i].priority) {
				j->items[i] = *item;
			}
			return;
		}
	}
	if (j->count == j->capacity) {
		j->capacity = 2 * j->capacity + 8;
		j->items = alloc_resize(j->items, j->capacity, sizeof *j->items);
	}
	j->items[j->count++] = *item;
}

static void keep(struct judging *j, const struct exposed_finding *finding,
		 struct judged_exposure *item)
{
	const struct rowhash identity = rowhash_of(0, span_of(finding->identity));
	uint64_t no = 0;
	struct row row;

	j->error = acceptance_of(j->e, j->asset, &item->key, &identity, &no, j->why);
	if (j->error != 0) {
		return;
	}
	exposed_row(j->family, finding, &row);
	if (no != 0) {
		row_set_integer(&row, EXPOSURES_ACCEPTED, (int64_t)no);
	}
	j->error = inventory_derived_row(j->e->inv, &row, &item->row, j->why);
	if (j->error == 0) {
		add(j, item);
	}
}

static void take(void *context, const struct exposed_finding *finding)
{
	struct judging *j = context;
	struct judged_exposure item = { .priority = finding->priority };

	if (j->error != 0) {
		return;
	}
	item.key = exposed_key(finding->id, finding->subject);
	if (j->wanted == NULL) {
		keep(j, finding, &item);
	} else if (rowhash_equal(&item.key, j->wanted) && item.priority > (int)j->count) {
		j->is_found = true;
		j->count = (size_t)item.priority;
		snprintf(j->identity, EXPOSED_IDENTITY_SIZE, "%s", finding->identity);
	}
}

static void take_row(void *context, uint32_t row)
{
	numbers32_push(context, row);
}

static int judge_table(struct judging *j, uint32_t asset, struct numbers32 *rows)
{
	uint16_t table = j->family->table;

	rows->count = 0;
	inventory_each_held(j->e->inv, asset, table, take_row, rows);
	for (size_t i = 0; j->error == 0 && i < rows->count; i++) {
		struct row row;

		j->error = inventory_row(j->e->inv, table, rows->items[i], &row, j->why);
		if (j->error == 0) {
			j->family->judge(&row, j->e->now_ms / 1000, take, j);
		}
	}
	return j->error;
}

static int by_row(const void *a, const void *b)
{
	uint32_t x = ((const struct judged_exposure *)a)->row;
	uint32_t y = ((const struct judged_exposure *)b)->row;

	return x < y ? -1 : x > y;
}

static void judge_all(struct judging *j, uint32_t asset)
{
	struct numbers32 rows = { NULL, 0, 0 };

	j->error = acceptances_load(j->e, j->why);
	for (size_t i = 0; j->error == 0 && exposed_families[i] != NULL; i++) {
		j->family = exposed_families[i];
		(void)!judge_table(j, asset, &rows);
	}
	numbers32_done(&rows);
}

int exposed_identity(struct estate *e, uint32_t asset, const struct rowhash *key,
		     char out[EXPOSED_IDENTITY_SIZE], struct why *why)
{
	struct judging j = { .e = e, .why = why, .wanted = key, .identity = out };

	judge_all(&j, asset);
	if (j.error == 0 && !j.is_found) {
		return why_set(why, ERR_NOT_FOUND, "the asset has no such exposure now");
	}
	return j.error;
}

static int end_gone(const struct judging *j, uint32_t asset)
{
	struct rowhash *keys = alloc_zeroed(j->count + 1, sizeof *keys);
	int error;

	for (size_t i = 0; i < j->count; i++) {
		keys[i] = j->items[i].key;
	}
	error = acceptances_end_gone(j->e, asset, keys, j->count, j->why);
	free(keys);
	return error;
}

int exposed_judge(struct estate *e, uint32_t asset, struct why *why)
{
	struct judging j = { .e = e, .asset = asset, .why = why };
	struct numbers32 rows = { NULL, 0, 0 };
	struct inventory_result result;

	judge_all(&j, asset);
	j.error = j.error == 0 ? end_gone(&j, asset) : j.error;
	if (j.count > 0) {
		qsort(j.items, j.count, sizeof *j.items, by_row);
	}
	for (size_t i = 0; j.error == 0 && i < j.count; i++) {
		numbers32_push(&rows, j.items[i].row);
	}
	if (j.error == 0) {
		j.error = inventory_derive(e->inv, asset, TABLE_EXPOSURES, rows.items, rows.count,
					   e->now_ms, &result, why);
	}
	if (j.error == 0 && result.change_no > e->newest) {
		e->newest = result.change_no;
	}
	numbers32_done(&rows);
	free(j.items);
	return j.error;
}
