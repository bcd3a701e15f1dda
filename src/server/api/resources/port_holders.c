/* port_holders.c - who has a port open: one line a port, address and asset. */
#include <stdlib.h>
#include <string.h>

#include "server/api/fleets.h"
#include "server/api/network_filter.h"
#include "sys/alloc.h"

#define NONE UINT32_MAX

/* What was found open, and what was identified there; either may be missing between two reports. */
struct holder {
	uint32_t asset;
	uint32_t port;    /* a row, or NONE */
	uint32_t service; /* a row, or NONE */
};

struct finding_holders {
	const struct network *network;
	const struct network_page *page;
	int64_t product;
	struct holder *items;
	size_t count;
	size_t capacity;
};

/* One that is there is enough: both say where they are alike. */
static int64_t cell(const struct network *n, const struct holder *h, unsigned column)
{
	return h->port != NONE ? network_cell(n, NETWORK_PORTS, h->port, column)
			       : network_cell(n, NETWORK_SERVICES, h->service, column);
}

static int64_t service_cell(const struct network *n, const struct holder *h, unsigned column)
{
	return h->service != NONE ? network_cell(n, NETWORK_SERVICES, h->service, column) : 0;
}

static int64_t protocol_of(const struct network *n, const struct holder *h)
{
	int64_t protocol = service_cell(n, h, NETWORK_PORT_PROTOCOL);

	return protocol != 0 || h->port == NONE
		       ? protocol
		       : network_cell(n, NETWORK_PORTS, h->port, NETWORK_PORT_PROTOCOL);
}

static struct holder *add(struct finding_holders *f, uint32_t asset)
{
	if (f->count == f->capacity) {
		f->capacity = 2 * f->capacity + 64;
		f->items = alloc_resize(f->items, f->capacity, sizeof *f->items);
	}
	f->items[f->count] = (struct holder){ asset, NONE, NONE };
	return &f->items[f->count++];
}

static bool is_at(const struct network *n, const struct holder *h, uint32_t service)
{
	static const unsigned where[] = { NETWORK_PORT_PORT, NETWORK_PORT_ADDRESS,
					  NETWORK_PORT_TRANSPORT, NETWORK_PORT_SCOPE };

	for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
		if (network_cell(n, NETWORK_PORTS, h->port, where[i]) !=
		    network_cell(n, NETWORK_SERVICES, service, where[i])) {
			return false;
		}
	}
	return true;
}

/* The one among an asset's, which begin at first, where the service is; a new one where there is
 * none. */
static struct holder *holder_at(struct finding_holders *f, uint32_t asset, size_t first,
				uint32_t service)
{
	for (size_t i = first; i < f->count; i++) {
		if (f->items[i].port != NONE && is_at(f->network, &f->items[i], service)) {
			return &f->items[i];
		}
	}
	return add(f, asset);
}

/* Those that are of another protocol or program go again. */
static void drop_others(struct finding_holders *f, size_t first, int64_t protocol)
{
	size_t kept = first;

	for (size_t i = first; i < f->count; i++) {
		const struct holder *h = &f->items[i];

		if ((protocol == 0 || protocol_of(f->network, h) == protocol) &&
		    (f->product == 0 ||
		     service_cell(f->network, h, NETWORK_SERVICE_PRODUCT) == f->product)) {
			f->items[kept++] = *h;
		}
	}
	f->count = kept;
}

static void find_of(struct finding_holders *f, uint32_t asset)
{
	struct network_filter where = f->page->filter;
	size_t first = f->count;
	uint32_t count;
	const uint32_t *rows = network_rows(f->network, NETWORK_PORTS, asset, &count);

	where.protocol = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (network_fits(f->network, NETWORK_PORTS, rows[i], &where)) {
			add(f, asset)->port = rows[i];
		}
	}
	rows = network_rows(f->network, NETWORK_SERVICES, asset, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (network_fits(f->network, NETWORK_SERVICES, rows[i], &where)) {
			holder_at(f, asset, first, rows[i])->service = rows[i];
		}
	}
	drop_others(f, first, f->page->filter.protocol);
}

static int compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

	return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

static int by_name(const void *a, const void *b, void *context)
{
	const struct network *n = context;
	const struct holder *x = a;
	const struct holder *y = b;
	int64_t ports[] = { cell(n, x, NETWORK_PORT_PORT), cell(n, y, NETWORK_PORT_PORT) };
	int order = strcmp(network_asset(n, x->asset)->name, network_asset(n, y->asset)->name);

	if (order == 0) {
		order = compare(kept_text(&n->texts, cell(n, x, NETWORK_PORT_ADDRESS)),
				kept_text(&n->texts, cell(n, y, NETWORK_PORT_ADDRESS)));
	}
	if (order == 0 && ports[0] != ports[1]) {
		order = ports[0] < ports[1] ? -1 : 1;
	}
	return order != 0 ? order
			  : compare(kept_text(&n->texts, cell(n, x, NETWORK_PORT_TRANSPORT)),
				    kept_text(&n->texts, cell(n, y, NETWORK_PORT_TRANSPORT)));
}

static void write_text(struct emit *j, const struct network *n, const char *name, int64_t text)
{
	emit_key(j, name);
	if (text > 0) {
		emit_span(j, kept_text(&n->texts, text));
	} else {
		emit_null(j);
	}
}

static void write_holder(struct emit *j, const struct network *n, const struct holder *h)
{
	const struct network_asset *asset = network_asset(n, h->asset);
	int64_t appeared = h->port != NONE
				   ? network_cell(n, NETWORK_PORTS, h->port, NETWORK_PORT_APPEARED)
				   : 0;

	emit_object(j);
	emit_key(j, "asset");
	emit_text(j, asset->id);
	emit_key(j, "asset_name");
	emit_text(j, asset->name);
	write_text(j, n, "address", cell(n, h, NETWORK_PORT_ADDRESS));
	write_text(j, n, "transport", cell(n, h, NETWORK_PORT_TRANSPORT));
	emit_key(j, "port");
	emit_integer(j, cell(n, h, NETWORK_PORT_PORT));
	write_text(j, n, "scope", cell(n, h, NETWORK_PORT_SCOPE));
	write_text(j, n, "protocol", protocol_of(n, h));
	emit_key(j, "is_tls");
	if (h->service != NONE) {
		emit_boolean(j, service_cell(n, h, NETWORK_SERVICE_IS_TLS) != 0);
	} else {
		emit_null(j);
	}
	write_text(j, n, "product", service_cell(n, h, NETWORK_SERVICE_PRODUCT));
	write_text(j, n, "version", service_cell(n, h, NETWORK_SERVICE_VERSION));
	write_text(j, n, "access", service_cell(n, h, NETWORK_SERVICE_ACCESS));
	emit_key(j, "appeared");
	if (appeared != 0) {
		emit_time(j, appeared * 1000);
	} else {
		emit_null(j);
	}
	emit_object_end(j);
}

static void answer(struct call *call, struct fleet *fleet, struct view *view)
{
	struct network_page page;
	struct finding_holders f = { .network = fleets_network(call), .page = &page };

	(void)fleet;
	(void)view;
	if (!network_page_read(call, f.network, &page) ||
	    !network_parameter(call, f.network, "product", &f.product)) {
		return;
	}
	page.is_nothing = page.is_nothing || f.product < 0;
	for (uint32_t asset = 1; !page.is_nothing && asset <= f.network->asset_count; asset++) {
		if (network_asset(f.network, asset)->is_named) {
			find_of(&f, asset);
		}
	}
	if (f.count > 0) {
		qsort_r(f.items, f.count, sizeof *f.items, by_name, (void *)(uintptr_t)f.network);
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	for (size_t i = 0; i < f.count; i++) {
		if (network_page_has(&page, (int64_t)i)) {
			write_holder(&call->json, f.network, &f.items[i]);
		}
	}
	network_page_end(call, &page, (int64_t)f.count);
	free(f.items);
}

static void get(struct call *call)
{
	fleets_ask(call, answer);
}

const struct resource resource_port_holders = {
	.path = "/api/v1/ports/holders",
	.summary = "Who has which port open, and what speaks there",
	.operations = { { "GET", RESOURCE_READ, "port transport scope protocol product limit after",
			  get } },
};
