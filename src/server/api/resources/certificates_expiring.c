/* certificates_expiring.c - certificates that servers show, by the day on which they expire. */
#include "server/api/listing.h"
#include "sys/clock.h"

#define DAY_S    86400
#define DAYS_MAX 36500

/* What scans were shown, and what agents say is served; one line a certificate and asset. */
#define SHOWN                                                                                      \
	"(SELECT asset, asset_name, fingerprint, subject, names, issuer, not_before, not_after, "  \
	"key_type, key_bits, is_self_signed, address || ':' || port AS place, 'scan' AS seen_by "  \
	"FROM served_certificates WHERE chain IS NULL OR chain = 0 UNION ALL SELECT asset, "       \
	"asset_name, fingerprint, subject, names, issuer, not_before, not_after, key_type, "       \
	"key_bits, is_self_signed, path, 'agent' FROM certificates WHERE served_at IS NOT NULL "   \
	"AND served_at <> '[]')"
#define FITS "WHERE not_after <= ?1 AND not_after >= ?2 "

static const struct listing_member members[] = {
	{ "not_after", LISTING_SECONDS },  { "days_left", LISTING_INTEGER },
	{ "fingerprint", LISTING_TEXT },   { "subject", LISTING_TEXT },
	{ "names", LISTING_JSON },         { "issuer", LISTING_TEXT },
	{ "not_before", LISTING_SECONDS }, { "key_type", LISTING_TEXT },
	{ "key_bits", LISTING_INTEGER },   { "is_self_signed", LISTING_BOOLEAN },
	{ "assets", LISTING_INTEGER },     { "places", LISTING_JSON },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT not_after, CAST(floor((not_after - ?3) / 86400.0) AS INTEGER), "
		       "fingerprint, subject, names, issuer, not_before, key_type, key_bits, "
		       "is_self_signed, count(DISTINCT asset), json_group_array(json_object("
		       "'asset', asset, 'asset_name', asset_name, 'place', place, 'seen_by', "
		       "seen_by)) FROM " SHOWN FITS
		       "GROUP BY fingerprint ORDER BY not_after, fingerprint LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = "SELECT count(DISTINCT fingerprint) FROM " SHOWN FITS,
	};
	int64_t now_s = clock_wall_ms() / 1000;
	int64_t days;
	bool is_expired;

	if (!call_integer(call, "days", 0, DAYS_MAX, 90, &days) ||
	    !call_boolean(call, "expired", true, &is_expired)) {
		return;
	}
	listing.bound[0] = view_integer(now_s + days * DAY_S);
	listing.bound[1] = view_integer(is_expired ? INT64_MIN : now_s);
	listing.bound[2] = view_integer(now_s);
	listing_answer(call, &listing);
}

const struct resource resource_certificates_expiring = {
	.path = "/api/v1/certificates/expiring",
	.summary = "Certificates that servers show, by the day on which they expire",
	.operations = { { "GET", RESOURCE_READ, "days expired limit after", get } },
};
