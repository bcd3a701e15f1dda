/*
 * reconsider.c - scopes and operators' decisions as the records say, and what follows where they
 * differ from what is held: only places that they speak of are looked at.
 */
#include "server/engine/estate_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"

/* --- the records --- */

static int take_scope(void *context, const struct inventory_scope *scope)
{
	struct estate *e = context;
	uint32_t number = place_scope(e, span_of(scope->name));
	struct place_scope *is = &e->scopes[number];

	is->is_on = scope->is_on;
	is->is_wanted = scope->proved_ms != 0 &&
			scope_name_read(span_of(scope->name), &is->is) == 0 &&
			is->is.refusal == NULL;
	return 0;
}

static int read_scopes(struct estate *e, struct why *why)
{
	for (uint32_t i = 0; i < e->scope_count; i++) {
		e->scopes[i].is_wanted = e->scopes[i].is_on = false;
	}
	return inventory_each_scope(e->inv, take_scope, e, why);
}

static int take_decision(void *context, const struct inventory_join_decision *d)
{
	struct estate *e = context;
	uint32_t scope = place_scope(e, span_of(d->scope));

	e->decisions = alloc_resize(e->decisions, e->decision_count + 1, sizeof *e->decisions);
	e->decisions[e->decision_count++] = (struct decision){
		.place = place_make(e, scope, span_of(d->address)),
		.asset = d->asset,
		.is_join = d->is_join,
		.by = alloc_text(d->by),
	};
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct decision *x = a;
	const struct decision *y = b;

	if (x->place != y->place) {
		return x->place < y->place ? -1 : 1;
	}
	if (x->asset != y->asset) {
		return x->asset < y->asset ? -1 : 1;
	}
	return x->is_join != y->is_join ? x->is_join - y->is_join : strcmp(x->by, y->by);
}

static int read_decisions(struct estate *e, struct why *why)
{
	int error = inventory_each_join_decision(e->inv, take_decision, e, why);

	if (error == 0 && e->decision_count > 0) {
		qsort(e->decisions, e->decision_count, sizeof *e->decisions, by_place);
	}
	return error;
}

int decisions_load(struct estate *e, struct why *why)
{
	int error = read_scopes(e, why);

	for (uint32_t i = 0; i < e->scope_count; i++) {
		e->scopes[i].is_authorised = e->scopes[i].is_wanted;
	}
	return error == 0 ? read_decisions(e, why) : error;
}

/* --- rows of a scope --- */

static uint16_t holders_of(const struct estate *e, uint16_t table, uint32_t row)
{
	uint16_t count = 0;

	for (size_t i = 0; i < e->scanner_count; i++) {
		const struct numbers32 *held = &e->scanners[i].held[table - REPORT_FIRST];
		size_t low = 0;
		size_t high = held->count;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (held->items[middle] < row) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		count = (uint16_t)(count + (low < held->count && held->items[low] == row));
	}
	return count;
}

static int let_row_in(struct estate *e, uint16_t table, uint32_t row, struct why *why)
{
	uint32_t place;
	int error;

	e->place_of_row[table - REPORT_FIRST][row] = PLACE_UNKNOWN;
	error = place_of_row(e, table, row, &place, why);
	if (error != 0 || place == PLACE_NONE) {
		return error;
	}
	for (uint16_t n = holders_of(e, table, row); n > 0; n--) {
		e->places[place].is_quiet = true;
		place_add_row(e, place, table, row);
	}
	return 0;
}

/* Whether a scanner that is heard now has scanned it through. */
static int was_scanned(struct estate *e, uint32_t scope, bool *out, struct why *why)
{
	const uint16_t table = TABLE_SCAN_SCOPES;
	int error = 0;

	*out = false;
	for (size_t i = 0; i < e->scanner_count; i++) {
		const struct numbers32 *held = &e->scanners[i].held[table - REPORT_FIRST];

		for (size_t k = 0; error == 0 && k < held->count; k++) {
			struct row row;

			error = inventory_row(e->inv, table, held->items[k], &row, why);
			*out = *out ||
			       (error == 0 && estate_number(&row, SCAN_SCOPES_FINISHED) != 0 &&
				span_is(estate_text(&row, SCAN_SCOPES_SCOPE),
					e->scopes[scope].name));
		}
	}
	return error;
}

static int let_in(struct estate *e, uint32_t scope, struct why *why)
{
	bool is_scanned;
	int error = was_scanned(e, scope, &is_scanned, why);

	e->scopes[scope].is_authorised = true;
	e->scopes[scope].is_baseline = !is_scanned;
	for (uint16_t t = 0; error == 0 && t < REPORT_TABLES; t++) {
		struct numbers32 rows = e->scopes[scope].refused[t];

		e->scopes[scope].refused[t] = (struct numbers32){ NULL, 0, 0 };
		for (size_t i = 0; error == 0 && i < rows.count; i++) {
			error = let_row_in(e, (uint16_t)(REPORT_FIRST + t), rows.items[i], why);
		}
		numbers32_done(&rows);
	}
	return error;
}

/* A public address may be scanned by several scopes. */
static int scope_of_row(struct estate *e, const struct place *p, const struct place_row *r,
			uint32_t *out, struct why *why)
{
	struct row row;
	int error;

	if (!p->is_public) {
		*out = p->scope;
		return 0;
	}
	error = inventory_row(e->inv, r->table, r->row, &row, why);
	if (error == 0) {
		*out = place_scope(e, estate_text(&row, SCAN_HOSTS_SCOPE));
	}
	return error;
}

static int shut_place_out(struct estate *e, uint32_t scope, uint32_t place, struct why *why)
{
	struct place *p = &e->places[place];
	uint32_t other = scope;
	int error = 0;

	for (uint32_t i = p->row_count; error == 0 && i > 0; i--) {
		struct place_row *r = &p->rows[i - 1];
		uint16_t table = r->table;
		uint32_t row = r->row;
		uint32_t is;

		error = scope_of_row(e, p, r, &is, why);
		if (error != 0 || is != scope) {
			other = error == 0 ? is : other;
			continue;
		}
		r->count = 1;
		place_remove_row(e, place, table, row);
		e->place_of_row[table - REPORT_FIRST][row] = PLACE_NONE;
		numbers32_push(&e->scopes[scope].refused[table - REPORT_FIRST], row);
	}
	p->scope = p->scope == scope ? other : p->scope;
	return error;
}

static int shut_out(struct estate *e, uint32_t scope, struct why *why)
{
	int error = 0;

	e->scopes[scope].is_authorised = false;
	for (uint32_t i = 0; error == 0 && i < e->place_count; i++) {
		const struct place *p = &e->places[i];
		const struct scope_name *is = &e->scopes[scope].is;

		if (p->scope == scope ||
		    (p->is_public &&
		     (is->kind == SCOPE_DNS_NAME || scope_name_holds(is, span_of(p->address))))) {
			error = shut_place_out(e, scope, i, why);
		}
	}
	return error;
}

/* --- places that a decision speaks of --- */

static void dirty_asset(struct estate *e, uint32_t asset)
{
	struct links_set set = links_of(&e->places_by_asset, place_asset_text(&asset));

	for (uint32_t i = 0; i < set.count; i++) {
		place_dirty(e, set.items[i]);
	}
}

static void dirty_decision(struct estate *e, const struct decision *d)
{
	dirty_asset(e, d->asset);
	dirty_asset(e, e->places[d->place].asset);
	place_dirty(e, d->place);
}

/* Both lists are sorted: what only one of them has was made or replaced. */
static void compare(struct estate *e, const struct decision *before, size_t before_count)
{
	size_t i = 0;
	size_t k = 0;

	while (i < before_count || k < e->decision_count) {
		int order = i == before_count        ? 1
			    : k == e->decision_count ? -1
						     : by_place(&before[i], &e->decisions[k]);

		if (order < 0) {
			dirty_decision(e, &before[i]);
		} else if (order > 0) {
			dirty_decision(e, &e->decisions[k]);
		}
		i += order <= 0;
		k += order >= 0;
	}
}

static int follow_decisions(struct estate *e, struct why *why)
{
	struct decision *before = e->decisions;
	size_t count = e->decision_count;
	int error;

	e->decisions = NULL;
	e->decision_count = 0;
	error = read_decisions(e, why);
	if (error == 0) {
		compare(e, before, count);
	}
	for (size_t i = 0; i < count; i++) {
		free(before[i].by);
	}
	free(before);
	return error;
}

int decisions_follow(struct estate *e, struct why *why)
{
	int error = read_scopes(e, why);

	e->is_deciding = true;
	for (uint32_t i = 0; error == 0 && i < e->scope_count; i++) {
		if (e->scopes[i].is_wanted && !e->scopes[i].is_authorised) {
			error = let_in(e, i, why);
		} else if (!e->scopes[i].is_wanted && e->scopes[i].is_authorised) {
			error = shut_out(e, i, why);
		}
	}
	e->is_deciding = false;
	return error == 0 ? follow_decisions(e, why) : error;
}
