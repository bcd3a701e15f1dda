/* agents.c - what agents say identifies their machines. */
#include "server/engine/estate_parts.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"

bool agent_is(struct estate *e, uint32_t asset)
{
	struct inventory_sensor sensor;

	return inventory_sensor_find(e->inv, inventory_asset_id(e->inv, asset), &sensor) == 0;
}

static struct agent *agent_of(struct estate *e, uint32_t asset)
{
	if (asset >= e->agents_size) {
		size_t size = 2 * (size_t)asset + 16;

		e->agents = alloc_resize(e->agents, size, sizeof *e->agents);
		mem_zero(&e->agents[e->agents_size], (size - e->agents_size) * sizeof *e->agents);
		e->agents_size = size;
	}
	return &e->agents[asset];
}

static void dirty_all(struct estate *e, struct links_set places)
{
	for (uint32_t i = 0; i < places.count; i++) {
		place_dirty(e, places.items[i]);
	}
}

/* Places that its texts, or its name, bear on are to be looked at. */
static void dirty_places_of(struct estate *e, uint32_t asset, const struct agent *agent)
{
	for (size_t i = 0; i < agent->count; i++) {
		struct span text = span_of(agent->texts[i].text);

		dirty_all(e, links_of(&e->places_by_address, text));
		dirty_all(e, links_of(&e->places_by_mac, text));
		dirty_all(e, links_of(&e->places_by_key, text));
		dirty_all(e, links_of(&e->places_by_cert, text));
	}
	dirty_all(e, links_of(&e->places_by_asset, place_asset_text(&asset)));
}

static void forget_texts(struct agent *agent, uint32_t asset)
{
	for (size_t i = 0; i < agent->count; i++) {
		links_remove(agent->texts[i].in, span_of(agent->texts[i].text), asset);
		free(agent->texts[i].text);
	}
	agent->count = 0;
}

static void add_text(struct agent *agent, struct links *in, struct span text, uint32_t asset)
{
	if (text.len == 0) {
		return;
	}
	if (agent->count == agent->capacity) {
		agent->capacity = 2 * agent->capacity + 8;
		agent->texts = alloc_resize(agent->texts, agent->capacity, sizeof *agent->texts);
	}
	agent->texts[agent->count++] = (struct agent_text){ in, alloc_span(text) };
	links_add(in, text, asset);
}

static void take_row(void *context, uint32_t row)
{
	numbers32_push(context, row);
}

/* Loopback is everybody's, and a locally made MAC of zeros nobody's. */
static bool is_of_use(struct span text)
{
	return !span_is(text, "127.0.0.1") && !span_is(text, "::1") &&
	       !span_is(text, "00:00:00:00:00:00");
}

static void take_value(struct estate *e, struct agent *agent, uint32_t asset, const struct row *row)
{
	switch (row->table->number) {
	case TABLE_ADDRESSES:
		if (is_of_use(estate_text(row, ADDRESSES_ADDRESS))) {
			add_text(agent, &e->agents_by_address, estate_text(row, ADDRESSES_ADDRESS),
				 asset);
		}
		break;
	case TABLE_INTERFACES:
		if (is_of_use(estate_text(row, INTERFACES_MAC))) {
			add_text(agent, &e->agents_by_mac, estate_text(row, INTERFACES_MAC), asset);
		}
		break;
	case TABLE_CERTIFICATES:
		/* not what merely lies there: what it serves */
		if (row->values[CERTIFICATES_SERVED_AT].kind == VALUE_LIST &&
		    row->values[CERTIFICATES_SERVED_AT].item_count > 0) {
			add_text(agent, &e->agents_by_cert,
				 estate_text(row, CERTIFICATES_FINGERPRINT), asset);
		}
		break;
	case TABLE_SSH_HOST_KEYS:
		add_text(agent, &e->agents_by_key, estate_text(row, SSH_HOST_KEYS_FINGERPRINT),
			 asset);
		break;
	default:
		break;
	}
}

static int read_agent(struct estate *e, uint32_t asset, struct why *why)
{
	static const uint16_t tables[] = { TABLE_ADDRESSES, TABLE_INTERFACES, TABLE_CERTIFICATES,
					   TABLE_SSH_HOST_KEYS };
	struct agent *agent = agent_of(e, asset);
	struct numbers32 rows = { NULL, 0, 0 };
	int error = 0;

	for (size_t t = 0; error == 0 && t < COUNT_OF(tables); t++) {
		rows.count = 0;
		inventory_each_held(e->inv, asset, tables[t], take_row, &rows);
		for (size_t i = 0; error == 0 && i < rows.count; i++) {
			struct row row;

			error = inventory_row(e->inv, tables[t], rows.items[i], &row, why);
			if (error == 0) {
				take_value(e, agent, asset, &row);
			}
		}
	}
	numbers32_done(&rows);
	return error;
}

int agents_follow(struct estate *e, struct why *why)
{
	int error = 0;

	if (e->place_count == 0) {
		e->touched_agents.count = 0; /* nothing to join: they are read when there is */
		e->are_agents_known = false;
		return 0;
	}
	if (!e->are_agents_known) {
		e->are_agents_known = true;
		e->touched_agents.count = 0;
		for (uint32_t asset = 1; asset <= inventory_asset_count(e->inv); asset++) {
			numbers32_push(&e->touched_agents, asset);
		}
	}
	for (size_t i = 0; error == 0 && i < e->touched_agents.count; i++) {
		uint32_t asset = e->touched_agents.items[i];
		struct agent *agent = agent_of(e, asset);

		dirty_places_of(e, asset, agent);
		forget_texts(agent, asset);
		error = read_agent(e, asset, why);
		dirty_places_of(e, asset, &e->agents[asset]);
	}
	e->touched_agents.count = 0;
	return error;
}
