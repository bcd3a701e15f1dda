/* services.c - what speaks over the fleet, by protocol or by program. */
#include <string.h>

#include "server/api/listing.h"

/* Ports where nothing was identified count as protocols too, where one is known of them. */
#define BY_PROTOCOL                                                                                \
	"(SELECT asset, address, transport, port, protocol AS name, NULL AS version, scope FROM "  \
	"open_ports WHERE protocol IS NOT NULL) "
#define BY_PRODUCT                                                                                 \
	"(SELECT asset, address, transport, port, product AS name, version, scope FROM "           \
	"network_services WHERE product IS NOT NULL) "
#define COUNTED                                                                                    \
	"SELECT name, count(DISTINCT asset) AS n, count(*), json_group_array(DISTINCT port), "     \
	"json_group_array(DISTINCT version) FILTER (WHERE version IS NOT NULL) FROM "
#define GROUPED "WHERE ?1 = '' OR scope = ?1 GROUP BY name ORDER BY n DESC, name LIMIT ?8 OFFSET ?9"
#define COUNT   "SELECT count(DISTINCT name) FROM "
#define FITS    "WHERE ?1 = '' OR scope = ?1"

static const struct listing_member members[] = {
	{ "name", LISTING_TEXT },  { "assets", LISTING_INTEGER }, { "open", LISTING_INTEGER },
	{ "ports", LISTING_JSON }, { "versions", LISTING_JSON },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = COUNTED BY_PROTOCOL GROUPED,
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = COUNT BY_PROTOCOL FITS,
	};
	char by[CALL_TEXT_SIZE];
	char scope[CALL_TEXT_SIZE];

	if (!call_text(call, "by", by) || !call_text(call, "scope", scope)) {
		return;
	}
	if (strcmp(by, "product") == 0) {
		listing.sql = COUNTED BY_PRODUCT GROUPED;
		listing.count_sql = COUNT BY_PRODUCT FITS;
	} else if (by[0] != '\0' && strcmp(by, "protocol") != 0) {
		call_fail(call, 400, "the parameter 'by' must be protocol or product");
		return;
	}
	listing.bound[0] = view_text(scope);
	listing_answer(call, &listing);
}

const struct resource resource_services = {
	.path = "/api/v1/services",
	.summary = "What speaks over the fleet, by protocol or by program",
	.operations = { { "GET", RESOURCE_READ, "by scope limit after", get } },
};
