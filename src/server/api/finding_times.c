/* finding_times.c - the history walked back from what is held now. */
#include "server/api/finding_times.h"

#include <stdlib.h>

#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* Time for one look at the whole history. */
#define PAST_US 200000

struct walk {
	const struct fleet *fleet;
	struct finding_time *times;
	uint32_t stamp;
};

static struct finding_time *time_of(const struct walk *w, uint32_t row)
{
	return row < fleet_row_count(w->fleet) ? &w->times[fleet_row(w->fleet, row)->vulnerability]
					       : NULL;
}

/* Takes rows back; first remembers how many there were of the vulnerability after the change. */
static void take_back(const struct walk *w, const uint32_t *rows, size_t count, int32_t by)
{
	for (size_t i = 0; i < count; i++) {
		struct finding_time *t = time_of(w, rows[i]);

		if (t == NULL) {
			continue;
		}
		if (t->stamp != w->stamp) {
			t->stamp = w->stamp;
			t->after = t->held;
		}
		t->held += by;
	}
}

/* Each vulnerability that the change touched is looked at once. */
static void look(const struct walk *w, const uint32_t *rows, size_t count, int64_t at_ms)
{
	for (size_t i = 0; i < count; i++) {
		struct finding_time *t = time_of(w, rows[i]);

		if (t == NULL || t->stamp != w->stamp) {
			continue;
		}
		t->stamp = 0;
		if (t->after > 0 && t->held <= 0) {
			t->first_ms = at_ms;
			t->opened++;
		} else if (t->after <= 0 && t->held > 0 && t->fixed_ms == 0) {
			t->fixed_ms = at_ms;
		}
	}
}

static bool walk_back(void *context, const struct view_table_change *change)
{
	struct walk *w = context;

	w->stamp++;
	take_back(w, change->added, change->added_count, -1);
	take_back(w, change->removed, change->removed_count, 1);
	look(w, change->added, change->added_count, change->at_ms);
	look(w, change->removed, change->removed_count, change->at_ms);
	return true;
}

int finding_times_of_asset(const struct fleet *fleet, struct view *view, uint32_t asset,
			   struct finding_time **out, struct why *why)
{
	const struct fleet_asset *a = fleet_asset(fleet, asset);
	struct walk w = { .fleet = fleet };
	int error;

	w.times = alloc_zeroed((size_t)fleet_vulnerability_count(fleet) + 1, sizeof *w.times);
	for (uint32_t i = 0; a != NULL && i < a->row_count; i++) {
		time_of(&w, a->rows[i])->held++;
	}
	error = view_asset_changes(view, asset, TABLE_VULNERABILITIES, walk_back, &w, why);
	if (error == 0) {
		*out = w.times;
	} else {
		free(w.times);
	}
	return error;
}

/* --- who had it --- */

struct past {
	const struct fleet *fleet;
	const struct fleet_vulnerability *v;
	finding_past *each;
	void *context;
	uint8_t *is_told; /* by asset */
	uint32_t assets;
	int64_t deadline_us;
	bool is_cut;
};

static bool is_among(const struct past *p, const uint32_t *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i] < fleet_row_count(p->fleet) &&
		    fleet_vulnerability_of(p->fleet, fleet_row(p->fleet, rows[i])) == p->v) {
			return true;
		}
	}
	return false;
}

static bool has_it(const struct past *p, uint32_t asset)
{
	const struct fleet_asset *a = fleet_asset(p->fleet, asset);

	return a != NULL && is_among(p, a->rows, a->row_count);
}

static bool look_back(void *context, const struct view_table_change *change)
{
	struct past *p = context;

	if (change->asset <= p->assets && p->is_told[change->asset - 1] == 0 &&
	    is_among(p, change->removed, change->removed_count) &&
	    !is_among(p, change->added, change->added_count)) {
		p->is_told[change->asset - 1] = 1;
		if (!has_it(p, change->asset) &&
		    !p->each(p->context, change->asset, change->at_ms)) {
			return false;
		}
	}
	p->is_cut = clock_us() >= p->deadline_us;
	return !p->is_cut;
}

int finding_times_past(const struct fleet *fleet, struct view *view,
		       const struct fleet_vulnerability *v, finding_past *each, void *context,
		       bool *out_is_cut, struct why *why)
{
	struct past p = { .fleet = fleet,
			  .v = v,
			  .each = each,
			  .context = context,
			  .assets = fleet_asset_count(fleet),
			  .deadline_us = clock_us() + PAST_US };
	int error;

	p.is_told = alloc_zeroed((size_t)p.assets + 1, 1);
	error = view_table_changes_back(view, TABLE_VULNERABILITIES, look_back, &p, why);
	free(p.is_told);
	*out_is_cut = p.is_cut;
	return error;
}
