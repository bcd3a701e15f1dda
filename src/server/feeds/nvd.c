/*
 * nvd.c - NIST's National Vulnerability Database: files a year and of what changed lately, and
 * pages of its CVE API 2.0, all in one form:
 *
 *   { "format": "NVD_CVE", "version": "2.0", "timestamp": "2024-11-30T00:00:00.000",
 *     "vulnerabilities": [ { "cve": { "id": ..., "vulnStatus": "Analyzed", "published": ...,
 *         "descriptions": [{ "lang": "en", "value": ... }], "metrics": { "cvssMetricV31": [{
 *           "type": "Primary", "cvssData": { "vectorString": "CVSS:3.1/..." } }] },
 *         "configurations": [...] } }, ...
 *
 * What changed lately is read first, and an older file's word about the same CVE is passed over
 * then. A CVE that nothing else speaks of and of which nothing can be judged is left out, too.
 */
#include "base/error.h"
#include "formats/cvss.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/intern.h"
#include "server/feeds/nvd_configurations.h"
#include "server/feeds/table.h"

/* Of which version a vector is, as the metrics' names say it; the newest that has a score counts.
 */
enum metric { METRIC_NONE, METRIC_V2, METRIC_V30, METRIC_V31, METRIC_V40 };

struct cve {
	struct span id;
	struct span status;
	struct span published;
	struct span description;
	struct span vector;
	int score_tenths;
	enum metric metric;
	bool is_primary;
	struct json configurations; /* before their value */
	bool has_configurations;
};

/* { "type": "Primary", "cvssData": { "vectorString": ... } }: NVD's own before others'. */
static void take_metric(struct feed_input *in, struct json *j, enum metric metric, struct cve *cve)
{
	struct span vector = { NULL, 0 };
	bool is_primary = false;
	int tenths = -1;
	struct span name;

	while (json_member(j, &name)) {
		if (span_is(name, "type")) {
			is_primary = span_is(feed_take_text(in, j), "Primary");
		} else if (!span_is(name, "cvssData")) {
			json_skip(j, json_next(j).kind);
		} else if (json_enter(j, JSON_OBJECT)) {
			while (json_member(j, &name)) {
				struct span text = feed_take_text(in, j);

				vector = span_is(name, "vectorString") ? text : vector;
			}
		}
	}
	if (cvss_score(vector, &tenths) == 0 && tenths >= 0 &&
	    (metric > cve->metric || (metric == cve->metric && is_primary && !cve->is_primary))) {
		cve->vector = vector;
		cve->score_tenths = tenths;
		cve->metric = metric;
		cve->is_primary = is_primary;
	}
}

static void take_metrics(struct feed_input *in, struct json *j, struct cve *cve)
{
	static const struct {
		const char *name;
		enum metric metric;
	} kinds[] = { { "cvssMetricV2", METRIC_V2 },
		      { "cvssMetricV30", METRIC_V30 },
		      { "cvssMetricV31", METRIC_V31 },
		      { "cvssMetricV40", METRIC_V40 } };
	struct json_token token;
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		enum metric metric = METRIC_NONE;

		for (size_t i = 0; i < COUNT_OF(kinds); i++) {
			metric = span_is(name, kinds[i].name) ? kinds[i].metric : metric;
		}
		if (!json_enter(j, JSON_ARRAY)) {
			continue;
		}
		while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
			if (token.kind == JSON_OBJECT && metric != METRIC_NONE) {
				take_metric(in, j, metric, cve);
			} else {
				json_skip(j, token.kind);
			}
		}
	}
}

static void take_descriptions(struct feed_input *in, struct json *j, struct cve *cve)
{
	struct json_token token;
	struct span name;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		struct span language = { NULL, 0 };
		struct span raw = { NULL, 0 };

		if (token.kind != JSON_OBJECT) {
			json_skip(j, token.kind);
			continue;
		}
		while (json_member(j, &name)) {
			if (span_is(name, "value")) {
				(void)json_text(j, &raw);
			} else if (span_is(name, "lang")) {
				(void)json_text(j, &language);
			} else {
				json_skip(j, json_next(j).kind);
			}
		}
		if (span_is(language, "en") && cve->description.len == 0) {
			cve->description = feed_text(in, raw);
		}
	}
}

static void take_member(struct feed_input *in, struct json *j, struct span name, struct cve *cve)
{
	if (span_is(name, "id")) {
		cve->id = feed_take_text(in, j);
	} else if (span_is(name, "vulnStatus")) {
		cve->status = feed_take_text(in, j);
	} else if (span_is(name, "published")) {
		cve->published = span_first(feed_take_text(in, j), 10);
	} else if (span_is(name, "descriptions")) {
		take_descriptions(in, j, cve);
	} else if (span_is(name, "metrics")) {
		take_metrics(in, j, cve);
	} else {
		if (span_is(name, "configurations") && !cve->has_configurations) {
			cve->configurations = *j;
			cve->has_configurations = true;
		}
		json_skip(j, json_next(j).kind);
	}
}

static int tell_facts(struct feed_input *in, const struct cve *cve)
{
	struct knowledge_vulnerability facts = knowledge_no_facts(cve->id);

	facts.summary = feed_one_line(in, cve->description);
	facts.published = cve->published;
	facts.cvss = cve->vector;
	facts.score_tenths = cve->score_tenths;
	return feed_facts(in, &facts, 0);
}

/* False where a document that was read before, which is newer, has told of it. */
static bool is_first_word(struct feed_input *in, struct span id)
{
	uint32_t number;

	if (in->told == NULL) {
		return true;
	}
	return !intern_find(in->told, id, &number) && intern_add(in->told, id, &number) == 0;
}

static int take_cve(struct feed_input *in, struct json *j, struct nvd_matches *matches)
{
	struct cve cve = { .score_tenths = -1 };
	size_t offset = feed_offset(in, j);
	size_t kept = 0;
	struct span name;
	int error = 0;

	while (json_member(j, &name)) {
		take_member(in, j, name, &cve);
	}
	if (!json_ok(j)) {
		return 0; /* said at the end */
	}
	if (!feed_is_cve(cve.id)) {
		feed_odd(in, offset, "expected a CVE's id");
		return 0;
	}
	if (!is_first_word(in, cve.id)) {
		return 0;
	}
	if (span_is(cve.status, "Rejected")) {
		in->report->passed_over++;
		return 0;
	}
	if (cve.has_configurations) {
		error = nvd_take_configurations(in, &cve.configurations, cve.id, matches, &kept);
	}
	if (error == 0 && (kept > 0 || knowledge_builder_knows(in->builder, cve.id))) {
		return tell_facts(in, &cve);
	}
	in->report->passed_over += kept == 0;
	return error;
}

/* { "cve": { ... } } */
static int take_vulnerability(struct feed_input *in, struct json *j, struct nvd_matches *matches)
{
	struct span name;
	int error = 0;

	while (error == 0 && json_member(j, &name)) {
		if (span_is(name, "cve")) {
			if (json_enter(j, JSON_OBJECT)) {
				error = take_cve(in, j, matches);
			} else {
				feed_odd(in, feed_offset(in, j), "\"cve\" is no object");
			}
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	return error;
}

static int take_all(struct feed_input *in, struct json *j)
{
	struct nvd_matches matches = { NULL, 0, 0 };
	struct json_token token;
	int error = 0;

	if (!json_enter(j, JSON_ARRAY)) {
		return feed_malformed(in, feed_offset(in, j), "\"vulnerabilities\" is no array");
	}
	while (error == 0 && (token = json_next(j)).kind != JSON_ARRAY_END &&
	       token.kind != JSON_END) {
		feed_text_clear(in);
		if (token.kind == JSON_OBJECT) {
			error = take_vulnerability(in, j, &matches);
		} else {
			feed_odd(in, feed_offset(in, j), "a vulnerability is no object");
			json_skip(j, token.kind);
		}
	}
	nvd_matches_done(&matches);
	return error;
}

static int parse(struct feed_input *in)
{
	struct json j = json_over(in->bytes);
	bool is_nvd = false;
	struct span name;
	int error = 0;

	feed_text_clear(in);
	if (!json_enter(&j, JSON_OBJECT) && json_ok(&j)) {
		return feed_malformed(in, 0, "expected an object with \"vulnerabilities\"");
	}
	while (error == 0 && json_member(&j, &name)) {
		if (span_is(name, "vulnerabilities")) {
			is_nvd = true;
			error = take_all(in, &j);
		} else if (span_is(name, "timestamp")) {
			feed_text_clear(in);
			feed_snapshot(in, feed_take_text(in, &j));
		} else {
			json_skip(&j, json_next(&j).kind);
		}
	}
	error = error != 0 ? error : feed_finish_json(in, &j);
	if (error == 0 && !is_nvd) {
		error = feed_malformed(in, 0, "expected an object with \"vulnerabilities\"");
	}
	return error;
}

/* An object one of whose first members says so. */
static bool recognise(const struct feed *feed, struct span bytes)
{
	struct json j = json_over(bytes);
	struct span name;

	(void)feed;
	if (!json_enter(&j, JSON_OBJECT)) {
		return false;
	}
	for (unsigned i = 0; i < 6 && json_member(&j, &name); i++) {
		struct span text;

		if (span_is(name, "vulnerabilities")) {
			return false;
		}
		if (span_is(name, "format")) {
			return json_text(&j, &text) && span_is(text, "NVD_CVE");
		}
		json_skip(&j, json_next(&j).kind);
	}
	return false;
}

static bool is_document(struct span name)
{
	return span_ends_with(name, ".json");
}

/* --- its files --- */

/* A year's file is made anew each day, since something of each year changes: it is asked for once
 * a week, and what changed in the last eight days comes in one small file. */
#define WEEK_S (7 * 24 * 3600)
#define NVD_FILE(name)                                                                             \
	.file = name ".json.gz",                                                                   \
	.address = "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-" name ".json.gz"
#define YEAR(number)                                                                               \
	{                                                                                          \
		NVD_FILE(#number), .fresh_s = WEEK_S, .year = (number)                             \
	}

static const struct feed_part parts[] = {
	YEAR(2002),       YEAR(2003), YEAR(2004), YEAR(2005), YEAR(2006), YEAR(2007),
	YEAR(2008),       YEAR(2009), YEAR(2010), YEAR(2011), YEAR(2012), YEAR(2013),
	YEAR(2014),       YEAR(2015), YEAR(2016), YEAR(2017), YEAR(2018), YEAR(2019),
	YEAR(2020),       YEAR(2021), YEAR(2022), YEAR(2023), YEAR(2024), YEAR(2025),
	YEAR(2026),       YEAR(2027), YEAR(2028), YEAR(2029), YEAR(2030), YEAR(2031),
	YEAR(2032),       YEAR(2033), YEAR(2034), YEAR(2035), YEAR(2036), { NVD_FILE("modified") },
	{ .file = NULL },
};

const struct feed feed_nvd = {
	.name = "nvd",
	.summary = "NIST NVD: which versions of products have CVEs, for services that a scan found",
	.parts = parts,
	.is_automatic = false,
	.wanted_by = NVD_STREAM,
	.is_newest_last = true,
	.interval_s = 6 * 3600,
	.size_max = UINT64_C(256) << 20,
	.is_document = is_document,
	.recognise = recognise,
	.parse = parse,
};
