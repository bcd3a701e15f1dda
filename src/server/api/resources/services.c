/* services.c - what speaks over the fleet, by protocol or by program. */
#include <stdlib.h>
#include <string.h>

#include "server/api/fleets.h"
#include "server/api/network_filter.h"
#include "server/api/tally.h"
#include "sys/alloc.h"

/* Ports and versions that are named of each; there may be more. */
#define NAMED_MAX 30

struct named {
	uint32_t count;
	int64_t items[NAMED_MAX];
};

struct spoken {
	int64_t name;
	uint32_t assets;
	uint32_t open;
	uint32_t last_asset;
	struct named ports;
	struct named versions;
};

struct counting {
	const struct network *network;
	const struct network_page *page;
	enum network_table table;
	unsigned name; /* the column */
	struct tally tally;
	struct spoken *items;
	size_t capacity;
};

static void add(struct named *list, int64_t item)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i] == item) {
			return;
		}
	}
	if (list->count < NAMED_MAX) {
		list->items[list->count++] = item;
	}
}

static void count_row(struct counting *c, uint32_t asset, uint32_t row)
{
	const struct tally_key key = { { network_cell(c->network, c->table, row, c->name) } };
	struct spoken *s;
	bool is_new;
	uint32_t number;

	if (key.parts[0] == 0) {
		return;
	}
	number = tally_number(&c->tally, &key, &is_new);
	if (number >= c->capacity) {
		c->capacity = 2 * c->capacity + 32;
		c->items = alloc_resize(c->items, c->capacity, sizeof *c->items);
	}
	s = &c->items[number];
	if (is_new) {
		*s = (struct spoken){ .name = key.parts[0] };
	}
	s->open++;
	s->assets += s->last_asset != asset;
	s->last_asset = asset;
	add(&s->ports, network_cell(c->network, c->table, row, NETWORK_PORT_PORT));
	if (c->table == NETWORK_SERVICES &&
	    network_cell(c->network, c->table, row, NETWORK_SERVICE_VERSION) != 0) {
		add(&s->versions, network_cell(c->network, c->table, row, NETWORK_SERVICE_VERSION));
	}
}

static void count_all(struct counting *c)
{
	for (uint32_t asset = 1; asset <= c->network->asset_count; asset++) {
		uint32_t count;
		const uint32_t *rows = network_rows(c->network, c->table, asset, &count);

		for (uint32_t i = 0; i < count; i++) {
			if (network_fits(c->network, c->table, rows[i], &c->page->filter)) {
				count_row(c, asset, rows[i]);
			}
		}
	}
}

static int by_assets(const void *a, const void *b, void *context)
{
	const struct kept_texts *texts = context;
	const struct spoken *x = a;
	const struct spoken *y = b;
	struct span names[] = { kept_text(texts, x->name), kept_text(texts, y->name) };
	size_t len = names[0].len < names[1].len ? names[0].len : names[1].len;
	int order = memcmp(names[0].ptr, names[1].ptr, len);

	if (x->assets != y->assets) {
		return x->assets > y->assets ? -1 : 1;
	}
	return order != 0 ? order : names[0].len < names[1].len ? -1 : 1;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void write_one(struct emit *j, const struct network *n, struct spoken *s)
{
	emit_object(j);
	emit_key(j, "name");
	emit_span(j, kept_text(&n->texts, s->name));
	emit_key(j, "assets");
	emit_integer(j, s->assets);
	emit_key(j, "open");
	emit_integer(j, s->open);
	emit_key(j, "ports");
	emit_array(j);
	qsort(s->ports.items, s->ports.count, sizeof *s->ports.items, by_number);
	for (uint32_t i = 0; i < s->ports.count; i++) {
		emit_integer(j, s->ports.items[i]);
	}
	emit_array_end(j);
	emit_key(j, "versions");
	emit_array(j);
	for (uint32_t i = 0; i < s->versions.count; i++) {
		emit_span(j, kept_text(&n->texts, s->versions.items[i]));
	}
	emit_array_end(j);
	emit_object_end(j);
}

static void write_page(struct call *call, struct counting *c)
{
	if (c->tally.count > 0) {
		qsort_r(c->items, c->tally.count, sizeof *c->items, by_assets,
			(void *)(uintptr_t)&c->network->texts);
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	for (uint32_t i = 0; i < c->tally.count; i++) {
		if (network_page_has(c->page, i)) {
			write_one(&call->json, c->network, &c->items[i]);
		}
	}
	network_page_end(call, c->page, c->tally.count);
}

static void answer(struct call *call, struct fleet *fleet, struct view *view)
{
	struct network_page page;
	struct counting c = { .network = fleets_network(call),
			      .page = &page,
			      .table = NETWORK_PORTS,
			      .name = NETWORK_PORT_PROTOCOL };
	char by[CALL_TEXT_SIZE];

	(void)fleet;
	(void)view;
	if (!call_text(call, "by", by) || !network_page_read(call, c.network, &page)) {
		return;
	}
	if (strcmp(by, "product") == 0) {
		c.table = NETWORK_SERVICES;
		c.name = NETWORK_SERVICE_PRODUCT;
	} else if (by[0] != '\0' && strcmp(by, "protocol") != 0) {
		call_fail(call, 400, "the parameter 'by' must be protocol or product");
		return;
	}
	if (!page.is_nothing) {
		count_all(&c); /* ports where nothing was identified count where a protocol is
				  known of them */
	}
	write_page(call, &c);
	tally_done(&c.tally);
	free(c.items);
}

static void get(struct call *call)
{
	fleets_ask(call, answer);
}

const struct resource resource_services = {
	.path = "/api/v1/services",
	.summary = "What speaks over the fleet, by protocol or by program",
	.operations = { { "GET", RESOURCE_READ, "by scope limit after", get } },
};
