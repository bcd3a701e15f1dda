/* ports.c - which ports are open over the fleet, and what speaks there. */
#include "server/api/listing.h"

#define FITS                                                                                       \
	"(?1 = 0 OR p.port = ?1) AND (?2 = '' OR p.protocol = ?2) AND (?3 = '' OR p.transport = "  \
	"?3) AND (?4 = '' OR p.scope = ?4) "
#define GROUPS                                                                                     \
	"FROM open_ports p LEFT JOIN network_services s ON s.asset = p.asset AND s.address = "     \
	"p.address AND s.transport = p.transport AND s.port = p.port WHERE " FITS                  \
	"GROUP BY p.transport, p.port, p.protocol"

static const struct listing_member members[] = {
	{ "transport", LISTING_TEXT },    { "port", LISTING_INTEGER },
	{ "protocol", LISTING_TEXT },     { "assets", LISTING_INTEGER },
	{ "addresses", LISTING_INTEGER }, { "appeared", LISTING_SECONDS },
	{ "products", LISTING_JSON },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT p.transport, p.port, p.protocol, count(DISTINCT p.asset) AS n, "
		       "count(DISTINCT p.address), max(p.appeared), "
		       "json_group_array(DISTINCT s.product || ifnull(' ' || s.version, '')) "
		       "FILTER (WHERE s.product IS NOT NULL) " GROUPS
		       " ORDER BY n DESC, p.port, p.transport LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = "SELECT count(*) FROM (SELECT 1 FROM open_ports p WHERE " FITS
			     "GROUP BY p.transport, p.port, p.protocol)",
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
