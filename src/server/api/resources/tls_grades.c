/* tls_grades.c - TLS servers by their grades. */
#include "server/api/asset_find.h"
#include "server/api/listing.h"

#define NUMBERS_MAX 64

static const struct listing_member numbers[] = {
	{ "name", LISTING_TEXT },
	{ "count", LISTING_INTEGER },
};
static const struct listing_member summary[] = {
	{ "endpoints", LISTING_INTEGER },    { "trusted", LISTING_INTEGER },
	{ "post_quantum", LISTING_INTEGER }, { "forward_secrecy", LISTING_INTEGER },
	{ "hsts", LISTING_INTEGER },         { "vulnerable", LISTING_INTEGER },
};
static const struct listing_member members[] = {
	{ "asset", LISTING_TEXT },
	{ "asset_name", LISTING_TEXT },
	{ "address", LISTING_TEXT },
	{ "port", LISTING_INTEGER },
	{ "name", LISTING_TEXT },
	{ "starttls", LISTING_TEXT },
	{ "grade", LISTING_TEXT },
	{ "grade_without_trust", LISTING_TEXT },
	{ "score", LISTING_INTEGER },
	{ "protocols", LISTING_JSON },
	{ "suite", LISTING_TEXT },
	{ "key_exchange", LISTING_TEXT },
	{ "is_post_quantum", LISTING_BOOLEAN },
	{ "vulnerabilities", LISTING_JSON },
	{ "reasons", LISTING_JSON },
	{ "certificate", LISTING_TEXT },
};

/* One more list, under its key. */
static bool write_list(struct call *call, struct view *view, const char *key,
		       const struct listing *listing, int64_t max)
{
	int64_t count;

	emit_key(&call->json, key);
	return listing_write(call, view, listing, max, &count);
}

static void get(struct call *call)
{
	static const struct listing lists[] = {
		{ .sql = "SELECT count(*), sum(is_trusted), sum(is_post_quantum), "
			 "sum(has_forward_secrecy), count(hsts_s), sum(vulnerabilities IS NOT NULL "
			 "AND vulnerabilities <> '[]') FROM tls_endpoints LIMIT ?8 OFFSET ?9",
		  .members = summary,
		  .member_count = COUNT_OF(summary) },
		{ .sql = "SELECT ifnull(grade, '-'), count(*) FROM tls_endpoints GROUP BY 1 ORDER "
			 "BY 1 LIMIT ?8 OFFSET ?9",
		  .members = numbers,
		  .member_count = COUNT_OF(numbers) },
		{ .sql = "SELECT j.value, count(*) FROM tls_endpoints, json_each(protocols) j "
			 "GROUP "
			 "BY 1 ORDER BY 1 LIMIT ?8 OFFSET ?9",
		  .members = numbers,
		  .member_count = COUNT_OF(numbers) },
		{ .sql = "SELECT ifnull(key_type, '-') || ifnull(' ' || key_bits, ''), count(*) "
			 "FROM served_certificates WHERE chain IS NULL OR chain = 0 GROUP BY 1 "
			 "ORDER BY 2 DESC, 1 LIMIT ?8 OFFSET ?9",
		  .members = numbers,
		  .member_count = COUNT_OF(numbers) },
	};
	static const char *const keys[] = { "summary", "grades", "protocols", "keys" };
	struct listing items = {
		.sql = "SELECT asset, asset_name, address, port, name, starttls, grade, "
		       "grade_without_trust, score, protocols, suite, key_exchange, "
		       "is_post_quantum, vulnerabilities, reasons, certificate FROM tls_endpoints "
		       "WHERE ?1 = '' OR grade = ?1 ORDER BY score, asset_name, port, address, "
		       "name LIMIT ?8 "
		       "OFFSET ?9",
		.members = members,
		.member_count = COUNT_OF(members),
		.count_sql = "SELECT count(*) FROM tls_endpoints WHERE ?1 = '' OR grade = ?1",
	};
	char grade[CALL_TEXT_SIZE];
	struct view *view;

	if (!call_text(call, "grade", grade) || !call_view(call, &view)) {
		return;
	}
	items.bound[0] = view_text(grade);
	emit_object(&call->json);
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		if (!write_list(call, view, keys[i], &lists[i], NUMBERS_MAX)) {
			return;
		}
	}
	if (listing_write_page(call, view, &items)) {
		emit_object_end(&call->json);
		call_answer(call, 200);
	}
}

const struct resource resource_tls_grades = {
	.path = "/api/v1/tls/grades",
	.summary = "TLS servers by their grades, the worst first",
	.operations = { { "GET", RESOURCE_READ, "grade limit after", get } },
};
