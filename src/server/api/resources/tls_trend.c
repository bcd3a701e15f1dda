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
#define MOVED(table, side, sign)                                                                   \
	"SELECT date(at / 1000, 'unixepoch') AS day, " side " AS r, " sign "1 AS n FROM changes "  \
	"WHERE table_name = '" table "' AND at >= ?1 AND " side " IS NOT NULL "
#define BOTH(table) MOVED(table, "row", "") "UNION ALL " MOVED(table, "old", "-")

/* What is counted of a server: kind, name, and how it is told from JSON, and from columns. */
#define COUNTED(from, day, n, grade, trusted, pq, fs, protocols)                                   \
	"SELECT " day "'endpoints' AS kind, '' AS name, " n " AS n FROM " from                     \
	" UNION ALL SELECT " day "'grade', ifnull(" grade ", '-'), " n " FROM " from               \
	" UNION ALL SELECT " day "'trusted', '', " n " FROM " from " WHERE " trusted               \
	" IS 1 UNION ALL SELECT " day "'pq', '', " n " FROM " from " WHERE " pq                    \
	" IS 1 UNION ALL SELECT " day "'fs', '', " n " FROM " from " WHERE " fs                    \
	" IS 1 UNION ALL SELECT " day "'protocol', j.value, " n " FROM " from                      \
	", json_each(" protocols ") j "

/* Of what a server showed, its own certificate's key: "rsa 2048". */
#define KEYS(from, day, n, chain, type, bits)                                                      \
	"UNION ALL SELECT " day "'key', ifnull(" type ", '-') || ifnull(' ' || " bits ", ''), " n  \
	" FROM " from " WHERE ifnull(" chain ", 0) = 0 "

#define LIST(kind)                                                                                 \
	"json_group_array(json_object('name', name, 'count', n)) FILTER (WHERE n > 0 AND kind = "  \
	"'" kind "')"
#define NUMBER(kind) "ifnull(sum(n) FILTER (WHERE kind = '" kind "'), 0)"

static const char trend[] = "WITH servers AS MATERIALIZED (" BOTH(
	"tls_endpoints") "), "
			 "certificates AS MATERIALIZED (" BOTH(
				 "served_certificates") "), "
							"moves AS MATERIALIZED (SELECT day, kind, "
							"name, sum(n) AS n FROM (" COUNTED(
								"servers", "day, ", "n",
								"r ->> 'grade'",
								"r ->> 'is_trusted'",
								"r ->> 'is_post_quantum'",
								"r ->> 'has_forward_secrecy'",
								"r, '$.protocols'")
								KEYS("certificates", "day, ", "n",
								     "r ->> 'chain'",
								     "r ->> 'key_type'",
								     "r ->> 'key_bits'") ") GROUP "
											 "BY day, "
											 "kind, "
											 "name), "
											 "present "
											 "AS "
											 "MATERIALI"
											 "ZED "
											 "(SELECT "
											 "kind, "
											 "name, "
											 "sum(n) "
											 "AS n "
											 "FROM "
											 "(" COUNTED(
												 "t"
												 "l"
												 "s"
												 "_"
												 "e"
												 "n"
												 "d"
												 "p"
												 "o"
												 "i"
												 "n"
												 "t"
												 "s",
												 "",
												 "1",
												 "g"
												 "r"
												 "a"
												 "d"
												 "e",
												 "i"
												 "s"
												 "_"
												 "t"
												 "r"
												 "u"
												 "s"
												 "t"
												 "e"
												 "d",
												 "i"
												 "s"
												 "_"
												 "p"
												 "o"
												 "s"
												 "t"
												 "_"
												 "q"
												 "u"
												 "a"
												 "n"
												 "t"
												 "u"
												 "m",
												 "h"
												 "a"
												 "s"
												 "_"
												 "f"
												 "o"
												 "r"
												 "w"
												 "a"
												 "r"
												 "d"
												 "_"
												 "s"
												 "e"
												 "c"
												 "r"
												 "e"
												 "c"
												 "y",
												 "p"
												 "r"
												 "o"
												 "t"
												 "o"
												 "c"
												 "o"
												 "l"
												 "s")
												 KEYS("served_certificates",
												      "",
												      "1",
												      "chain",
												      "key_type",
												      "key_bits") ") GROUP BY kind, name), "
														  "days AS MATERIALIZED (SELECT day FROM moves UNION SELECT date(?2 / 1000, 'unixepoch')), "
														  "names AS MATERIALIZED (SELECT kind, name FROM moves UNION SELECT kind, name FROM present), "
														  "later AS (SELECT d.day, k.kind, k.name, sum(m.n) OVER (PARTITION BY k.kind, k.name ORDER "
														  "BY d.day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS n FROM days d JOIN "
														  "names k LEFT JOIN moves m ON m.day = d.day AND m.kind = k.kind AND m.name = k.name), "
														  "held AS (SELECT l.day, l.kind, l.name, ifnull(p.n, 0) - ifnull(l.n, 0) AS n FROM later l "
														  "LEFT JOIN present p ON p.kind = l.kind AND p.name = l.name ORDER BY l.day, l.kind, l.name) "
														  "SELECT day, " NUMBER("endpoints") ", " NUMBER("trusted") ", " NUMBER("pq") ", " NUMBER(
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
