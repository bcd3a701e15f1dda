/*
 * network.h - a tenant's hosts, open ports and services in memory, for the pages that show all of
 * them at once.
 *
 * What each asset holds of a few tables, kept up to date with the tenant's file; a page is one walk
 * over it.
 */
#pragma once

#include "server/api/kept_table.h"

enum network_table {
	NETWORK_OS,        /* name */
	NETWORK_ADDRESSES, /* family, address, prefix_length, scope */
	NETWORK_HOSTS,     /* address, scope, system, device, is_middlebox */
	NETWORK_PORTS,     /* transport, port, protocol, scope, address, appeared */
	NETWORK_SERVICES,  /* the same to address; product, version, is_tls, access */
	NETWORK_EXPOSURES, /* priority, accepted */
	NETWORK_TABLES
};

/* Cells, by the order above. */
enum { NETWORK_OS_NAME };
enum {
	NETWORK_ADDRESS_FAMILY,
	NETWORK_ADDRESS_ADDRESS,
	NETWORK_ADDRESS_PREFIX_LENGTH,
	NETWORK_ADDRESS_SCOPE
};
enum {
	NETWORK_HOST_ADDRESS,
	NETWORK_HOST_SCOPE,
	NETWORK_HOST_SYSTEM,
	NETWORK_HOST_DEVICE,
	NETWORK_HOST_IS_MIDDLEBOX
};
/* Ports and services alike. */
enum {
	NETWORK_PORT_TRANSPORT,
	NETWORK_PORT_PORT,
	NETWORK_PORT_PROTOCOL,
	NETWORK_PORT_SCOPE,
	NETWORK_PORT_ADDRESS,
	NETWORK_PORT_APPEARED,
};
enum {
	NETWORK_SERVICE_PRODUCT = 5,
	NETWORK_SERVICE_VERSION,
	NETWORK_SERVICE_IS_TLS,
	NETWORK_SERVICE_ACCESS
};
enum { NETWORK_EXPOSURE_PRIORITY, NETWORK_EXPOSURE_ACCEPTED };

struct network_asset {
	char id[VIEW_ASSET_ID_SIZE];
	char *name;
	bool is_named; /* id and name are up to date */
	bool has_sensor;
	bool is_scanner;
	bool is_connected;
};

struct network {
	struct kept_texts texts;
	struct kept_table tables[NETWORK_TABLES];
	struct network_asset *assets; /* by number - 1 */
	uint32_t asset_count;
	size_t asset_capacity;
	bool are_sensors_stale;
	bool are_names_stale;
};

struct network *network_new(void);
void network_free(struct network **network);

/* Sensors came, went or were revoked: no change says so. */
void network_sensors(struct network *network);

/* Brings it up to date until about deadline_us (clock_us): ERR_AGAIN where there is more to do. */
MUST_USE int network_sync_some(struct network *network, struct view *view, int64_t deadline_us,
			       struct why *why);

/* From 1 on. */
const struct network_asset *network_asset(const struct network *network, uint32_t asset);
const uint32_t *network_rows(const struct network *network, enum network_table table,
			     uint32_t asset, uint32_t *out_count);
int64_t network_cell(const struct network *network, enum network_table table, uint32_t row,
		     unsigned column);
struct span network_text(const struct network *network, enum network_table table, uint32_t row,
			 unsigned column);

/* What a page is narrowed to: cells as kept_find gives them; 0: anything. */
struct network_filter {
	int64_t port; /* -1: any */
	int64_t transport;
	int64_t protocol;
	int64_t scope;
};

/* Whether a row of NETWORK_PORTS or NETWORK_SERVICES fits. */
bool network_fits(const struct network *network, enum network_table table, uint32_t row,
		  const struct network_filter *filter);
uint64_t network_bytes(const struct network *network);
