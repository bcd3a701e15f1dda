/*
 * tls_trend.c - TLS servers by their grades at the end of each day, from the history: what is there
 * now, less what has come since then, with what has gone. A day on which nothing changed is left
 * out; the last item is now.
 */
#include "server/api/listing.h"
#include "sys/clock.h"

#define DAY_MS   (24 * 3600 * INT64_C(1000))
#define DAYS_MAX 3660

/* What came in changes (`row`), or went (`old`). */
#define MOVED(side, sign)                                                                          \
	"SELECT date(at / 1000, 'unixepoch') AS day, " side " ->> 'grade' AS grade, " sign         \
	"1 AS n, " sign "(" side " ->> 'is_trusted' IS 1) AS trusted, " sign "(" side              \
	" ->> 'is_post_quantum' IS 1) AS pq, " sign "(" side                                       \
	" ->> 'has_forward_secrecy' IS 1) AS fs FROM changes WHERE table_name = 'tls_endpoints' "  \
	"AND at >= ?1 AND " side " IS NOT NULL "

#define CAME MOVED("row", "+")
#define WENT MOVED("old", "-")
#define SUMS "sum(n) AS n, sum(trusted) AS trusted, sum(pq) AS pq, sum(fs) AS fs "

static const char trend[] =
	"WITH moved AS (" CAME "UNION ALL " WENT "), "
	"moves AS MATERIALIZED (SELECT day, grade, " SUMS "FROM moved GROUP BY day, grade), "
	"present AS MATERIALIZED (SELECT grade, count(*) AS n, sum(is_trusted IS 1) AS trusted, "
	"sum(is_post_quantum IS 1) AS pq, sum(has_forward_secrecy IS 1) AS fs "
	"FROM tls_endpoints GROUP BY grade), "
	"days AS MATERIALIZED (SELECT day FROM moves UNION SELECT date(?2 / 1000, 'unixepoch')), "
	"parts AS (SELECT day, grade, n, trusted, pq, fs FROM days, present "
	"UNION ALL SELECT days.day, grade, -n, -trusted, -pq, -fs "
	"FROM days JOIN moves ON moves.day > days.day), "
	"held AS (SELECT day, grade, " SUMS "FROM parts GROUP BY day, grade) "
	"SELECT day, sum(n), sum(trusted), sum(pq), sum(fs), "
	"json_group_array(json_object('name', ifnull(grade, '-'), 'count', n)) "
	"FILTER (WHERE n > 0) FROM held GROUP BY day ORDER BY day LIMIT ?8 OFFSET ?9";

static const struct listing_member members[] = {
	{ "day", LISTING_TEXT },
	{ "endpoints", LISTING_INTEGER },
	{ "trusted", LISTING_INTEGER },
	{ "post_quantum", LISTING_INTEGER },
	{ "forward_secrecy", LISTING_INTEGER },
	{ "grades", LISTING_JSON },
};

static void get(struct call *call)
{
	struct listing listing = {
		.sql = trend,
		.members = members,
		.member_count = COUNT_OF(members),
	};
	int64_t now_ms = clock_wall_ms();
	int64_t days;

	if (!call_integer(call, "days", 1, DAYS_MAX, 90, &days)) {
		return;
	}
	listing.bound[0] = view_integer(now_ms - days * DAY_MS);
	listing.bound[1] = view_integer(now_ms);
	listing_answer(call, &listing);
}

const struct resource resource_tls_trend = {
	.path = "/api/v1/tls/trend",
	.summary = "TLS servers by their grades, day by day",
	.operations = { { "GET", RESOURCE_READ, "days limit after", get } },
};
