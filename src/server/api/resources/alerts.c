/* alerts.c - what appeared or was exchanged, the newest first. */
#include "server/api/listing.h"

#define FITS                                                                                       \
	"WHERE (?1 = '' OR alert = ?1) AND (?2 = '' OR asset = ?2 OR asset_name = ?2) AND (?3 = "  \
	"'' OR scope = ?3) "

static const struct listing_member members[] = {
	{ "no", LISTING_INTEGER },   { "at", LISTING_TIME },      { "alert", LISTING_TEXT },
	{ "level", LISTING_TEXT },   { "asset", LISTING_TEXT },   { "asset_name", LISTING_TEXT },
	{ "scope", LISTING_TEXT },   { "address", LISTING_TEXT }, { "transport", LISTING_TEXT },
	{ "port", LISTING_INTEGER }, { "what", LISTING_TEXT },    { "before", LISTING_TEXT },
	{ "after", LISTING_TEXT },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT no, at, alert, level, asset, asset_name, scope, address, transport, "
		       "port, what, before, after FROM alerts " FITS
		       "ORDER BY no DESC LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
	};
	char alert[CALL_TEXT_SIZE];
	char asset[CALL_TEXT_SIZE];
	char scope[CALL_TEXT_SIZE];

	if (!call_text(call, "alert", alert) || !call_text(call, "asset", asset) ||
	    !call_text(call, "scope", scope)) {
		return;
	}
	listing.bound[0] = view_text(alert);
	listing.bound[1] = view_text(asset);
	listing.bound[2] = view_text(scope);
	listing_answer(call, &listing);
}

const struct resource resource_alerts = {
	.path = "/api/v1/alerts",
	.summary = "What appeared or was exchanged in a scope, the newest first",
	.operations = { { "GET", RESOURCE_READ, "alert asset scope limit after", get } },
};
