/*
 * joins.c - to which asset a place belongs: candidates are gathered here, and judged by
 * server/services/joining.
 */
#include "server/engine/estate_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "server/services/vulnerability.h"
#include "sys/alloc.h"

/* Candidates of one place, and ids that are tried for a new asset. */
#define CANDIDATES_MAX 32
#define IDS_MAX        1000

/* --- decisions --- */

static const struct decision *join_decision(const struct estate *e, uint32_t place)
{
	for (size_t i = 0; i < e->decision_count; i++) {
		if (e->decisions[i].place == place && e->decisions[i].is_join) {
			return &e->decisions[i];
		}
	}
	return NULL;
}

static bool is_split(const struct estate *e, uint32_t place, uint32_t asset)
{
	for (size_t i = 0; i < e->decision_count; i++) {
		if (e->decisions[i].place == place && e->decisions[i].asset == asset &&
		    !e->decisions[i].is_join) {
			return true;
		}
	}
	return false;
}

/* --- agents --- */

static void take_row(void *context, uint32_t row)
{
	numbers32_push(context, row);
}

static bool is_open_at(const struct place *p, uint16_t port)
{
	for (uint32_t i = 0; i < p->port_count; i++) {
		if (p->ports[i].port == port && p->ports[i].transport == 't' &&
		    p->ports[i].is_open) {
			return true;
		}
	}
	return false;
}

static unsigned open_count(const struct place *p)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < p->port_count; i++) {
		count += p->ports[i].transport == 't' && p->ports[i].is_open;
	}
	return count;
}

/* Every TCP port that is open there is one that the agent's machine listens on. */
static int listeners_fit(struct estate *e, const struct place *p, uint32_t asset, bool *out,
			 struct why *why)
{
	struct numbers32 rows = { NULL, 0, 0 };
	uint8_t seen[8192] = { 0 };
	unsigned fitting = 0;
	int error = 0;

	inventory_each_held(e->inv, asset, TABLE_LISTENERS, take_row, &rows);
	for (size_t i = 0; error == 0 && i < rows.count; i++) {
		struct row row;
		uint16_t port;

		error = inventory_row(e->inv, TABLE_LISTENERS, rows.items[i], &row, why);
		port = error == 0 ? (uint16_t)estate_number(&row, LISTENERS_PORT) : 0;
		if (error != 0 || !span_is(estate_text(&row, LISTENERS_PROTOCOL), "tcp") ||
		    exposure_of_address(estate_text(&row, LISTENERS_ADDRESS)) == EXPOSURE_LOCAL ||
		    (seen[port / 8] >> port % 8 & 1) != 0) {
			continue;
		}
		seen[port / 8] |= (uint8_t)(1u << port % 8);
		fitting += is_open_at(p, port);
	}
	numbers32_done(&rows);
	*out = fitting > 0 && fitting == open_count(p);
	return error;
}

static struct join_candidate *candidate(struct join_candidate *list, size_t *count, uint32_t asset)
{
	for (size_t i = 0; i < *count; i++) {
		if (list[i].asset == asset) {
			return &list[i];
		}
	}
	if (*count == CANDIDATES_MAX) {
		return NULL;
	}
	list[*count] = (struct join_candidate){ .asset = asset };
	return &list[(*count)++];
}

static void gather_agents(const struct estate *e, const struct place *p,
			  struct join_candidate *list, size_t *count)
{
	struct links_set by_address = links_of(&e->agents_by_address, span_of(p->address));
	struct links_set by_mac = links_of(&e->agents_by_mac, span_of(p->mac));
	struct join_candidate *c;

	for (uint32_t i = 0; i < by_address.count; i++) {
		c = candidate(list, count, by_address.items[i]);
		if (c != NULL) {
			c->has_address = true;
		}
	}
	for (uint32_t i = 0; p->mac[0] != '\0' && i < by_mac.count; i++) {
		c = candidate(list, count, by_mac.items[i]);
		if (c != NULL) {
			c->has_mac = true;
		}
	}
}

/* By what the place showed: keys and certificates, which are agents' only where one alone has them.
 */
static int gather_shown(struct estate *e, const struct place *p, struct join_candidate *list,
			size_t *count, struct why *why)
{
	int error = 0;

	for (uint32_t i = 0; error == 0 && i < p->row_count; i++) {
		bool is_key = p->rows[i].table == TABLE_SCAN_HOST_KEYS;
		struct links_set agents;
		struct join_candidate *c;
		struct row row;

		if (!is_key && p->rows[i].table != TABLE_SCAN_CERTIFICATES) {
			continue;
		}
		error = inventory_row(e->inv, p->rows[i].table, p->rows[i].row, &row, why);
		if (error != 0 || (!is_key && estate_number(&row, SCAN_CERTIFICATES_CHAIN) != 0)) {
			continue;
		}
		agents = is_key ? links_of(&e->agents_by_key,
					   estate_text(&row, SCAN_HOST_KEYS_FINGERPRINT))
				: links_of(&e->agents_by_cert,
					   estate_text(&row, SCAN_CERTIFICATES_FINGERPRINT));
		c = agents.count == 1 ? candidate(list, count, agents.items[0]) : NULL;
		if (c != NULL && is_key) {
			c->has_host_key = true;
		} else if (c != NULL) {
			c->has_certificate = true;
		}
	}
	return error;
}

static int judge_agents(struct estate *e, uint32_t place, struct joining *out, struct why *why)
{
	const struct place *p = &e->places[place];
	struct join_candidate list[CANDIDATES_MAX];
	size_t count = 0;
	int error;

	gather_agents(e, p, list, &count);
	error = gather_shown(e, p, list, &count, why);
	for (size_t i = 0; error == 0 && i < count; i++) {
		struct join_candidate *c = &list[i];

		c->is_split = is_split(e, place, c->asset);
		c->is_mac_another = p->mac[0] != '\0' && !c->has_mac && c->asset < e->agents_size &&
				    e->agents[c->asset].count > 0;
		if (c->has_address) {
			error = listeners_fit(e, p, c->asset, &c->do_listeners_fit, why);
		}
	}
	*out = join_judge(list, error == 0 ? count : 0);
	return error;
}

/* --- neighbours: machines without an agent --- */

static bool shares_key(const struct place *a, const struct place *b)
{
	for (uint32_t i = 0; i < a->key_count; i++) {
		for (uint32_t k = 0; k < b->key_count; k++) {
			if (rowhash_equal(&a->keys[i], &b->keys[k])) {
				return true;
			}
		}
	}
	return false;
}

static bool is_live(const struct place *p)
{
	return p->row_count > 0;
}

static bool is_ipv6(const struct place *p)
{
	return strchr(p->address, ':') != NULL;
}

struct neighbours {
	struct join_neighbour list[CANDIDATES_MAX];
	size_t count;
	unsigned macs;
	unsigned keys;
};

static void add_neighbours(struct estate *e, uint32_t place, struct links_set set, bool is_mac,
			   struct neighbours *out)
{
	const struct place *p = &e->places[place];

	for (uint32_t i = 0; i < set.count; i++) {
		const struct place *q = &e->places[set.items[i]];
		bool is_same = is_mac ? strcmp(p->mac, q->mac) == 0 : shares_key(p, q);

		/* a private address means something within its scope only */
		if (set.items[i] == place || !is_same ||
		    (q->scope != p->scope && !(q->is_public && p->is_public))) {
			continue;
		}
		out->macs += is_mac && is_live(q);
		out->keys += !is_mac && is_live(q);
		if (q->asset != 0 && out->count < CANDIDATES_MAX && !agent_is(e, q->asset)) {
			out->list[out->count++] = (struct join_neighbour){
				.asset = q->asset,
				.is_split = is_split(e, place, q->asset),
				.is_live = is_live(q),
				.is_ipv6 = is_ipv6(q),
				.has_mac = is_mac,
				.has_host_key = !is_mac,
			};
		}
	}
}

static struct joining judge_neighbours(struct estate *e, uint32_t place)
{
	const struct place *p = &e->places[place];
	struct neighbours n = { .count = 0 };

	if (p->mac[0] != '\0') {
		add_neighbours(e, place, links_of(&e->places_by_mac, span_of(p->mac)), true, &n);
	}
	if (p->key[0] != '\0') {
		add_neighbours(e, place, links_of(&e->places_by_key, span_of(p->key)), false, &n);
	}
	return join_judge_neighbours(n.list, n.count, is_ipv6(p), n.macs, n.keys);
}

/* --- an asset of its own --- */

static void make_id(const struct estate *e, const struct place *p, unsigned attempt,
		    char out[INVENTORY_ID_SIZE])
{
	uint8_t room[INVENTORY_SCOPE_SIZE + 160];
	struct writer w = writer_over(room, sizeof room);
	uint8_t hash[SHA256_SIZE];

	writer_text(&w, "bartizan scanned asset");
	writer_u8(&w, 0);
	writer_text(&w, p->is_public ? "" : e->scopes[p->scope].name);
	writer_u8(&w, 0);
	writer_text(&w, p->address);
	writer_u8(&w, 0);
	writer_text(&w, p->mac);
	writer_u8(&w, 0);
	writer_decimal(&w, attempt);
	sha256_of(writer_span(&w), hash);
	text_to_hex((struct span){ hash, (INVENTORY_ID_SIZE - 1) / 2 }, out);
}

/* An asset that this address had before is taken again where nothing else has it. */
static int own_asset(struct estate *e, uint32_t place, uint32_t *out, struct why *why)
{
	for (unsigned attempt = 0; attempt < IDS_MAX; attempt++) {
		char id[INVENTORY_ID_SIZE];
		uint32_t asset;

		make_id(e, &e->places[place], attempt, id);
		if (inventory_asset_find(e->inv, id, &asset) != 0) {
			return inventory_asset(e->inv, id, e->now_ms, out, why);
		}
		if (!agent_is(e, asset) && !is_split(e, place, asset) &&
		    links_of(&e->places_by_asset, place_asset_text(&asset)).count == 0) {
			*out = asset;
			return 0;
		}
	}
	return why_set(why, ERR_LIMIT, "no id is free for an asset at %s",
		       e->places[place].address);
}

/* The machine that the place belongs to may stay: nothing says that another one is there now. */
static bool may_stay(struct estate *e, uint32_t place, const char *mac_before)
{
	const struct place *p = &e->places[place];

	return p->asset != 0 && !agent_is(e, p->asset) && !is_split(e, place, p->asset) &&
	       !(mac_before[0] != '\0' && p->mac[0] != '\0' && strcmp(mac_before, p->mac) != 0);
}

/* --- all together --- */

static void explain(struct estate *e, uint32_t place, const struct joining *j, const char *by)
{
	struct place *p = &e->places[place];
	char detail[256];

	switch (j->evidence) {
	case JOIN_MAC:
		snprintf(detail, sizeof detail, "%s has the MAC %s", p->address, p->mac);
		break;
	case JOIN_HOST_KEY:
		snprintf(detail, sizeof detail, "the SSH host key %s", p->key);
		break;
	case JOIN_CERTIFICATE:
		snprintf(detail, sizeof detail, "a certificate that it alone serves");
		break;
	case JOIN_LISTENERS:
		snprintf(detail, sizeof detail,
			 "it has the address %s and listens on all that is open there", p->address);
		break;
	case JOIN_OPERATOR:
		snprintf(detail, sizeof detail, "%s decided it", by);
		break;
	case JOIN_ADDRESS:
	default:
		snprintf(detail, sizeof detail, "nothing else is known of %s", p->address);
		break;
	}
	if (p->detail == NULL || strcmp(p->detail, detail) != 0 || p->evidence != j->evidence) {
		alloc_free(&p->detail);
		p->detail = alloc_text(detail);
		numbers32_push(&e->touched_assets, p->asset);
	}
	alloc_free(&p->by);
	p->by = by != NULL ? alloc_text(by) : NULL;
	p->evidence = j->evidence;
	p->confidence = j->confidence;
}

static int choose(struct estate *e, uint32_t place, const char *mac_before, struct joining *out,
		  const char **out_by, struct why *why)
{
	const struct decision *decided = join_decision(e, place);
	int error;

	*out_by = NULL;
	if (decided != NULL) {
		*out = (struct joining){ decided->asset, JOIN_OPERATOR, 100 };
		*out_by = decided->by;
		return 0;
	}
	error = judge_agents(e, place, out, why);
	if (error != 0 || out->asset != 0) {
		return error;
	}
	if (may_stay(e, place, mac_before)) {
		const struct place *p = &e->places[place];
		bool is_same = p->evidence == JOIN_MAC || p->evidence == JOIN_HOST_KEY;

		*out = (struct joining){ p->asset, is_same ? p->evidence : JOIN_ADDRESS,
					 is_same ? p->confidence : 100 };
		return 0;
	}
	*out = judge_neighbours(e, place);
	if (out->asset == 0) {
		*out = (struct joining){ 0, JOIN_ADDRESS, 100 };
		error = own_asset(e, place, &out->asset, why);
	}
	return error;
}

/* A place where the asset was before, and where nothing answers any more, is given up. */
static void leave_empty_places(struct estate *e, uint32_t place)
{
	uint32_t asset = e->places[place].asset;
	struct links_set set = links_of(&e->places_by_asset, place_asset_text(&asset));

	for (uint32_t i = set.count; i > 0; i--) {
		uint32_t other = set.items[i - 1];

		if (other != place && !is_live(&e->places[other])) {
			place_bind(e, other, 0);
		}
	}
}

int place_join(struct estate *e, uint32_t place, struct why *why)
{
	struct place *p = &e->places[place];
	char mac_before[sizeof p->mac];
	struct joining j;
	const char *by;
	int error;

	mem_copy(mac_before, p->mac, sizeof mac_before);
	if (!is_live(p)) {
		/* a machine without an agent is remembered by its place */
		if (p->asset != 0 && (agent_is(e, p->asset) || is_split(e, place, p->asset))) {
			place_bind(e, place, 0);
		} else if (p->asset != 0) {
			place_note_gone(e, p);
			numbers32_push(&e->touched_assets, p->asset);
		}
		return 0;
	}
	place_note_back(e, p);
	error = place_read_facts(e, place, why);
	if (error == 0) {
		error = place_note_ports(e, place, why);
	}
	if (error == 0) {
		error = choose(e, place, mac_before, &j, &by, why);
	}
	if (error != 0) {
		return error;
	}
	p = &e->places[place];
	if (j.asset != p->asset) {
		place_bind(e, place, j.asset);
		p->since_s = e->now_ms / 1000;
		leave_empty_places(e, place);
	} else {
		numbers32_push(&e->touched_assets, p->asset);
	}
	explain(e, place, &j, by);
	return 0;
}
