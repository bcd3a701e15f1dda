/* port_holders.c - who has a port open: one line a port, address and asset. */
#include "server/api/listing.h"

#define FITS                                                                                       \
	"WHERE (?1 < 0 OR port = ?1) AND (?2 = '' OR transport = ?2) AND (?3 = '' OR scope = ?3) "

/* What was found open and what was identified there, upon each other: a join would look up each
 * port by itself. */
#define HELD                                                                                       \
	"(SELECT asset, asset_name, address, transport, port, scope, max(protocol) AS protocol, "  \
	"max(is_tls) AS is_tls, max(product) AS product, max(version) AS version, max(access) AS " \
	"access, max(appeared) AS appeared FROM (SELECT asset, asset_name, address, transport, "   \
	"port, scope, protocol, NULL AS is_tls, NULL AS product, NULL AS version, NULL AS "        \
	"access, appeared FROM open_ports " FITS                                                   \
	"UNION ALL SELECT asset, asset_name, address, transport, port, scope, protocol, is_tls, "  \
	"product, version, access, NULL FROM network_services " FITS                               \
	") GROUP BY asset, address, transport, port, scope) "                                      \
	"WHERE (?4 = '' OR protocol = ?4) AND (?5 = '' OR product = ?5) "

static const struct listing_member members[] = {
	{ "asset", LISTING_TEXT },    { "asset_name", LISTING_TEXT },
	{ "address", LISTING_TEXT },  { "transport", LISTING_TEXT },
	{ "port", LISTING_INTEGER },  { "scope", LISTING_TEXT },
	{ "protocol", LISTING_TEXT }, { "is_tls", LISTING_BOOLEAN },
	{ "product", LISTING_TEXT },  { "version", LISTING_TEXT },
	{ "access", LISTING_TEXT },   { "appeared", LISTING_SECONDS },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT asset, asset_name, address, transport, port, scope, protocol, "
		       "is_tls, product, version, access, appeared FROM " HELD
		       "ORDER BY asset_name, address, port, transport LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = "SELECT count(*) FROM " HELD,
	};
	char transport[CALL_TEXT_SIZE];
	char scope[CALL_TEXT_SIZE];
	char protocol[CALL_TEXT_SIZE];
	char product[CALL_TEXT_SIZE];
	int64_t port;

	if (!call_integer(call, "port", 0, 65535, -1, &port) ||
	    !call_text(call, "transport", transport) || !call_text(call, "scope", scope) ||
	    !call_text(call, "protocol", protocol) || !call_text(call, "product", product)) {
		return;
	}
	listing.bound[0] = view_integer(port);
	listing.bound[1] = view_text(transport);
	listing.bound[2] = view_text(scope);
	listing.bound[3] = view_text(protocol);
	listing.bound[4] = view_text(product);
	listing_answer(call, &listing);
}

const struct resource resource_port_holders = {
	.path = "/api/v1/ports/holders",
	.summary = "Who has which port open, and what speaks there",
	.operations = { { "GET", RESOURCE_READ, "port transport scope protocol product limit after",
			  get } },
};
