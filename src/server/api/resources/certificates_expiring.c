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
	"AND served_at <> '[]') "
#define FITS "WHERE not_after <= ?1 AND not_after >= ?2 "

static const struct listing_member members[] = {
	{ "not_after", LISTING_SECONDS },   { "days_left", LISTING_INTEGER },
	{ "fingerprint", LISTING_TEXT },    { "subject", LISTING_TEXT },
	{ "names", LISTING_JSON },          { "issuer", LISTING_TEXT },
	{ "not_before", LISTING_SECONDS },  { "key_type", LISTING_TEXT },
	{ "key_bits", LISTING_INTEGER },    { "is_self_signed", LISTING_BOOLEAN },
	{ "assets", LISTING_INTEGER },      { "places", LISTING_JSON },
	{ "place_count", LISTING_INTEGER },
};

/* Places that are named of each; certificates/holders has all. */
#define PLACES                                                                                     \
	"(SELECT json_group_array(json_object('asset', asset, 'asset_name', asset_name, 'place', " \
	"place, 'seen_by', seen_by)) FROM (SELECT asset, asset_name, place, seen_by FROM " SHOWN   \
	"AS s WHERE s.fingerprint = page.fingerprint ORDER BY asset_name, place LIMIT 20)) "
#define PAGE                                                                                       \
	"(SELECT not_after, fingerprint, subject, names, issuer, not_before, key_type, key_bits, " \
	"is_self_signed, count(DISTINCT asset) AS assets, count(*) AS place_count FROM " SHOWN     \
		FITS                                                                               \
	"GROUP BY fingerprint ORDER BY not_after, fingerprint LIMIT ?8 OFFSET ?9) AS page "

static void get(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT not_after, CAST(floor((not_after - ?3) / 86400.0) AS INTEGER), "
		       "fingerprint, subject, names, issuer, not_before, key_type, key_bits, "
		       "is_self_signed, assets, " PLACES ", place_count FROM " PAGE
		       "ORDER BY not_after, fingerprint",
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

/* --- who shows one --- */

static const struct listing_member holder_members[] = {
	{ "asset", LISTING_TEXT },
	{ "asset_name", LISTING_TEXT },
	{ "place", LISTING_TEXT },
	{ "seen_by", LISTING_TEXT },
};

static void get_holders(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT asset, asset_name, place, seen_by FROM " SHOWN
		       "WHERE fingerprint = ?1 ORDER BY asset_name, place LIMIT ?8 OFFSET ?9",
		.members = holder_members,
		.member_count = COUNT_OF(holder_members),
		.count_sql = "SELECT count(*) FROM " SHOWN "WHERE fingerprint = ?1",
	};
	char fingerprint[CALL_TEXT_SIZE];

	if (call_text(call, "fingerprint", fingerprint)) {
		listing.bound[0] = view_text(fingerprint);
		listing_answer(call, &listing);
	}
}

const struct resource resource_certificate_holders = {
	.path = "/api/v1/certificates/holders",
	.summary = "Where a certificate is shown",
	.operations = { { "GET", RESOURCE_READ, "fingerprint limit after", get_holders } },
};
