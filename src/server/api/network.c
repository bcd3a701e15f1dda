/* network.c - six tables, the assets' names, and which sensors are there. */
#include "server/api/network.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"
#include "server/api/fleet_inside.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define NAME_SIZE 256

static const struct {
	uint16_t table;
	int columns[KEPT_COLUMNS_MAX + 1];
} kept[NETWORK_TABLES] = {
	[NETWORK_OS] = { TABLE_OS, { OS_NAME, -1 } },
	[NETWORK_ADDRESSES] = { TABLE_ADDRESSES,
				{ ADDRESSES_FAMILY, ADDRESSES_ADDRESS, ADDRESSES_PREFIX_LENGTH,
				  ADDRESSES_SCOPE, -1 } },
	[NETWORK_HOSTS] = { TABLE_SCANNED_HOSTS,
			    { SCANNED_HOSTS_ADDRESS, SCANNED_HOSTS_SCOPE, SCANNED_HOSTS_SYSTEM,
			      SCANNED_HOSTS_DEVICE, SCANNED_HOSTS_IS_MIDDLEBOX, -1 } },
	[NETWORK_PORTS] = { TABLE_OPEN_PORTS,
			    { OPEN_PORTS_TRANSPORT, OPEN_PORTS_PORT, OPEN_PORTS_PROTOCOL,
			      OPEN_PORTS_SCOPE, OPEN_PORTS_ADDRESS, OPEN_PORTS_APPEARED, -1 } },
	[NETWORK_SERVICES] = { TABLE_NETWORK_SERVICES,
			       { NETWORK_SERVICES_TRANSPORT, NETWORK_SERVICES_PORT,
				 NETWORK_SERVICES_PROTOCOL, NETWORK_SERVICES_SCOPE,
				 NETWORK_SERVICES_ADDRESS, NETWORK_SERVICES_PRODUCT,
				 NETWORK_SERVICES_VERSION, NETWORK_SERVICES_IS_TLS,
				 NETWORK_SERVICES_ACCESS, -1 } },
	[NETWORK_EXPOSURES] = { TABLE_EXPOSURES, { EXPOSURES_PRIORITY, EXPOSURES_ACCEPTED, -1 } },
};

static struct network_asset *asset_of(struct network *n, uint32_t asset)
{
	while (n->asset_count < asset) {
		n->assets = fleet_room(n->assets, n->asset_count, &n->asset_capacity,
				       sizeof *n->assets);
		n->assets[n->asset_count++] = (struct network_asset){ .name = NULL };
	}
	return &n->assets[asset - 1];
}

/* Names come from these tables. */
static void forget_name(void *context, uint32_t asset)
{
	struct network *n = context;

	asset_of(n, asset)->is_named = false;
	n->are_names_stale = true;
}

struct network *network_new(void)
{
	struct network *n = alloc_zeroed(1, sizeof *n);

	kept_texts_init(&n->texts);
	for (int t = 0; t < NETWORK_TABLES; t++) {
		kept_init(&n->tables[t], &n->texts, kept[t].table, kept[t].columns);
		n->tables[t].context = n;
	}
	n->tables[NETWORK_OS].changed = forget_name;
	n->tables[NETWORK_HOSTS].changed = forget_name;
	n->are_sensors_stale = n->are_names_stale = true;
	return n;
}

void network_free(struct network **network)
{
	struct network *n = *network;

	if (n == NULL) {
		return;
	}
	for (int t = 0; t < NETWORK_TABLES; t++) {
		kept_done(&n->tables[t]);
	}
	for (uint32_t i = 0; i < n->asset_count; i++) {
		free(n->assets[i].name);
	}
	free(n->assets);
	kept_texts_done(&n->texts);
	free(n);
	*network = NULL;
}

/* --- following --- */

void network_sensors(struct network *n)
{
	n->are_sensors_stale = true;
}

static bool take_sensor(void *context, const struct view_watched *watched)
{
	struct network_asset *a = asset_of(context, watched->asset);

	a->has_sensor = true;
	a->is_scanner = watched->is_scanner;
	a->is_connected = watched->is_connected;
	return true;
}

static int follow_sensors(struct network *n, struct view *view, struct why *why)
{
	int error;

	if (!n->are_sensors_stale) {
		return 0;
	}
	error = view_each_sensor(view, take_sensor, n, why);
	n->are_sensors_stale = error != 0;
	return error;
}

static int follow_name(struct network *n, struct view *view, uint32_t asset, struct why *why)
{
	struct network_asset *a = asset_of(n, asset);
	char name[NAME_SIZE];
	int error = view_asset_name(view, asset, a->id, name, sizeof name, why);

	if (error == 0) {
		free(a->name);
		a->name = alloc_text(name);
		a->is_named = true;
	}
	return error;
}

static int follow_names(struct network *n, struct view *view, int64_t deadline_us, struct why *why)
{
	uint32_t count = view_asset_count(view);
	int error = 0;

	if (count > n->asset_count) {
		(void)asset_of(n, count);
		n->are_names_stale = true;
	}
	if (!n->are_names_stale) {
		return 0;
	}
	for (uint32_t asset = 1; error == 0 && asset <= n->asset_count; asset++) {
		if (!n->assets[asset - 1].is_named) {
			error = follow_name(n, view, asset, why);
			if (error == 0 && clock_us() >= deadline_us) {
				return ERR_AGAIN;
			}
		}
	}
	n->are_names_stale = error != 0;
	return error;
}

int network_sync_some(struct network *n, struct view *view, int64_t deadline_us, struct why *why)
{
	int error = 0;

	for (int t = 0; error == 0 && t < NETWORK_TABLES; t++) {
		error = kept_sync(&n->tables[t], view, deadline_us, why);
	}
	error = error == 0 ? follow_sensors(n, view, why) : error;
	return error == 0 ? follow_names(n, view, deadline_us, why) : error;
}

/* --- what is asked --- */

const struct network_asset *network_asset(const struct network *n, uint32_t asset)
{
	return &n->assets[asset - 1];
}

const uint32_t *network_rows(const struct network *n, enum network_table table, uint32_t asset,
			     uint32_t *out_count)
{
	return kept_rows(&n->tables[table], asset, out_count);
}

int64_t network_cell(const struct network *n, enum network_table table, uint32_t row,
		     unsigned column)
{
	return kept_cell(&n->tables[table], row, column);
}

struct span network_text(const struct network *n, enum network_table table, uint32_t row,
			 unsigned column)
{
	return kept_text(&n->texts, kept_cell(&n->tables[table], row, column));
}

bool network_fits(const struct network *n, enum network_table table, uint32_t row,
		  const struct network_filter *f)
{
	const struct kept_table *k = &n->tables[table];

	return (f->port < 0 || kept_cell(k, row, NETWORK_PORT_PORT) == f->port) &&
	       (f->transport == 0 || kept_cell(k, row, NETWORK_PORT_TRANSPORT) == f->transport) &&
	       (f->protocol == 0 || kept_cell(k, row, NETWORK_PORT_PROTOCOL) == f->protocol) &&
	       (f->scope == 0 || kept_cell(k, row, NETWORK_PORT_SCOPE) == f->scope);
}

uint64_t network_bytes(const struct network *n)
{
	uint64_t bytes = n->texts.blocks.bytes + numbering_bytes(&n->texts.names) +
			 n->texts.capacity * sizeof *n->texts.items +
			 n->asset_capacity * sizeof *n->assets;

	for (int t = 0; t < NETWORK_TABLES; t++) {
		bytes += kept_bytes(&n->tables[t]);
	}
	return bytes;
}
