/* ports.c - which ports are open over the fleet, and what speaks there. */
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "server/api/fleets.h"
#include "server/api/network_filter.h"
#include "server/api/tally.h"
#include "sys/alloc.h"

/* Programs that are named of a port; there may be more. */
#define PRODUCTS_MAX 20

/* A port by its transport, number and protocol: parts of its key, in this order. */
enum { KEY_TRANSPORT, KEY_PORT, KEY_PROTOCOL };

struct product {
	int64_t name;
	int64_t version;
};

struct group {
	uint32_t number; /* of its key */
	uint32_t assets;
	uint32_t addresses;
	uint32_t last_asset;
	int64_t last_address;
	int64_t appeared;
	uint32_t product_count; /* that are named */
	struct product products[PRODUCTS_MAX];
};

struct counting {
	const struct network *network;
	const struct network_page *page;
	struct tally tally;
	struct group *groups;
	size_t capacity;
};

static struct tally_key key_of(const struct network *n, enum network_table table, uint32_t row)
{
	return (struct tally_key){ {
		network_cell(n, table, row, NETWORK_PORT_TRANSPORT),
		network_cell(n, table, row, NETWORK_PORT_PORT),
		network_cell(n, table, row, NETWORK_PORT_PROTOCOL),
	} };
}

static struct group *group_of(struct counting *c, enum network_table table, uint32_t row)
{
	const struct tally_key key = key_of(c->network, table, row);
	bool is_new;
	uint32_t number = tally_number(&c->tally, &key, &is_new);

	if (number >= c->capacity) {
		c->capacity = 2 * c->capacity + 64;
		c->groups = alloc_resize(c->groups, c->capacity, sizeof *c->groups);
	}
	if (is_new) {
		c->groups[number] = (struct group){ .number = number };
	}
	return &c->groups[number];
}

/* Rows of one asset come one after the other. Two scopes may have found the same address. */
static void count_port(struct counting *c, uint32_t asset, uint32_t row)
{
	struct group *g = group_of(c, NETWORK_PORTS, row);
	int64_t address = network_cell(c->network, NETWORK_PORTS, row, NETWORK_PORT_ADDRESS);
	int64_t appeared = network_cell(c->network, NETWORK_PORTS, row, NETWORK_PORT_APPEARED);

	g->addresses += g->last_asset != asset || g->last_address != address;
	g->assets += g->last_asset != asset;
	g->last_asset = asset;
	g->last_address = address;
	g->appeared = appeared > g->appeared ? appeared : g->appeared;
}

static void count_product(struct counting *c, uint32_t row)
{
	const struct network *n = c->network;
	struct group *g = group_of(c, NETWORK_SERVICES, row);
	const struct product is = {
		network_cell(n, NETWORK_SERVICES, row, NETWORK_SERVICE_PRODUCT),
		network_cell(n, NETWORK_SERVICES, row, NETWORK_SERVICE_VERSION),
	};

	for (uint32_t i = 0; i < g->product_count; i++) {
		if (g->products[i].name == is.name && g->products[i].version == is.version) {
			return;
		}
	}
	if (is.name != 0 && g->product_count < PRODUCTS_MAX) {
		g->products[g->product_count++] = is;
	}
}

static void count_asset(struct counting *c, uint32_t asset)
{
	const struct network *n = c->network;
	uint32_t count;
	const uint32_t *rows = network_rows(n, NETWORK_PORTS, asset, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (network_fits(n, NETWORK_PORTS, rows[i], &c->page->filter)) {
			count_port(c, asset, rows[i]);
		}
	}
	rows = network_rows(n, NETWORK_SERVICES, asset, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (network_fits(n, NETWORK_SERVICES, rows[i], &c->page->filter)) {
			count_product(c, rows[i]);
		}
	}
}

/* Most assets first, then by port. */
static int by_assets(const void *a, const void *b, void *context)
{
	const struct tally *tally = context;
	const struct group *x = a;
	const struct group *y = b;
	const int64_t *k = tally_key_of(tally, x->number)->parts;
	const int64_t *l = tally_key_of(tally, y->number)->parts;

	if (x->assets != y->assets) {
		return x->assets > y->assets ? -1 : 1;
	}
	if (k[KEY_PORT] != l[KEY_PORT]) {
		return k[KEY_PORT] < l[KEY_PORT] ? -1 : 1;
	}
	return memcmp(k, l, 3 * sizeof *k);
}

static void write_text(struct emit *j, const char *name, struct span text)
{
	emit_key(j, name);
	if (text.len > 0) {
		emit_span(j, text);
	} else {
		emit_null(j);
	}
}

static void write_products(struct emit *j, const struct network *n, const struct group *g)
{
	emit_key(j, "products");
	emit_array(j);
	for (uint32_t i = 0; i < g->product_count; i++) {
		uint8_t room[512];
		struct writer w = writer_over(room, sizeof room);
		struct span version = kept_text(&n->texts, g->products[i].version);

		writer_bytes(&w, span_first(kept_text(&n->texts, g->products[i].name), 250));
		writer_text(&w, version.len > 0 ? " " : "");
		writer_bytes(&w, span_first(version, 250));
		emit_span(j, writer_span(&w));
	}
	emit_array_end(j);
}

static void write_group(struct emit *j, const struct counting *c, const struct group *g)
{
	const struct kept_texts *texts = &c->network->texts;
	const int64_t *key = tally_key_of(&c->tally, g->number)->parts;

	emit_object(j);
	write_text(j, "transport", kept_text(texts, key[KEY_TRANSPORT]));
	emit_key(j, "port");
	emit_integer(j, key[KEY_PORT]);
	write_text(j, "protocol", kept_text(texts, key[KEY_PROTOCOL]));
	emit_key(j, "assets");
	emit_integer(j, g->assets);
	emit_key(j, "addresses");
	emit_integer(j, g->addresses);
	emit_key(j, "appeared");
	if (g->appeared != 0) {
		emit_time(j, g->appeared * 1000);
	} else {
		emit_null(j);
	}
	write_products(j, c->network, g);
	emit_object_end(j);
}

static void answer(struct call *call, struct fleet *fleet, struct view *view)
{
	struct network_page page;
	struct counting c = { .network = fleets_network(call), .page = &page };
	int64_t total = 0;

	(void)fleet;
	(void)view;
	if (!network_page_read(call, c.network, &page)) {
		return;
	}
	for (uint32_t asset = 1; !page.is_nothing && asset <= c.network->asset_count; asset++) {
		count_asset(&c, asset);
	}
	if (c.tally.count > 0) {
		qsort_r(c.groups, c.tally.count, sizeof *c.groups, by_assets, &c.tally);
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	for (uint32_t i = 0; i < c.tally.count; i++) {
		/* what is identified is open, but for a moment between two reports */
		if (c.groups[i].assets > 0 && network_page_has(&page, total++)) {
			write_group(&call->json, &c, &c.groups[i]);
		}
	}
	network_page_end(call, &page, total);
	tally_done(&c.tally);
	free(c.groups);
}

static void get(struct call *call)
{
	fleets_ask(call, answer);
}

const struct resource resource_ports = {
	.path = "/api/v1/ports",
	.summary = "Open ports over the fleet, and what speaks there",
	.operations = { { "GET", RESOURCE_READ, "port protocol transport scope limit after",
			  get } },
};
