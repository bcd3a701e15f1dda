/*
 * kev.c - CISA's catalogue of vulnerabilities that are known to be exploited:
 *
 *   { "catalogVersion": "2025.08.25", "dateReleased": "2025-08-25T17:04:19.9796Z", "count": 1404,
 *     "vulnerabilities": [ { "cveID": ..., "dateAdded": ..., "dueDate": ...,
 *                            "knownRansomwareCampaignUse": "Known", "shortDescription": ... } ] }
 */
#include "base/error.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/table.h"

static int take_vulnerability(struct feed_input *in, struct json *j)
{
	struct knowledge_vulnerability facts = knowledge_no_facts((struct span){ NULL, 0 });
	size_t offset = feed_offset(in, j);
	struct span name;

	facts.is_exploited = true;
	while (json_member(j, &name)) {
		struct span text = feed_take_text(in, j);

		if (span_is(name, "cveID")) {
			facts.id = text;
		} else if (span_is(name, "dateAdded")) {
			facts.kev_added = text;
		} else if (span_is(name, "dueDate")) {
			facts.kev_due = text;
		} else if (span_is(name, "shortDescription")) {
			facts.summary = feed_one_line(in, text);
		} else if (span_is(name, "knownRansomwareCampaignUse")) {
			facts.is_ransomware = span_is(text, "Known");
		}
	}
	if (!feed_is_cve(facts.id)) {
		feed_odd(in, offset, "expected a cveID");
		return 0;
	}
	return feed_facts(in, &facts, offset);
}

static int take_all(struct feed_input *in, struct json *j)
{
	struct json_token token;
	int error = 0;

	if (!json_enter(j, JSON_ARRAY)) {
		return feed_malformed(in, feed_offset(in, j), "\"vulnerabilities\" is no array");
	}
	while (error == 0 && (token = json_next(j)).kind != JSON_ARRAY_END &&
	       token.kind != JSON_END) {
		feed_text_clear(in);
		if (token.kind == JSON_OBJECT) {
			error = take_vulnerability(in, j);
		} else {
			feed_odd(in, feed_offset(in, j), "a vulnerability is no object");
			json_skip(j, token.kind);
		}
	}
	return error;
}

static int parse(struct feed_input *in)
{
	struct json j = json_over(in->bytes);
	struct span name;
	int error = 0;

	if (!json_enter(&j, JSON_OBJECT) && json_ok(&j)) {
		return feed_malformed(in, 0, "expected an object with \"vulnerabilities\"");
	}
	while (error == 0 && json_member(&j, &name)) {
		if (span_is(name, "vulnerabilities")) {
			error = take_all(in, &j);
		} else if (span_is(name, "dateReleased")) {
			feed_text_clear(in);
			feed_snapshot(in, feed_take_text(in, &j));
		} else {
			json_skip(&j, json_next(&j).kind);
		}
	}
	return error != 0 ? error : feed_finish_json(in, &j);
}

/* An object one of whose first members is the catalogue's version. */
static bool recognise(const struct feed *feed, struct span bytes)
{
	struct json j = json_over(bytes);
	struct span name;

	(void)feed;
	if (!json_enter(&j, JSON_OBJECT)) {
		return false;
	}
	for (unsigned i = 0; i < 4 && json_member(&j, &name); i++) {
		if (span_is(name, "catalogVersion")) {
			return true;
		}
		json_skip(&j, json_next(&j).kind);
	}
	return false;
}

static const struct feed_part parts[] = {
	{ "kev.json", "https://www.cisa.gov/sites/default/files/feeds/"
		      "known_exploited_vulnerabilities.json" },
	{ NULL, NULL },
};

const struct feed feed_kev = {
	.name = "kev",
	.summary = "CISA KEV: vulnerabilities that are known to be exploited, with due dates",
	.parts = parts,
	.is_automatic = true,
	.interval_s = 3 * 3600,
	.size_max = UINT64_C(32) << 20,
	.recognise = recognise,
	.parse = parse,
};
