/* fleet.c - a tenant's findings followed: what is read, and when it is read again. */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"
#include "server/api/fleet_inside.h"
#include "sys/alloc.h"
#include "sys/clock.h"

static const char *const level_names[FLEET_LEVELS] = { "none", "low", "medium", "high",
						       "critical" };

const char *fleet_level_name(enum fleet_level level)
{
	return level_names[level];
}

bool fleet_level_named(struct span name, enum fleet_level *out)
{
	for (int i = 0; i < FLEET_LEVELS; i++) {
		if (span_is(name, level_names[i])) {
			*out = (enum fleet_level)i;
			return true;
		}
	}
	return false;
}

struct fleet *fleet_new(void)
{
	struct fleet *f = alloc_zeroed(1, sizeof *f);

	numbering_init(&f->names);
	numbering_init(&f->ids);
	numbering_init(&f->group_names);
	f->next_load = 1;
	f->next_count = 1;
	return f;
}

void fleet_free(struct fleet **fleet)
{
	struct fleet *f = *fleet;

	if (f == NULL) {
		return;
	}
	text_blocks_done(&f->texts);
	for (uint32_t i = 0; i < f->asset_count; i++) {
		free(f->assets[i].rows);
	}
	numbering_done(&f->names);
	numbering_done(&f->ids);
	numbering_done(&f->group_names);
	free(f->text_of);
	free(f->rows);
	free(f->vulnerabilities);
	free(f->marks);
	free(f->groups);
	free(f->group_stamps);
	free(f->assets);
	free(f->order);
	free(f->group_order);
	free(f->touched);
	free(f->acceptances);
	free(f);
	*fleet = NULL;
}

void *fleet_room(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity) {
		return array;
	}
	*capacity = 2 * *capacity + 64;
	return alloc_resize(array, *capacity, size);
}

/* --- following --- */

static struct asset_state *asset_state(struct fleet *f, uint32_t asset)
{
	while (f->asset_count < asset) {
		f->assets = fleet_room(f->assets, f->asset_count, &f->asset_capacity,
				       sizeof *f->assets);
		f->assets[f->asset_count++] = (struct asset_state){ .rows = NULL };
	}
	return &f->assets[asset - 1];
}

/* A row whose number is not known yet came with a commit behind the one that this sync follows: it
 * comes again with the next. */
static bool take_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct fleet *f = context;
	struct asset_state *a = asset_state(f, asset);
	uint32_t known = 0;

	a->rows = alloc_resize(a->rows, count, sizeof *a->rows);
	for (size_t i = 0; i < count; i++) {
		if (rows[i] < f->row_count) {
			a->rows[known++] = rows[i];
		}
	}
	a->is.rows = a->rows;
	a->is.row_count = known;
	f->held += known;
	return true;
}

static bool load_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct fleet *f = context;

	(void)take_holding(f, asset, rows, count);
	f->next_load = asset + 1;
	return clock_us() < f->deadline_us;
}

/* Reads each asset at some moment; what changed since the first of these moments is read again. */
static int load(struct fleet *f, struct view *view, uint64_t last, struct why *why)
{
	uint32_t before = f->next_load;
	uint64_t newest = 0;
	int error = view_each_holding(view, TABLE_VULNERABILITIES, f->next_load, &newest,
				      load_holding, f, why);

	if (error != 0) {
		return error;
	}
	if (before == 1) {
		f->newest = last;
	}
	if (f->next_load > before && clock_us() >= f->deadline_us) {
		return ERR_AGAIN;
	}
	f->next_load = FLEET_END;
	return 0;
}

static bool take_change(void *context, const struct view_table_change *change)
{
	struct fleet *f = context;

	asset_state(f, change->asset)->is_changed = true;
	return true;
}

/* An asset that changed is taken out of the counts, read anew, and put in again. */
static int follow_asset(struct fleet *f, uint32_t asset, struct view *view, struct why *why)
{
	struct asset_state *a = &f->assets[asset - 1];
	bool is_counted = asset < f->next_count;
	int error;

	if (is_counted) {
		fleet_count_asset(f, asset, -1);
	}
	f->held -= a->is.row_count;
	a->is.row_count = 0;
	error = view_asset_holding(view, asset, TABLE_VULNERABILITIES, take_holding, f, why);
	if (is_counted) {
		fleet_count_asset(f, asset, 1);
	}
	a->is_changed = error != 0;
	f->is_sorted = false;
	return error;
}

/* What lies between was looked through. A change behind `last` may be of rows that are not known
 * yet: it comes again with the next sync. */
static int follow_changes(struct fleet *f, struct view *view, uint64_t last, struct why *why)
{
	int error = view_table_changes(view, TABLE_VULNERABILITIES, f->newest, take_change, f, why);

	if (error == 0 && last > f->newest) {
		f->newest = last;
	}
	for (uint32_t asset = 1; error == 0 && asset <= f->asset_count; asset++) {
		if (f->assets[asset - 1].is_changed) {
			error = follow_asset(f, asset, view, why);
			if (error == 0 && clock_us() >= f->deadline_us) {
				return ERR_AGAIN;
			}
		}
	}
	return error;
}

/* True where an acceptance has run out; those are dropped. */
static bool drop_expired(struct fleet *f, int64_t now_ms)
{
	size_t kept = 0;

	if (f->next_expiry_ms == 0 || now_ms < f->next_expiry_ms) {
		return false;
	}
	f->next_expiry_ms = 0;
	for (size_t i = 0; i < f->acceptance_count; i++) {
		struct fleet_acceptance *a = &f->acceptances[i];

		if (a->until_ms != 0 && a->until_ms <= now_ms) {
			continue;
		}
		if (a->until_ms != 0 &&
		    (f->next_expiry_ms == 0 || a->until_ms < f->next_expiry_ms)) {
			f->next_expiry_ms = a->until_ms;
		}
		f->acceptances[kept++] = *a;
	}
	f->acceptance_count = kept;
	for (uint32_t i = 0; i < f->ids.count; i++) {
		fleet_note_accepted(f, &f->vulnerabilities[i]);
	}
	return true;
}

void fleet_accept(struct fleet *f, const struct fleet_acceptance *list, size_t count)
{
	f->acceptances = alloc_resize(f->acceptances, count + 1, sizeof *f->acceptances);
	mem_copy(f->acceptances, list, count * sizeof *list);
	f->acceptance_count = count;
	f->next_expiry_ms = 1; /* looked at with the next sync, which counts everything anew */
}

int fleet_sync_some(struct fleet *f, struct view *view, const struct knowledge *knowledge,
		    int64_t now_ms, int64_t deadline_us, struct why *why)
{
	bool is_other = f->knowledge != knowledge;
	uint32_t rows_before = f->row_count;
	/* before anything is read: rows of every change up to this one are then known */
	uint64_t last = view_last_change(view);
	int error;

	f->deadline_us = deadline_us;
	if (is_other) {
		fleet_follow_knowledge(f, knowledge);
	}
	if (drop_expired(f, now_ms) || is_other) {
		fleet_start_count(f);
	}
	error = view_distinct_rows(view, TABLE_VULNERABILITIES, f->row_count, fleet_take_row, f,
				   why);
	if (error == 0 && f->row_count > rows_before && clock_us() >= deadline_us) {
		return ERR_AGAIN;
	}
	if (error == 0 && f->next_load != FLEET_END) {
		error = load(f, view, last, why);
	}
	if (error == 0) {
		error = follow_changes(f, view, last, why);
	}
	return error == 0 ? fleet_count_more(f) : error;
}

int fleet_sync(struct fleet *f, struct view *view, const struct knowledge *knowledge,
	       int64_t now_ms, struct why *why)
{
	int error;

	do {
		error = fleet_sync_some(f, view, knowledge, now_ms, INT64_MAX, why);
	} while (error == ERR_AGAIN);
	return error;
}

/* --- what is asked --- */

uint32_t fleet_vulnerability_count(const struct fleet *f)
{
	return f->ids.count;
}

const struct fleet_vulnerability *fleet_vulnerability_at(struct fleet *f, uint32_t position)
{
	fleet_sort(f);
	return &f->vulnerabilities[f->order[position]];
}

const struct fleet_vulnerability *fleet_vulnerability_named(const struct fleet *f, struct span id)
{
	struct rowhash key = rowhash_of(0, id);
	uint32_t number;

	return numbering_find(&f->ids, &key, &number) ? &f->vulnerabilities[number] : NULL;
}

uint32_t fleet_row_count(const struct fleet *f)
{
	return f->row_count;
}

const struct fleet_row *fleet_row(const struct fleet *f, uint32_t number)
{
	return &f->rows[number];
}

struct priority fleet_row_priority(const struct fleet *f, const struct fleet_row *row,
				   struct span listeners, struct writer *out_reason)
{
	return vulnerability_priority(&f->vulnerabilities[row->vulnerability].facts, row->status,
				      (struct reach){ .exposure = row->exposure,
						      .at = listeners,
						      .confidence = row->confidence },
				      row->urgency, out_reason);
}

const struct fleet_group *fleet_group_of(const struct fleet *f, const struct fleet_row *row)
{
	return &f->groups[row->group];
}

uint64_t fleet_bytes(const struct fleet *f)
{
	return f->texts.bytes + f->row_capacity * sizeof *f->rows + f->held * sizeof(uint32_t) +
	       f->asset_capacity * sizeof *f->assets +
	       f->vulnerability_capacity * (sizeof *f->vulnerabilities + sizeof *f->marks) +
	       f->group_capacity * (sizeof *f->groups + sizeof *f->group_stamps) +
	       f->text_capacity * sizeof *f->text_of + numbering_bytes(&f->names) +
	       numbering_bytes(&f->ids) + numbering_bytes(&f->group_names);
}

const struct fleet_vulnerability *fleet_vulnerability_of(const struct fleet *f,
							 const struct fleet_row *row)
{
	return &f->vulnerabilities[row->vulnerability];
}

uint32_t fleet_group_count(const struct fleet *f)
{
	return f->group_names.count;
}

const struct fleet_group *fleet_group_at(struct fleet *f, uint32_t position)
{
	fleet_sort(f);
	return &f->groups[f->group_order[position]];
}

const struct fleet_asset *fleet_asset(const struct fleet *f, uint32_t asset)
{
	return asset >= 1 && asset <= f->asset_count ? &f->assets[asset - 1].is : NULL;
}

uint32_t fleet_asset_count(const struct fleet *f)
{
	return f->asset_count;
}

struct fleet_summary fleet_summary(const struct fleet *f)
{
	struct fleet_summary summary = f->summary;

	summary.vulnerabilities = 0;
	for (uint32_t i = 0; i < f->ids.count; i++) {
		summary.vulnerabilities += f->vulnerabilities[i].assets > 0;
	}
	return summary;
}
