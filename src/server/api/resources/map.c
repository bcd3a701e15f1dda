/* map.c - every host with its place in the network, compact: ten thousand in a megabyte. */
#include <stdio.h>

#include "server/api/call.h"
#include "server/api/fleets.h"

#define HOSTS_MAX 100000

static const char *const columns[] = {
	"id",     "name",         "kind",  "address",   "site",     "subnet",       "os",
	"device", "is_connected", "ports", "exposures", "priority", "is_middlebox",
};

/* "192.0.2.0/24" of an address as text: the first three numbers, or the first four groups. */
static void write_subnet(struct emit *j, struct span address)
{
	char text[64];
	char subnet[80];
	size_t len = address.len < sizeof text - 1 ? address.len : sizeof text - 1;
	size_t seen = 0;
	size_t end = 0;
	bool is_ipv6 = span_find(address, ':') < address.len;

	if (address.len == 0) {
		emit_null(j);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		bool is_mark = address.ptr[i] == (is_ipv6 ? ':' : '.');

		text[i] = (char)address.ptr[i];
		seen += is_mark;
		if (is_mark && seen <= (is_ipv6 ? 4u : 3u)) {
			end = i;
		}
		if (is_ipv6 && is_mark && i > 0 && text[i - 1] == ':') {
			end = i - 1; /* what is left out are zeros */
			break;
		}
	}
	text[end] = '\0';
	snprintf(subnet, sizeof subnet, is_ipv6 ? "%s::/64" : "%s.0/24", text);
	emit_text(j, subnet);
}

static void write_text(struct emit *j, struct span text)
{
	if (text.len > 0) {
		emit_span(j, text);
	} else {
		emit_null(j);
	}
}

/* Where a host is, and what it is taken for. */
struct placed {
	struct span address;
	struct span scope;
	struct span guess; /* of its system */
	struct span device;
	bool is_middlebox;
	bool is_found; /* by a scan */
};

static int compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < len; i++) {
		if (a.ptr[i] != b.ptr[i]) {
			return a.ptr[i] < b.ptr[i] ? -1 : 1;
		}
	}
	return a.len < b.len ? -1 : a.len > b.len;
}

/* Where a scan found it. */
static void place_by_scan(const struct network *n, uint32_t asset, struct placed *p)
{
	uint32_t count;
	const uint32_t *rows = network_rows(n, NETWORK_HOSTS, asset, &count);

	for (uint32_t i = 0; i < count; i++) {
		struct span address = network_text(n, NETWORK_HOSTS, rows[i], NETWORK_HOST_ADDRESS);

		p->is_found = true;
		p->is_middlebox = p->is_middlebox || network_cell(n, NETWORK_HOSTS, rows[i],
								  NETWORK_HOST_IS_MIDDLEBOX) != 0;
		if (p->address.len == 0 || compare(address, p->address) < 0) {
			p->address = address;
			p->scope = network_text(n, NETWORK_HOSTS, rows[i], NETWORK_HOST_SCOPE);
			p->guess = network_text(n, NETWORK_HOSTS, rows[i], NETWORK_HOST_SYSTEM);
			p->device = network_text(n, NETWORK_HOSTS, rows[i], NETWORK_HOST_DEVICE);
		}
	}
}

/* Else the first global address that it says. Subnets of scanned hosts are not known: /24 and /64
 * are drawn. */
static void place_by_word(const struct network *n, uint32_t asset, struct placed *p)
{
	uint32_t count;
	const uint32_t *rows = network_rows(n, NETWORK_ADDRESSES, asset, &count);

	for (uint32_t i = 0; i < count; i++) {
		struct span address =
			network_text(n, NETWORK_ADDRESSES, rows[i], NETWORK_ADDRESS_ADDRESS);

		if (span_is(network_text(n, NETWORK_ADDRESSES, rows[i], NETWORK_ADDRESS_SCOPE),
			    "global") &&
		    span_is(network_text(n, NETWORK_ADDRESSES, rows[i], NETWORK_ADDRESS_FAMILY),
			    "ipv4") &&
		    (p->address.len == 0 || compare(address, p->address) < 0)) {
			p->address = address;
		}
	}
}

/* What nobody accepted of what it is exposed to. */
static int64_t write_exposures(struct emit *j, const struct network *n, uint32_t asset)
{
	uint32_t count;
	const uint32_t *rows = network_rows(n, NETWORK_EXPOSURES, asset, &count);
	int64_t open = 0;
	int64_t worst = 0;

	for (uint32_t i = 0; i < count; i++) {
		int64_t priority =
			network_cell(n, NETWORK_EXPOSURES, rows[i], NETWORK_EXPOSURE_PRIORITY);

		if (network_cell(n, NETWORK_EXPOSURES, rows[i], NETWORK_EXPOSURE_ACCEPTED) == 0) {
			open++;
			worst = priority > worst ? priority : worst;
		}
	}
	emit_integer(j, open);
	return worst;
}

static void write_host(struct emit *j, const struct network *n, uint32_t asset,
		       const struct placed *p)
{
	const struct network_asset *a = network_asset(n, asset);
	uint32_t os_count;
	uint32_t ports;
	const uint32_t *os = network_rows(n, NETWORK_OS, asset, &os_count);

	(void)network_rows(n, NETWORK_PORTS, asset, &ports);
	emit_array(j);
	emit_text(j, a->id);
	emit_text(j, a->name);
	emit_text(j, a->has_sensor ? "agent" : "scanned");
	write_text(j, p->address);
	write_text(j, p->scope);
	write_subnet(j, p->address);
	write_text(j, os != NULL ? network_text(n, NETWORK_OS, os[0], NETWORK_OS_NAME) : p->guess);
	write_text(j, p->device);
	if (a->has_sensor) {
		emit_boolean(j, a->is_connected);
	} else {
		emit_null(j);
	}
	emit_integer(j, ports);
	emit_integer(j, write_exposures(j, n, asset));
	emit_boolean(j, p->is_middlebox);
	emit_array_end(j);
}

static void write_hosts(struct emit *j, const struct network *n)
{
	uint32_t written = 0;

	for (uint32_t asset = 1; asset <= n->asset_count && written < HOSTS_MAX; asset++) {
		const struct network_asset *a = network_asset(n, asset);
		struct placed p = { .is_found = false };

		if (a->is_scanner || !a->is_named) {
			continue;
		}
		place_by_scan(n, asset, &p);
		if (!p.is_found) {
			place_by_word(n, asset, &p);
		}
		if (a->has_sensor || p.is_found) {
			write_host(j, n, asset, &p);
			written++;
		}
	}
}

static void answer(struct call *call, struct fleet *fleet, struct view *view)
{
	(void)fleet;
	(void)view;
	emit_object(&call->json);
	emit_key(&call->json, "columns");
	emit_array(&call->json);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		emit_text(&call->json, columns[i]);
	}
	emit_array_end(&call->json);
	emit_key(&call->json, "hosts");
	emit_array(&call->json);
	write_hosts(&call->json, fleets_network(call));
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	fleets_ask(call, answer);
}

const struct resource resource_map = {
	.path = "/api/v1/map",
	.summary = "Every host with its place in the network, compact",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
