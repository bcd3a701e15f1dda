/* map.c - every host with its place in the network, compact: ten thousand in a megabyte. */
#include <stdio.h>

#include "server/api/asset_find.h"
#include "server/api/call.h"
#include "server/inventory/view.h"

#define TIMEOUT_MS 5000
#define HOSTS_MAX  100000

/* A host's address: where a scan found it, else the first global one that it says. Subnets of
 * scanned hosts are not known: /24 and /64 are drawn. */
#define HOSTS                                                                                      \
	"WITH found AS (SELECT asset, min(address) AS address, scope, max(device) AS device, "     \
	"max(is_middlebox) AS is_middlebox FROM scanned_hosts GROUP BY asset), "                   \
	"said AS (SELECT asset, min(address) AS address, prefix_length FROM addresses WHERE "      \
	"scope = 'global' AND family = 'ipv4' GROUP BY asset), "                                   \
	"ports AS (SELECT asset, count(*) AS n FROM open_ports GROUP BY asset), "                  \
	"worst AS (SELECT asset, max(priority) AS priority, count(*) AS n FROM exposures "         \
	"WHERE accepted IS NULL GROUP BY asset) "                                                  \
	"SELECT a.id, a.name, a.kind, ifnull(found.address, said.address), found.scope, "          \
	"CASE WHEN said.address IS NOT NULL THEN said.prefix_length END, a.os, found.device, "     \
	"a.is_connected, ifnull(ports.n, 0), ifnull(worst.n, 0), ifnull(worst.priority, 0), "      \
	"ifnull(found.is_middlebox, 0) FROM assets a LEFT JOIN found ON found.asset = a.id LEFT "  \
	"JOIN said ON said.asset = a.id LEFT JOIN ports ON ports.asset = a.id LEFT JOIN worst ON " \
	"worst.asset = a.id WHERE a.kind <> 'scanner' AND (a.kind <> 'scanned' OR found.asset IS " \
	"NOT NULL) ORDER BY a.id LIMIT ?1"

static const char *const columns[] = {
	"id",     "name",         "kind",  "address",   "site",     "subnet",       "os",
	"device", "is_connected", "ports", "exposures", "priority", "is_middlebox",
};

/* "192.0.2.0/24" of an address as text: the first three numbers, or the first four groups. */
static void write_subnet(struct emit *j, const struct view_value *address)
{
	char text[64];
	char subnet[80];
	size_t len = address->bytes.len < sizeof text - 1 ? address->bytes.len : sizeof text - 1;
	size_t seen = 0;
	size_t end = 0;
	bool is_ipv6;

	if (address->kind != VIEW_TEXT) {
		emit_null(j);
		return;
	}
	is_ipv6 = span_find(address->bytes, ':') < address->bytes.len;
	for (size_t i = 0; i < len; i++) {
		bool is_mark = address->bytes.ptr[i] == (is_ipv6 ? ':' : '.');

		text[i] = (char)address->bytes.ptr[i];
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

static void write_cell(struct emit *j, size_t column, const struct view_value *values)
{
	const struct view_value *value = &values[column];

	if (column == 5) {
		write_subnet(j, &values[3]);
	} else if (value->kind == VIEW_NULL) {
		emit_null(j);
	} else if (value->kind == VIEW_TEXT) {
		emit_span(j, value->bytes);
	} else if (column == 8 || column == 12) {
		emit_boolean(j, value->integer != 0);
	} else {
		emit_integer(j, value->integer);
	}
}

static bool write_host(void *context, size_t count, const char *const *names,
		       const struct view_value *values)
{
	struct emit *j = context;

	(void)names;
	if (values == NULL || count != COUNT_OF(columns)) {
		return true;
	}
	emit_array(j);
	for (size_t i = 0; i < count; i++) {
		write_cell(j, i, values);
	}
	emit_array_end(j);
	return true;
}

static void get(struct call *call)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	const struct view_value bound[] = { view_integer(HOSTS_MAX) };
	struct why why = { 0 };
	struct view *view;
	int error;

	if (!call_view(call, &view)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "columns");
	emit_array(&call->json);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		emit_text(&call->json, columns[i]);
	}
	emit_array_end(&call->json);
	emit_key(&call->json, "hosts");
	emit_array(&call->json);
	error = view_query(view, span_of(HOSTS), bound, 1, &limits, write_host, &call->json, NULL,
			   &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

const struct resource resource_map = {
	.path = "/api/v1/map",
	.summary = "Every host with its place in the network, compact",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
