/*
 * tls_trend.c - TLS servers as a population at the end of each day, from the history: what is there
 * now, less what has come since then, with what has gone. A day on which nothing changed is left
 * out; the last item is now.
 */
#include "server/api/listing.h"
#include "sys/clock.h"

#define DAY_MS   (24 * 3600 * INT64_C(1000))
#define DAYS_MAX 3660

/* Rows of a table that came (`row`), or went (`old`), as JSON. */
#define BOTH(table)                                                                                \
	"SELECT day, row AS r, 1 AS n FROM moved WHERE name = '" table "' AND row IS NOT NULL "    \
	"UNION ALL SELECT day, old, -1 FROM moved WHERE name = '" table "' AND old IS NOT NULL "

/* What is counted of a server: kind and name. */
#define COUNTED(from, day, n)                                                                      \
	"SELECT " day "'endpoints' AS kind, '' AS name, " n " AS n FROM " from                     \
	" UNION ALL SELECT " day "'grade', ifnull(grade, '-'), " n " FROM " from                   \
	" UNION ALL SELECT " day "'trusted', '', " n " FROM " from                                 \
	" WHERE is_trusted IS 1 UNION ALL SELECT " day "'pq', '', " n " FROM " from                \
	" WHERE is_post_quantum IS 1 UNION ALL SELECT " day "'fs', '', " n " FROM " from           \
	" WHERE has_forward_secrecy IS 1 UNION ALL SELECT " day "'protocol', j.value, " n          \
	" FROM " from ", json_each(protocols) j "

/* Of what a server showed, its own certificate's key: "rsa 2048". */
#define KEYS(from, day, n)                                                                         \
	"UNION ALL SELECT " day "'key', ifnull(key_type, '-') || ifnull(' ' || key_bits, ''), " n  \
	" FROM " from " WHERE ifnull(chain, 0) = 0 "

#define LIST(kind)                                                                                 \
	"json_group_array(json_object('name', name, 'count', n)) FILTER (WHERE n > 0 AND kind = "  \
	"'" kind "')"
#define NUMBER(kind) "ifnull(sum(n) FILTER (WHERE kind = '" kind "'), 0)"

static const char trend[] =
	/* the history, and each table, are walked once */
	"WITH moved AS MATERIALIZED (SELECT date(at / 1000, 'unixepoch') AS day, table_name AS "
	"name, row, old FROM changes WHERE table_name IN ('tls_endpoints', "
	"'served_certificates') AND at >= ?1), "
	"endpoints AS MATERIALIZED (SELECT grade, is_trusted, is_post_quantum, "
	"has_forward_secrecy, protocols FROM tls_endpoints), "
	"shown AS MATERIALIZED (SELECT chain, key_type, key_bits FROM served_certificates), "
	"servers AS MATERIALIZED (SELECT day, n, r ->> 'grade' AS grade, r ->> 'is_trusted' "
	"AS is_trusted, r ->> 'is_post_quantum' AS is_post_quantum, r ->> 'has_forward_secrecy' AS "
	"has_forward_secrecy, r -> '$.protocols' AS protocols FROM (" BOTH(
		"tls_endpoints") ")), "
				 "certificates AS MATERIALIZED (SELECT day, n, r ->> 'chain' AS "
				 "chain, r ->> 'key_type' AS "
				 "key_type, r ->> 'key_bits' AS key_bits FROM (" BOTH(
					 "served_certificates") ")), "
								"moves AS MATERIALIZED (SELECT "
								"day, kind, name, sum(n) AS n FROM "
								"(" COUNTED("servers", "day, ", "n") KEYS(
									"certificates", "day, ",
									"n") ") GROUP BY day, "
									     "kind, name), "
									     "present AS "
									     "MATERIALIZED (SELECT "
									     "kind, name, sum(n) "
									     "AS n FROM (" COUNTED("endpoints", "", "1") KEYS(
										     "served_"
										     "certificates",
										     "",
										     "1") ") GROUP "
											  "BY "
											  "kind, "
											  "name), "
											  "days AS "
											  "MATERIAL"
											  "IZED "
											  "(SELECT "
											  "day "
											  "FROM "
											  "moves "
											  "UNION "
											  "SELECT "
											  "date(?2 "
											  "/ 1000, "
											  "'unixepo"
											  "ch')), "
											  "names "
											  "AS "
											  "MATERIAL"
											  "IZED "
											  "(SELECT "
											  "kind, "
											  "name "
											  "FROM "
											  "moves "
											  "UNION "
											  "SELECT "
											  "kind, "
											  "name "
											  "FROM "
											  "present)"
											  ", "
											  "later "
											  "AS "
											  "(SELECT "
											  "d.day, "
											  "k.kind, "
											  "k.name, "
											  "sum(m.n)"
											  " OVER "
											  "(PARTITI"
											  "ON BY "
											  "k.kind, "
											  "k.name "
											  "ORDER "
											  "BY "
											  "d.day "
											  "DESC "
											  "ROWS "
											  "BETWEEN "
											  "UNBOUNDE"
											  "D "
											  "PRECEDIN"
											  "G AND 1 "
											  "PRECEDIN"
											  "G) AS n "
											  "FROM "
											  "days d "
											  "JOIN "
											  "names k "
											  "LEFT "
											  "JOIN "
											  "moves m "
											  "ON "
											  "m.day = "
											  "d.day "
											  "AND "
											  "m.kind "
											  "= "
											  "k.kind "
											  "AND "
											  "m.name "
											  "= "
											  "k.name),"
											  " "
											  "held AS "
											  "(SELECT "
											  "l.day, "
											  "l.kind, "
											  "l.name, "
											  "ifnull("
											  "p.n, 0) "
											  "- "
											  "ifnull("
											  "l.n, 0) "
											  "AS n "
											  "FROM "
											  "later l "
											  "LEFT "
											  "JOIN "
											  "present "
											  "p ON "
											  "p.kind "
											  "= "
											  "l.kind "
											  "AND "
											  "p.name "
											  "= "
											  "l.name "
											  "ORDER "
											  "BY "
											  "l.day, "
											  "l.kind, "
											  "l.name) "
											  "SELECT "
											  "day,"
											  " " NUMBER("endpoints") ", " NUMBER("trusted") ", " NUMBER("pq") ", " NUMBER(
												  "fs") ", " LIST("grade") ", " LIST("protocol") ", " LIST("key") " FROM held GROUP BY day ORDER BY day LIMIT ?8 OFFSET ?9";

static const struct listing_member members[] = {
	{ "day", LISTING_TEXT },
	{ "endpoints", LISTING_INTEGER },
	{ "trusted", LISTING_INTEGER },
	{ "post_quantum", LISTING_INTEGER },
	{ "forward_secrecy", LISTING_INTEGER },
	{ "grades", LISTING_JSON },
	{ "protocols", LISTING_JSON },
	{ "keys", LISTING_JSON },
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
	.summary = "TLS servers as a population, day by day",
	.operations = { { "GET", RESOURCE_READ, "days limit after", get } },
};
