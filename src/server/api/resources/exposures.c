/* exposures.c - what is open, weak or about to expire, most urgent first. */
#include <string.h>

#include "server/api/listing.h"

#define FITS                                                                                       \
	"WHERE priority >= ?1 AND (?2 = '' OR family = ?2) AND (?3 = '' OR id = ?3) AND (?4 = '' " \
	"OR asset = ?4 OR asset_name = ?4) AND (?5 = '' OR instr(lower(asset_name || char(10) || " \
	"subject || char(10) || what || char(10) || ifnull(evidence, '')), lower(?5)) > 0) AND "   \
	"(?6 = '' OR (accepted IS NOT NULL) = (?6 = 'true')) "

/* Who accepted it, and why. */
#define ACCEPTED                                                                                   \
	"(SELECT json_object('no', no, 'reason', reason, 'by', accepted_by, 'at', "                \
	"strftime('%Y-%m-%dT%H:%M:%SZ', accepted_at / 1000, 'unixepoch'), 'until', "               \
	"strftime('%Y-%m-%dT%H:%M:%SZ', until / 1000, 'unixepoch')) FROM exposure_acceptances "    \
	"WHERE no = exposures.accepted)"

static const struct listing_member members[] = {
	{ "id", LISTING_TEXT },          { "asset", LISTING_TEXT },
	{ "asset_name", LISTING_TEXT },  { "subject", LISTING_TEXT },
	{ "family", LISTING_TEXT },      { "level", LISTING_TEXT },
	{ "priority", LISTING_INTEGER }, { "what", LISTING_TEXT },
	{ "evidence", LISTING_TEXT },    { "advice", LISTING_TEXT },
	{ "seen_by", LISTING_TEXT },     { "address", LISTING_TEXT },
	{ "port", LISTING_INTEGER },     { "accepted", LISTING_JSON },
};

static int64_t least_of(const char *level)
{
	static const struct {
		const char *name;
		int64_t least;
	} levels[] = { { "critical", 80 }, { "high", 60 }, { "medium", 30 }, { "low", 1 } };

	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		if (strcmp(level, levels[i].name) == 0) {
			return levels[i].least;
		}
	}
	return level[0] == '\0' ? 0 : -1;
}

static void get(struct call *call)
{
	struct listing listing = {
		.sql = "SELECT id, asset, asset_name, subject, family, level, priority, what, "
		       "evidence, advice, seen_by, address, port, " ACCEPTED " FROM exposures " FITS
		       "ORDER BY accepted IS NOT NULL, priority DESC, id, asset_name, subject "
		       "LIMIT ?8 OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = "SELECT count(*) FROM exposures " FITS,
	};
	char level[CALL_TEXT_SIZE];
	char family[CALL_TEXT_SIZE];
	char rule[CALL_TEXT_SIZE];
	char asset[CALL_TEXT_SIZE];
	char search[CALL_TEXT_SIZE];
	char accepted[CALL_TEXT_SIZE];

	if (!call_text(call, "level", level) || !call_text(call, "family", family) ||
	    !call_text(call, "rule", rule) || !call_text(call, "asset", asset) ||
	    !call_text(call, "search", search) || !call_text(call, "accepted", accepted)) {
		return;
	}
	if (least_of(level) < 0) {
		call_fail(call, 400, "the parameter 'level' must be critical, high, medium or low");
		return;
	}
	if (accepted[0] != '\0' && strcmp(accepted, "true") != 0 &&
	    strcmp(accepted, "false") != 0) {
		call_fail(call, 400, "the parameter 'accepted' must be true or false");
		return;
	}
	listing.bound[0] = view_integer(least_of(level));
	listing.bound[1] = view_text(family);
	listing.bound[2] = view_text(rule);
	listing.bound[3] = view_text(asset);
	listing.bound[4] = view_text(search);
	listing.bound[5] = view_text(accepted);
	listing_answer(call, &listing);
}

const struct resource resource_exposures = {
	.path = "/api/v1/exposures",
	.summary = "What is open, weak or about to expire, most urgent first",
	.operations = { { "GET", RESOURCE_READ,
			  "level family rule asset search accepted limit after", get } },
};
