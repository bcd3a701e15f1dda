/*
 * places.c - addresses at which scanners found something, and the rows that say what.
 *
 * Row numbers never change their meaning, so the place of a row is looked up once; what a batch
 * changed is the difference to what the scanner held before.
 */
#include "server/engine/estate_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"

void numbers32_push(struct numbers32 *list, uint32_t number)
{
	if (list->count == list->capacity) {
		list->capacity = 2 * list->capacity + 16;
		list->items = alloc_resize(list->items, list->capacity, sizeof *list->items);
	}
	list->items[list->count++] = number;
}

void numbers32_done(struct numbers32 *list)
{
	free(list->items);
	*list = (struct numbers32){ NULL, 0, 0 };
}

/* --- scopes --- */

uint32_t place_scope(struct estate *e, struct span name)
{
	struct span fit = span_first(name, INVENTORY_SCOPE_SIZE - 1);
	struct place_scope *scope;

	for (uint32_t i = 0; i < e->scope_count; i++) {
		if (span_is(fit, e->scopes[i].name)) {
			return i;
		}
	}
	e->scopes = alloc_resize(e->scopes, e->scope_count + 1, sizeof *e->scopes);
	scope = &e->scopes[e->scope_count];
	*scope = (struct place_scope){ .is_baseline = true };
	mem_copy(scope->name, fit.ptr, fit.len);
	return e->scope_count++;
}

/* --- places --- */

struct span place_asset_text(const uint32_t *asset)
{
	return (struct span){ (const uint8_t *)asset, sizeof *asset };
}

/* A public address is one place, whichever scope it is scanned by. */
static struct rowhash name_of(const struct estate *e, uint32_t scope, struct span address,
			      bool is_public)
{
	uint8_t room[INVENTORY_SCOPE_SIZE + 64];
	struct writer w = writer_over(room, sizeof room);

	writer_text(&w, is_public ? "" : e->scopes[scope].name);
	writer_u8(&w, 0);
	writer_bytes(&w, span_first(address, 45));
	return rowhash_of(0, writer_span(&w));
}

bool place_find(const struct estate *e, uint32_t scope, struct span address, uint32_t *out)
{
	const struct rowhash name =
		name_of(e, scope, address, address_reach(address) == ADDRESS_PUBLIC);

	return numbering_find(&e->place_names, &name, out);
}

uint32_t place_make(struct estate *e, uint32_t scope, struct span address)
{
	bool is_public = address_reach(address) == ADDRESS_PUBLIC;
	const struct rowhash name = name_of(e, scope, address, is_public);
	struct span fit = span_first(address, sizeof e->places->address - 1);
	uint32_t number;
	struct place *p;

	if (numbering_find(&e->place_names, &name, &number)) {
		return number;
	}
	number = numbering_add(&e->place_names, &name);
	if (number == e->place_capacity) {
		e->place_capacity = 2 * e->place_capacity + 64;
		e->places = alloc_resize(e->places, e->place_capacity, sizeof *e->places);
	}
	p = &e->places[number];
	*p = (struct place){ .scope = scope, .is_public = is_public };
	mem_copy(p->address, fit.ptr, fit.len);
	e->place_count = number + 1;
	links_add(&e->places_by_address, fit, number);
	return number;
}

void place_dirty(struct estate *e, uint32_t place)
{
	if (!e->places[place].is_dirty) {
		e->places[place].is_dirty = true;
		numbers32_push(&e->dirty, place);
	}
}

void place_bind(struct estate *e, uint32_t place, uint32_t asset)
{
	struct place *p = &e->places[place];

	if (p->asset != 0) {
		links_remove(&e->places_by_asset, place_asset_text(&p->asset), place);
		numbers32_push(&e->touched_assets, p->asset);
	}
	p->asset = asset;
	if (asset != 0) {
		links_add(&e->places_by_asset, place_asset_text(&asset), place);
		numbers32_push(&e->touched_assets, asset);
	}
}
/* Where the row is among the place's, or would be. */
static uint32_t slot_of(const struct place *p, uint16_t table, uint32_t row)
{
	uint32_t low = 0;
	uint32_t high = p->row_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct place_row *r = &p->rows[middle];

		if (r->table < table || (r->table == table && r->row < row)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static void note_delta(struct estate *e, uint32_t place, uint16_t table, uint32_t row,
		       bool is_added)
{
	if (e->is_loading || e->is_deciding) {
		return;
	}
	if (e->delta_count == e->delta_capacity) {
		e->delta_capacity = 2 * e->delta_capacity + 64;
		e->deltas = alloc_resize(e->deltas, e->delta_capacity, sizeof *e->deltas);
	}
	e->deltas[e->delta_count++] = (struct place_delta){ place, row, table, is_added };
}

void place_add_row(struct estate *e, uint32_t place, uint16_t table, uint32_t row)
{
	struct place *p = &e->places[place];
	uint32_t at = slot_of(p, table, row);

	place_dirty(e, place);
	if (at < p->row_count && p->rows[at].table == table && p->rows[at].row == row) {
		p->rows[at].count++;
		return;
	}
	if (p->row_count == p->row_capacity) {
		p->row_capacity = 2 * p->row_capacity + 4;
		p->rows = alloc_resize(p->rows, p->row_capacity, sizeof *p->rows);
	}
	memmove(&p->rows[at + 1], &p->rows[at], (p->row_count - at) * sizeof *p->rows);
	p->rows[at] = (struct place_row){ .row = row, .table = table, .count = 1 };
	p->row_count++;
	note_delta(e, place, table, row, true);
}

void place_remove_row(struct estate *e, uint32_t place, uint16_t table, uint32_t row)
{
	struct place *p = &e->places[place];
	uint32_t at = slot_of(p, table, row);

	if (at >= p->row_count || p->rows[at].table != table || p->rows[at].row != row) {
		return;
	}
	place_dirty(e, place);
	if (--p->rows[at].count > 0) {
		return;
	}
	p->row_count--;
	memmove(&p->rows[at], &p->rows[at + 1], (p->row_count - at) * sizeof *p->rows);
	note_delta(e, place, table, row, false);
}

/* --- rows --- */

static void cover_rows(struct estate *e, uint16_t table, uint32_t row)
{
	uint32_t **list = &e->place_of_row[table - REPORT_FIRST];
	uint32_t *size = &e->place_of_row_size[table - REPORT_FIRST];

	if (row >= *size) {
		uint32_t larger = row + row / 2 + 256;

		*list = alloc_resize(*list, larger, sizeof **list);
		for (uint32_t i = *size; i < larger; i++) {
			(*list)[i] = PLACE_UNKNOWN;
		}
		*size = larger;
	}
}

/* A row is somebody's only where its scope is the tenant's, and its address lies in it. */
static bool is_authorised(const struct place_scope *scope, struct span address)
{
	return scope->is_authorised && address_reach(address) != ADDRESS_NONE &&
	       (scope->is.kind == SCOPE_DNS_NAME || scope_name_holds(&scope->is, address));
}

/* scope and address are the first two columns of every report's table. */
int place_of_row(struct estate *e, uint16_t table, uint32_t number, uint32_t *out, struct why *why)
{
	struct row row;
	struct span address;
	uint32_t scope;
	int error;

	cover_rows(e, table, number);
	*out = e->place_of_row[table - REPORT_FIRST][number];
	if (*out != PLACE_UNKNOWN) {
		return 0;
	}
	error = inventory_row(e->inv, table, number, &row, why);
	if (error != 0) {
		return error;
	}
	address = estate_text(&row, SCAN_HOSTS_ADDRESS);
	scope = place_scope(e, estate_text(&row, SCAN_HOSTS_SCOPE));
	*out = PLACE_NONE;
	if (is_authorised(&e->scopes[scope], address)) {
		*out = place_make(e, scope, address);
	} else {
		numbers32_push(&e->scopes[scope].refused[table - REPORT_FIRST], number);
	}
	e->place_of_row[table - REPORT_FIRST][number] = *out;
	return 0;
}

/* What is told gone while a run's end is told was not seen in that run. */
static void note_end(const struct estate *e, struct place_scope *scope, int64_t finished_s)
{
	if (finished_s > scope->finishing_s) {
		scope->is_finished = true;
		scope->finishing_s = finished_s;
	}
	if (e->is_loading) {
		scope->finished_s = scope->finishing_s;
	}
}

/* A scope's run: the first one that is complete ends the baseline, from the next turn on. */
static int note_run(struct estate *e, uint32_t number, struct why *why)
{
	struct row row;
	uint32_t scope;
	int error = inventory_row(e->inv, TABLE_SCAN_SCOPES, number, &row, why);

	if (error == 0 && estate_number(&row, SCAN_SCOPES_FINISHED) != 0) {
		scope = place_scope(e, estate_text(&row, SCAN_SCOPES_SCOPE));
		note_end(e, &e->scopes[scope], estate_number(&row, SCAN_SCOPES_FINISHED));
	}
	return error;
}

static int change_row(struct estate *e, uint16_t table, uint32_t row, bool is_added,
		      struct why *why)
{
	uint32_t place;
	int error;

	if (table == TABLE_SCAN_SCOPES) {
		return is_added ? note_run(e, row, why) : 0;
	}
	error = place_of_row(e, table, row, &place, why);
	if (error == 0 && place != PLACE_NONE) {
		if (is_added) {
			place_add_row(e, place, table, row);
		} else {
			place_remove_row(e, place, table, row);
		}
	}
	return error;
}

static void take_row(void *context, uint32_t row)
{
	numbers32_push(context, row);
}

static int follow_table(struct estate *e, struct scanner *s, uint16_t table, struct why *why)
{
	struct numbers32 *before = &s->held[table - REPORT_FIRST];
	struct numbers32 now = { NULL, 0, 0 };
	size_t at = 0;
	int error = 0;

	inventory_each_held(e->inv, s->asset, table, take_row, &now);
	for (size_t i = 0; error == 0 && i < now.count; i++) {
		while (error == 0 && at < before->count && before->items[at] < now.items[i]) {
			error = change_row(e, table, before->items[at++], false, why);
		}
		if (at < before->count && before->items[at] == now.items[i]) {
			at++;
		} else if (error == 0) {
			error = change_row(e, table, now.items[i], true, why);
		}
	}
	while (error == 0 && at < before->count) {
		error = change_row(e, table, before->items[at++], false, why);
	}
	numbers32_done(before);
	*before = now;
	return error;
}

int places_follow(struct estate *e, struct why *why)
{
	int error = 0;

	for (size_t i = 0; i < e->scanner_count; i++) {
		struct scanner *s = &e->scanners[i];

		for (uint16_t t = 0; error == 0 && t < REPORT_TABLES; t++) {
			if ((s->touched >> t & 1) != 0) {
				error = follow_table(e, s, (uint16_t)(REPORT_FIRST + t), why);
			}
		}
		s->touched = 0;
	}
	return error;
}

/* --- facts --- */

static void take_host(struct place *p, const struct row *row)
{
	struct span mac = span_first(estate_text(row, SCAN_HOSTS_MAC), sizeof p->mac - 1);

	mem_copy(p->mac, mac.ptr, mac.len);
	p->mac[mac.len] = '\0';
}

static void take_key(struct estate *e, struct place *p, uint32_t place, const struct row *row)
{
	struct span key = estate_text(row, SCAN_HOST_KEYS_FINGERPRINT);
	struct span fit = span_first(key, sizeof p->key - 1);

	if (key.len == 0 || p->key_count == PLACE_KEYS_MAX) {
		return;
	}
	if (p->key_count == 0) {
		mem_copy(p->key, fit.ptr, fit.len);
		p->key[fit.len] = '\0';
	}
	p->keys[p->key_count++] = rowhash_of(0, key);
	links_add(&e->places_by_key, key, place);
}

static void take_certificate(struct estate *e, struct place *p, uint32_t place,
			     const struct row *row)
{
	struct span certificate = estate_text(row, SCAN_CERTIFICATES_FINGERPRINT);

	if (certificate.len > 0 && estate_number(row, SCAN_CERTIFICATES_CHAIN) == 0 &&
	    p->cert_count < PLACE_CERTS_MAX) {
		p->certs[p->cert_count++] = rowhash_of(0, certificate);
		links_add(&e->places_by_cert, certificate, place);
	}
}

int place_read_facts(struct estate *e, uint32_t place, struct why *why)
{
	struct place *p = &e->places[place];
	int error = 0;

	p->mac[0] = '\0';
	p->key[0] = '\0';
	p->key_count = 0;
	p->cert_count = 0;
	for (uint32_t i = 0; error == 0 && i < p->row_count; i++) {
		uint16_t table = p->rows[i].table;
		struct row row;

		if (table != TABLE_SCAN_HOSTS && table != TABLE_SCAN_HOST_KEYS &&
		    table != TABLE_SCAN_CERTIFICATES) {
			continue;
		}
		error = inventory_row(e->inv, table, p->rows[i].row, &row, why);
		if (error == 0 && table == TABLE_SCAN_HOSTS) {
			take_host(p, &row);
		} else if (error == 0 && table == TABLE_SCAN_HOST_KEYS) {
			take_key(e, p, place, &row);
		} else if (error == 0) {
			take_certificate(e, p, place, &row);
		}
	}
	if (error == 0 && p->mac[0] != '\0') {
		links_add(&e->places_by_mac, span_of(p->mac), place);
	}
	return error;
}
