/* ports.c - which ports are open over the fleet, and what speaks there. */
#include "server/api/listing.h"

#define FITS                                                                                       \
	"WHERE (?1 = 0 OR port = ?1) AND (?2 = '' OR protocol = ?2) AND (?3 = '' OR transport = "  \
	"?3) AND (?4 = '' OR scope = ?4) "

/* Open ports, and beside them what speaks there: a join would look up each port by itself. */
#define SEEN                                                                                       \
	"FROM (SELECT asset, address, transport, port, protocol, appeared, NULL AS product FROM "  \
	"open_ports " FITS "UNION ALL SELECT asset, address, transport, port, protocol, NULL, "    \
	"product || ifnull(' ' || version, '') FROM network_services " FITS                        \
	"AND product IS NOT NULL) "

static const struct listing_member members[] = {
	{ "transport", LISTING_TEXT },    { "port", LISTING_INTEGER },
	{ "protocol", LISTING_TEXT },     { "assets", LISTING_INTEGER },
	{ "addresses", LISTING_INTEGER }, { "appeared", LISTING_SECONDS },
	{ "products", LISTING_JSON },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT transport, port, protocol, count(DISTINCT asset) AS n, "
		       "count(DISTINCT address), max(appeared), json_group_array(DISTINCT product) "
		       "FILTER (WHERE product IS NOT NULL) " SEEN
		       "GROUP BY transport, port, protocol ORDER BY n DESC, port, transport LIMIT "
		       "?8 "
		       "OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = "SELECT count(*) FROM (SELECT DISTINCT transport, port, protocol FROM "
			     "open_ports " FITS ")",
	};
	char protocol[CALL_TEXT_SIZE];
	char transport[CALL_TEXT_SIZE];
	char scope[CALL_TEXT_SIZE];
	int64_t port;

	if (!call_integer(call, "port", 0, 65535, 0, &port) ||
	    !call_text(call, "protocol", protocol) || !call_text(call, "transport", transport) ||
	    !call_text(call, "scope", scope)) {
		return;
	}
	listing.bound[0] = view_integer(port);
	listing.bound[1] = view_text(protocol);
	listing.bound[2] = view_text(transport);
	listing.bound[3] = view_text(scope);
	listing_answer(call, &listing);
}

const struct resource resource_ports = {
	.path = "/api/v1/ports",
	.summary = "Open ports over the fleet, and what speaks there",
	.operations = { { "GET", RESOURCE_READ, "port protocol transport scope limit after",
			  get } },
};
