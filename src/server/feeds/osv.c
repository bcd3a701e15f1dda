/*
 * osv.c - OSV records (ossf.github.io/osv-schema), one JSON document each, in a zip per ecosystem.
 *
 *   { "id": "GHSA-...", "aliases": ["CVE-..."], "upstream": [...], "withdrawn": ..., "severity":
 *     [{ "type": "CVSS_V3", "score": "CVSS:3.1/..." }], "affected": [{ "package": { "ecosystem":
 *     "npm", "name": ... }, "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, ...
 *
 * The id is the CVE where exactly one is the record's alias; the record's own is the advisory then.
 * An advisory of a distribution about several CVEs (its "upstream") speaks of each of them.
 */
#include "base/error.h"
#include "formats/ascii.h"
#include "formats/cvss.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/limits.h"
#include "server/feeds/osv_affected.h"
#include "server/feeds/table.h"

/* CVEs of one advisory; one with more keeps its own id. */
#define CVES_MAX 64

struct head {
	struct span id;
	struct span summary;
	struct span details;
	struct span published;
	struct span modified;
	struct span word; /* severity in a word */
	struct span cvss;
	int score_tenths;
	struct writer aliases;
	struct writer references;
	struct span cve_aliases[2];
	size_t cve_alias_count;
	struct span upstream[CVES_MAX];
	size_t upstream_count;
	struct json affected; /* before its value */
	bool has_affected;
	bool is_withdrawn;
};

/* UBUNTU-CVE-2021-3782 is CVE-2021-3782 as a distribution sees it. */
static struct span cve_of(struct span id)
{
	static const char *const prefixes[] = { "UBUNTU-", "DEBIAN-", "ALPINE-" };

	for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
		if (span_starts_with(id, prefixes[i])) {
			id = span_after(id, span_of(prefixes[i]).len);
			break;
		}
	}
	return feed_is_cve(id) ? id : (struct span){ NULL, 0 };
}

static void add_word(struct writer *list, struct span word)
{
	if (word.len == 0 || word.len + 1 > writer_left(list)) {
		return;
	}
	if (writer_used(list) > 0) {
		writer_u8(list, ' ');
	}
	writer_bytes(list, word);
}

static void take_aliases(struct feed_input *in, struct json *j, struct head *h)
{
	struct json_token token;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		struct span id = token.kind == JSON_STRING ? feed_text(in, token.text)
							   : (struct span){ NULL, 0 };

		json_skip(j, token.kind);
		add_word(&h->aliases, id);
		if (feed_is_cve(id) && h->cve_alias_count < COUNT_OF(h->cve_aliases)) {
			h->cve_aliases[h->cve_alias_count++] = id;
		}
	}
}

static void take_upstream(struct feed_input *in, struct json *j, struct head *h)
{
	struct json_token token;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		struct span cve = token.kind == JSON_STRING ? cve_of(feed_text(in, token.text))
							    : (struct span){ NULL, 0 };
		bool is_new = cve.len > 0;

		json_skip(j, token.kind);
		for (size_t i = 0; i < h->upstream_count && i < CVES_MAX; i++) {
			is_new = is_new && !span_equal(h->upstream[i], cve);
		}
		if (is_new && h->upstream_count < CVES_MAX) {
			h->upstream[h->upstream_count] = cve;
		}
		h->upstream_count += is_new; /* more than CVES_MAX: too many */
	}
}

/* { "type": "CVSS_V3", "score": "CVSS:3.1/..." }: the newest version that can be scored, else the
 * newest. Ubuntu gives a word. */
static void take_severity(struct feed_input *in, struct json *j, struct head *h)
{
	struct span name;
	struct span type = { NULL, 0 };
	struct span score = { NULL, 0 };
	int tenths = -1;

	while (json_member(j, &name)) {
		struct span text = feed_take_text(in, j);

		if (span_is(name, "type")) {
			type = text;
		} else if (span_is(name, "score")) {
			score = text;
		}
	}
	if (span_starts_with(type, "CVSS_")) {
		int error = cvss_score(score, &tenths);

		if (error == ERR_MALFORMED || (error != 0 && h->score_tenths >= 0)) {
			return;
		}
		if ((h->score_tenths < 0 && tenths >= 0) || h->cvss.len == 0 ||
		    (span_starts_with(score, "CVSS:") && span_compare(score, h->cvss) > 0)) {
			h->cvss = score;
			h->score_tenths = tenths;
		}
	} else if (type.len > 0 && score.len <= 32) {
		h->word = score;
	}
}

static void take_objects(struct feed_input *in, struct json *j, struct head *h,
			 void (*take)(struct feed_input *, struct json *, struct head *))
{
	struct json_token token;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			take(in, j, h);
		} else {
			json_skip(j, token.kind);
		}
	}
}

static void take_reference(struct feed_input *in, struct json *j, struct head *h)
{
	struct span name;

	while (json_member(j, &name)) {
		struct span text = feed_take_text(in, j);

		if (span_is(name, "url") && text.len <= KNOWLEDGE_REFERENCE_MAX &&
		    span_find(text, ' ') == text.len) {
			add_word(&h->references, text);
		}
	}
}

/* GitHub's word: LOW, MODERATE, HIGH, CRITICAL. */
static void take_database_specific(struct feed_input *in, struct json *j, struct head *h)
{
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "severity")) {
			struct span word = feed_take_text(in, j);
			struct writer w = feed_text_begin(in, 32);

			for (size_t i = 0; i < word.len && i < 32; i++) {
				writer_u8(&w, ascii_lower(word.ptr[i]));
			}
			word = feed_text_end(in, &w);
			h->word = h->word.len > 0             ? h->word
				  : span_is(word, "moderate") ? span_of("medium")
							      : word;
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
}

static void take_member(struct feed_input *in, struct json *j, struct span name, struct head *h)
{
	if (span_is(name, "id")) {
		h->id = feed_take_text(in, j);
	} else if (span_is(name, "summary")) {
		h->summary = feed_take_text(in, j);
	} else if (span_is(name, "details")) {
		h->details = feed_take_text(in, j);
	} else if (span_is(name, "published")) {
		h->published = span_first(feed_take_text(in, j), 10);
	} else if (span_is(name, "modified")) {
		h->modified = feed_take_text(in, j);
	} else if (span_is(name, "withdrawn")) {
		h->is_withdrawn = feed_take_text(in, j).len > 0;
	} else if (span_is(name, "aliases")) {
		take_aliases(in, j, h);
	} else if (span_is(name, "upstream")) {
		take_upstream(in, j, h);
	} else if (span_is(name, "severity")) {
		take_objects(in, j, h, take_severity);
	} else if (span_is(name, "references")) {
		take_objects(in, j, h, take_reference);
	} else if (span_is(name, "database_specific")) {
		take_database_specific(in, j, h);
	} else {
		if (span_is(name, "affected") && !h->has_affected) {
			h->affected = *j;
			h->has_affected = true;
		}
		json_skip(j, json_next(j).kind);
	}
}

/* What the record is about: ids[0..count). */
static size_t choose_ids(const struct head *h, struct span ids[CVES_MAX])
{
	ids[0] = cve_of(h->id);
	if (ids[0].len > 0) {
		return 1;
	}
	if (h->cve_alias_count == 1) {
		ids[0] = h->cve_aliases[0];
		return 1;
	}
	if (h->cve_alias_count == 0 && h->upstream_count > 0 && h->upstream_count <= CVES_MAX) {
		for (size_t i = 0; i < h->upstream_count; i++) {
			ids[i] = h->upstream[i];
		}
		return h->upstream_count;
	}
	ids[0] = h->id;
	return 1;
}

static int tell_facts(struct feed_input *in, struct head *h, struct span id)
{
	struct knowledge_vulnerability facts = knowledge_no_facts(id);

	if (!span_equal(id, h->id)) {
		add_word(&h->aliases, h->id);
	}
	facts.summary = feed_one_line(in, h->summary.len > 0 ? h->summary : h->details);
	facts.published = h->published;
	facts.cvss = h->cvss;
	facts.score_tenths = h->score_tenths;
	facts.severity = h->word;
	facts.aliases = writer_span(&h->aliases);
	facts.references = writer_span(&h->references);
	return feed_facts(in, &facts, 0);
}

static int take_affected(struct feed_input *in, struct head *h, const struct span *ids,
			 size_t count)
{
	struct osv_about about = {
		.ids = ids, .id_count = count, .advisory = h->id, .urgency = h->word
	};
	struct json_token token;
	int error = 0;

	if (!h->has_affected || !json_enter(&h->affected, JSON_ARRAY)) {
		return 0;
	}
	while (error == 0 && (token = json_next(&h->affected)).kind != JSON_ARRAY_END &&
	       token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			error = osv_take_affected(in, &h->affected, &about);
		} else {
			feed_odd(in, feed_offset(in, &h->affected), "\"affected\" holds no object");
			json_skip(&h->affected, token.kind);
		}
	}
	return error;
}

static int parse(struct feed_input *in)
{
	uint8_t aliases[KNOWLEDGE_ALIASES_MAX];
	uint8_t references[KNOWLEDGE_REFERENCES_MAX * (KNOWLEDGE_REFERENCE_MAX + 1)];
	struct json j = json_over(in->bytes);
	struct head h = { .score_tenths = -1,
			  .aliases = writer_over(aliases, sizeof aliases),
			  .references = writer_over(references, sizeof references) };
	struct span ids[CVES_MAX];
	struct span name;
	size_t count;
	int error;

	feed_text_clear(in);
	if (!json_enter(&j, JSON_OBJECT) && json_ok(&j)) {
		return feed_malformed(in, 0, "expected an OSV record, an object");
	}
	while (json_member(&j, &name)) {
		take_member(in, &j, name, &h);
	}
	error = feed_finish_json(in, &j);
	if (error != 0) {
		return error;
	}
	if (h.id.len == 0) {
		return feed_malformed(in, 0, "expected an OSV record with an id");
	}
	feed_snapshot(in, h.modified);
	if (h.is_withdrawn) {
		in->report->passed_over++;
		return 0;
	}
	count = choose_ids(&h, ids);
	error = count == 1 ? tell_facts(in, &h, ids[0]) : 0;
	return error != 0 ? error : take_affected(in, &h, ids, count);
}

static bool is_osv_member(struct span name)
{
	static const char *const names[] = {
		"schema_version", "id",       "modified",          "published",  "withdrawn",
		"aliases",        "related",  "upstream",          "summary",    "details",
		"severity",       "affected", "database_specific", "references", "credits",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (span_is(name, names[i])) {
			return true;
		}
	}
	return false;
}

/* A record with something affected of this feed's ecosystem. What is no record is told by its first
 * member: files of other feeds may be large. */
static bool recognise(const struct feed *feed, struct span bytes)
{
	struct json j = json_over(bytes);
	struct span name;

	if (!json_enter(&j, JSON_OBJECT)) {
		return false;
	}
	while (json_member(&j, &name) && is_osv_member(name)) {
		if (span_is(name, "affected")) {
			return osv_is_of_ecosystem(&j, feed->ecosystem);
		}
		json_skip(&j, json_next(&j).kind);
	}
	return false;
}

/* --- one feed an ecosystem --- */

#define OSV_ADDRESS "https://osv-vulnerabilities.storage.googleapis.com/"
#define OSV_PARTS(ecosystem)                                                                       \
	(const struct feed_part[])                                                                 \
	{                                                                                          \
		{ "all.zip", OSV_ADDRESS ecosystem "/all.zip" },                                   \
		{                                                                                  \
			NULL, NULL                                                                 \
		}                                                                                  \
	}
#define OSV_FEED(words, is_fetched, of_ecosystem)                                                  \
	.summary = words, .parts = OSV_PARTS(of_ecosystem), .is_automatic = is_fetched,            \
	.interval_s = 12 * 3600, .size_max = UINT64_C(1) << 30, .has_documents = true,             \
	.recognise = recognise, .parse = parse, .ecosystem = of_ecosystem

/* Debian's and Alpine's own feeds say more, so these two are fetched only when asked for. */
const struct feed feed_osv_debian = {
	.name = "osv-debian", OSV_FEED("OSV: Debian (beside the tracker)", false, "Debian")
};
const struct feed feed_osv_ubuntu = { .name = "osv-ubuntu",
				      OSV_FEED("OSV: Ubuntu's CVEs and notices", true, "Ubuntu") };
const struct feed feed_osv_alpine = { .name = "osv-alpine",
				      OSV_FEED("OSV: Alpine (beside secdb)", false, "Alpine") };
const struct feed feed_osv_npm = { .name = "osv-npm", OSV_FEED("OSV: npm", true, "npm") };
const struct feed feed_osv_pypi = { .name = "osv-pypi",
				    OSV_FEED("OSV: Python packages", true, "PyPI") };
const struct feed feed_osv_crates = { .name = "osv-crates",
				      OSV_FEED("OSV: Rust crates", true, "crates.io") };
const struct feed feed_osv_go = { .name = "osv-go", OSV_FEED("OSV: Go modules", true, "Go") };
const struct feed feed_osv_rubygems = { .name = "osv-rubygems",
					OSV_FEED("OSV: Ruby gems", true, "RubyGems") };
