/* estate.c - what was touched in a turn, in its order: rows, agents, joins, tables, alerts,
 * exposures.
 */
#include "server/engine/estate_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define DAY_MS INT64_C(86400000)

/* --- memory --- */

static struct links *const *all_links(struct estate *e, struct links *out[9])
{
	out[0] = &e->places_by_address;
	out[1] = &e->places_by_mac;
	out[2] = &e->places_by_key;
	out[3] = &e->places_by_cert;
	out[4] = &e->places_by_asset;
	out[5] = &e->agents_by_address;
	out[6] = &e->agents_by_mac;
	out[7] = &e->agents_by_key;
	out[8] = &e->agents_by_cert;
	return out;
}

static void init(struct estate *e, struct inventory *inv)
{
	struct links *links[9];

	*e = (struct estate){ .inv = inv,
			      .alerts = e->alerts,
			      .judged_day = e->judged_day,
			      .next_asset = e->next_asset };
	numbering_init(&e->place_names);
	(void)all_links(e, links);
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		links_init(links[i]);
	}
}

static void free_places(struct estate *e)
{
	for (uint32_t i = 0; i < e->place_count; i++) {
		free(e->places[i].rows);
		free(e->places[i].ports);
		free(e->places[i].detail);
		free(e->places[i].by);
	}
	free(e->places);
	numbering_done(&e->place_names);
	for (size_t i = 0; i < REPORT_TABLES; i++) {
		free(e->place_of_row[i]);
	}
}

static void free_agents(struct estate *e)
{
	for (size_t i = 0; i < e->agents_size; i++) {
		for (size_t t = 0; t < e->agents[i].count; t++) {
			free(e->agents[i].texts[t].text);
		}
		free(e->agents[i].texts);
	}
	free(e->agents);
}

static void done(struct estate *e)
{
	struct links *links[9];

	free_places(e);
	free_agents(e);
	for (size_t i = 0; i < e->scanner_count; i++) {
		for (size_t t = 0; t < REPORT_TABLES; t++) {
			numbers32_done(&e->scanners[i].held[t]);
		}
	}
	free(e->scanners);
	for (size_t i = 0; i < e->decision_count; i++) {
		free(e->decisions[i].by);
	}
	free(e->decisions);
	for (uint32_t i = 0; i < e->scope_count; i++) {
		for (size_t t = 0; t < REPORT_TABLES; t++) {
			numbers32_done(&e->scopes[i].refused[t]);
		}
	}
	free(e->scopes);
	free(e->accepted);
	(void)all_links(e, links);
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		links_done(links[i]);
	}
	numbers32_done(&e->dirty);
	numbers32_done(&e->touched_agents);
	numbers32_done(&e->touched_assets);
	numbers32_done(&e->exposed_assets);
	numbers32_done(&e->changed_assets);
	free(e->deltas);
}

struct estate *estate_new(struct inventory *inv)
{
	struct estate *e = alloc_zeroed(1, sizeof *e);

	e->judged_day = -1;
	init(e, inv);
	return e;
}

void estate_free(struct estate **estate)
{
	if (*estate != NULL) {
		done(*estate);
		free(*estate);
		*estate = NULL;
	}
}

/* --- loading what the file holds --- */

static void take_row(void *context, uint32_t row)
{
	numbers32_push(context, row);
}

/* The text between a word and the next blank. */
static void take_word(struct span text, const char *word, char *out, size_t size)
{
	size_t len = span_of(word).len;

	for (size_t i = 0; i + len < text.len; i++) {
		if (span_starts_with(span_after(text, i), word)) {
			struct span rest = span_after(text, i + len);
			struct span fit =
				span_first(span_first(rest, span_find(rest, ' ')), size - 1);

			mem_copy(out, fit.ptr, fit.len);
			out[fit.len] = '\0';
			return;
		}
	}
}

static enum join_evidence evidence_named(struct span name)
{
	for (int i = 1; i < JOIN_EVIDENCES; i++) {
		if (span_is(name, join_evidence_name((enum join_evidence)i))) {
			return (enum join_evidence)i;
		}
	}
	return JOIN_ADDRESS;
}

/* A place as asset_joins tells it. */
static void restore_place(struct estate *e, uint32_t asset, const struct row *row)
{
	struct span identity = estate_text(row, ASSET_JOINS_IDENTITY);
	uint32_t number = place_make(e, place_scope(e, estate_text(row, ASSET_JOINS_SCOPE)),
				     estate_text(row, ASSET_JOINS_ADDRESS));
	struct place *p = &e->places[number];

	if (p->asset != 0) {
		return; /* one place belongs to one asset */
	}
	take_word(identity, "mac ", p->mac, sizeof p->mac);
	take_word(identity, "key ", p->key, sizeof p->key);
	if (p->mac[0] != '\0') {
		links_add(&e->places_by_mac, span_of(p->mac), number);
	}
	if (p->key[0] != '\0') {
		p->keys[p->key_count++] = rowhash_of(0, span_of(p->key));
		links_add(&e->places_by_key, span_of(p->key), number);
	}
	p->evidence = evidence_named(estate_text(row, ASSET_JOINS_EVIDENCE));
	p->confidence = (int)estate_number(row, ASSET_JOINS_CONFIDENCE);
	p->since_s = estate_number(row, ASSET_JOINS_SINCE);
	p->gone_s = estate_number(row, ASSET_JOINS_GONE);
	p->answered_s = estate_number(row, ASSET_JOINS_ANSWERED);
	p->detail = alloc_span(estate_text(row, ASSET_JOINS_DETAIL));
	if (row->values[ASSET_JOINS_JOINED_BY].kind == VALUE_TEXT) {
		p->by = alloc_span(estate_text(row, ASSET_JOINS_JOINED_BY));
	}
	p->is_known = true;
	place_bind(e, number, asset);
	place_dirty(e, number);
}

static void restore_port(struct estate *e, const struct row *row)
{
	struct span transport = estate_text(row, OPEN_PORTS_TRANSPORT);
	struct place_port *port;
	uint32_t place;

	if (place_find(e, place_scope(e, estate_text(row, OPEN_PORTS_SCOPE)),
		       estate_text(row, OPEN_PORTS_ADDRESS), &place)) {
		port = place_port_add(&e->places[place],
				      (uint16_t)estate_number(row, OPEN_PORTS_PORT),
				      transport.len > 0 ? transport.ptr[0] : 0);
		port->appeared_s = estate_number(row, OPEN_PORTS_APPEARED);
		port->is_told = true;
		port->is_open = true;
	}
}

static int restore_asset(struct estate *e, uint32_t asset, struct why *why)
{
	struct numbers32 rows = { NULL, 0, 0 };
	struct row row;
	int error = 0;

	inventory_each_held(e->inv, asset, TABLE_ASSET_JOINS, take_row, &rows);
	for (size_t i = 0; error == 0 && i < rows.count; i++) {
		error = inventory_row(e->inv, TABLE_ASSET_JOINS, rows.items[i], &row, why);
		if (error == 0) {
			restore_place(e, asset, &row);
		}
	}
	if (rows.count > 0) {
		rows.count = 0;
		inventory_each_held(e->inv, asset, TABLE_OPEN_PORTS, take_row, &rows);
		for (size_t i = 0; error == 0 && i < rows.count; i++) {
			error = inventory_row(e->inv, TABLE_OPEN_PORTS, rows.items[i], &row, why);
			if (error == 0) {
				restore_port(e, &row);
			}
		}
	}
	numbers32_done(&rows);
	return error;
}

static struct scanner *scanner_of(struct estate *e, uint32_t asset)
{
	for (size_t i = 0; i < e->scanner_count; i++) {
		if (e->scanners[i].asset == asset) {
			return &e->scanners[i];
		}
	}
	e->scanners = alloc_resize(e->scanners, e->scanner_count + 1, sizeof *e->scanners);
	e->scanners[e->scanner_count] = (struct scanner){ .asset = asset };
	return &e->scanners[e->scanner_count++];
}

/* Scopes, decisions, which place is whose, and what the scanners hold. What is loaded is settled
 * with the turn, which changes nothing where nothing changed meanwhile. */
static int load(struct estate *e, struct why *why)
{
	int error = decisions_load(e, why);

	e->is_loading = true;
	for (uint32_t asset = 1; error == 0 && asset <= inventory_asset_count(e->inv); asset++) {
		error = restore_asset(e, asset, why);
		if (error == 0 &&
		    inventory_sensor_is_scanner(e->inv, inventory_asset_id(e->inv, asset))) {
			scanner_of(e, asset)->touched = (1u << REPORT_TABLES) - 1;
		}
	}
	e->is_loaded = error == 0;
	return error;
}

/* --- touching --- */

static bool is_report(uint16_t table)
{
	return table >= REPORT_FIRST && table <= REPORT_LAST;
}

void estate_touch(struct estate *e, uint32_t asset, uint16_t table)
{
	if (is_report(table)) {
		scanner_of(e, asset)->touched |= 1u << (table - REPORT_FIRST);
	} else if (table == TABLE_ADDRESSES || table == TABLE_INTERFACES ||
		   table == TABLE_CERTIFICATES || table == TABLE_LISTENERS ||
		   table == TABLE_SSH_HOST_KEYS) {
		numbers32_push(&e->touched_agents, asset);
	}
	if (table == TABLE_CERTIFICATES || table == TABLE_LISTENERS) {
		numbers32_push(&e->exposed_assets, asset);
	}
}

void estate_undone(struct estate *e)
{
	struct inventory *inv = e->inv;

	done(e);
	init(e, inv);
}

void estate_reconsider(struct estate *e)
{
	e->is_reconsidered = true;
}

/* --- settling --- */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Each asset once. */
static int for_each_asset(struct estate *e, struct numbers32 *list,
			  int (*call)(struct estate *e, uint32_t asset, struct why *why),
			  struct why *why)
{
	int error = 0;

	if (list->count == 0) {
		return 0;
	}
	qsort(list->items, list->count, sizeof *list->items, by_value);
	for (size_t i = 0; error == 0 && i < list->count; i++) {
		if (list->items[i] != 0 && (i == 0 || list->items[i] != list->items[i - 1])) {
			error = call(e, list->items[i], why);
		}
	}
	return error;
}

/* Places where nothing answers any more come first: what left them may be found elsewhere. */
static int join_all(struct estate *e, struct why *why)
{
	int error = 0;

	for (int is_live = 0; is_live <= 1; is_live++) {
		for (size_t i = 0; error == 0 && i < e->dirty.count; i++) {
			uint32_t place = e->dirty.items[i];

			if ((e->places[place].row_count > 0) == (is_live == 1)) {
				error = place_join(e, place, why);
			}
		}
	}
	return error;
}

static void end_turn(struct estate *e)
{
	for (size_t i = 0; i < e->dirty.count; i++) {
		struct place *p = &e->places[e->dirty.items[i]];

		p->is_dirty = p->is_quiet = p->is_leaving = false;
	}
	for (uint32_t i = 0; i < e->scope_count; i++) {
		struct place_scope *scope = &e->scopes[i];

		scope->is_baseline = scope->is_baseline && !scope->is_finished;
		scope->runs += scope->is_finished;
		scope->is_finished = false;
		scope->finished_s = scope->finishing_s;
	}
	e->dirty.count = 0;
	e->touched_assets.count = 0;
	e->exposed_assets.count = 0;
	e->delta_count = 0;
	e->is_loading = e->is_reconsidered = false;
}

static int settle(struct estate *e, struct why *why)
{
	int error = e->is_reconsidered && !e->is_loading ? decisions_follow(e, why) : 0;

	error = error == 0 ? places_follow(e, why) : error;
	error = error == 0 ? agents_follow(e, why) : error;
	error = error == 0 ? join_all(e, why) : error;
	error = error == 0 ? for_each_asset(e, &e->touched_assets, derived_make, why) : error;
	error = error == 0 ? alerts_tell(e, why) : error;
	for (size_t i = 0; i < e->touched_assets.count; i++) {
		numbers32_push(&e->exposed_assets, e->touched_assets.items[i]);
		numbers32_push(&e->changed_assets, e->touched_assets.items[i]);
	}
	return error == 0 ? for_each_asset(e, &e->exposed_assets, exposed_judge, why) : error;
}

static bool has_news(const struct estate *e)
{
	for (size_t i = 0; i < e->scanner_count; i++) {
		if (e->scanners[i].touched != 0) {
			return true;
		}
	}
	return e->is_reconsidered || e->touched_agents.count > 0 || e->exposed_assets.count > 0;
}

int estate_settle(struct estate *e, int64_t now_ms, uint64_t *out_newest, struct why *why)
{
	int error = 0;

	*out_newest = 0;
	e->changed_assets.count = 0;
	if (!has_news(e)) {
		return 0;
	}
	e->now_ms = now_ms;
	e->newest = 0;
	error = inventory_begin(e->inv, why);
	if (error == 0 && !e->is_loaded) {
		error = load(e, why);
	}
	error = error == 0 ? settle(e, why) : error;
	if (error == 0) {
		end_turn(e);
		*out_newest = e->newest;
	}
	return error;
}

void estate_each_changed(const struct estate *e, void (*each)(void *context, uint32_t asset),
			 void *context)
{
	for (size_t i = 0; i < e->changed_assets.count; i++) {
		if (e->changed_assets.items[i] != 0) {
			each(context, e->changed_assets.items[i]);
		}
	}
}

/* --- a new day --- */

bool estate_has_work(struct estate *e, int64_t now_ms)
{
	return e->judged_day != now_ms / DAY_MS ||
	       (e->next_until_ms != 0 && e->next_until_ms <= now_ms);
}

/* A machine without an agent that nothing was heard of for so long is nobody's asset any more. */
static int age_out(struct estate *e, uint32_t asset, struct why *why)
{
	struct links_set places = links_of(&e->places_by_asset, place_asset_text(&asset));
	struct numbers32 rows = { NULL, 0, 0 };
	struct inventory_result result;
	bool is_gone = true;
	int error = 0;

	inventory_each_held(e->inv, asset, TABLE_ASSET_JOINS, take_row, &rows);
	for (size_t i = 0; error == 0 && is_gone && i < rows.count; i++) {
		struct row row;
		int64_t gone_s;

		error = inventory_row(e->inv, TABLE_ASSET_JOINS, rows.items[i], &row, why);
		gone_s = error == 0 ? estate_number(&row, ASSET_JOINS_GONE) : 0;
		is_gone = gone_s != 0 && e->now_ms / 1000 - gone_s >= ESTATE_GONE_KEPT_S;
	}
	if (error == 0 && is_gone && rows.count > 0) {
		for (uint32_t i = places.count; i > 0; i--) {
			place_bind(e, places.items[i - 1], 0);
		}
		error = inventory_derive(e->inv, asset, TABLE_ASSET_JOINS, NULL, 0, e->now_ms,
					 &result, why);
	}
	numbers32_done(&rows);
	return error;
}

static int judge_day(struct estate *e, uint32_t asset, struct why *why)
{
	int error = age_out(e, asset, why);

	return error == 0 ? exposed_judge(e, asset, why) : error;
}

int estate_work(struct estate *e, int64_t deadline_us, int64_t now_ms, uint64_t *out_newest,
		struct why *why)
{
	int64_t day = now_ms / DAY_MS;
	int error = 0;

	*out_newest = 0;
	e->now_ms = now_ms;
	e->newest = 0;
	if (e->next_until_ms != 0 && e->next_until_ms <= now_ms) {
		acceptances_run_out(e);
		error = for_each_asset(e, &e->exposed_assets, exposed_judge, why);
		e->exposed_assets.count = 0;
	}
	if (e->judged_day == day) {
		*out_newest = e->newest;
		return error;
	}
	if (e->next_asset == 0) {
		e->next_asset = 1;
	}
	while (error == 0 && clock_us() < deadline_us) {
		if (e->next_asset > inventory_asset_count(e->inv)) {
			e->judged_day = day;
			e->next_asset = 0;
			break;
		}
		error = judge_day(e, e->next_asset, why);
		e->next_asset++;
	}
	*out_newest = e->newest;
	return error;
}
