/*
 * redhat.c - Red Hat's CSAF 2.0 documents: advisories (RHSA-...) and VEX (one a CVE).
 *
 *   document.tracking.id, .current_release_date
 *   product_tree.branches[...].product: platforms by their cpe, components by their purl
 *   product_tree.relationships: "AppStream-9.5.0.GA:sudo-0:1.9.5p2-10.el9.src" is both together
 *   vulnerabilities: cve, product_status { fixed: [ids], known_affected: [ids], ... },
 *     remediations, scores, threats
 *
 * Only source packages of RHEL itself are taken: its binary packages have the same versions.
 * Extended streams (EUS, AUS, ...) are streams of their own. A module's packages go by the names
 * that Red Hat gives them, "nodejs:18/nodejs": versions say nothing across streams of a module.
 */
#include "base/error.h"
#include "formats/ascii.h"
#include "formats/cvss.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/limits.h"
#include "server/feeds/redhat_products.h"
#include "server/feeds/table.h"

#define SCORE_TENTHS_MAX 100

struct document {
	struct feed_input *in;
	struct span id;
	struct span severity;
	struct products products;
	struct json vulnerabilities; /* before their value */
	struct json tree;
	bool has_vulnerabilities;
	bool has_tree;
};

/* What is said of one vulnerability, before its products. */
struct about {
	struct knowledge_vulnerability facts;
	struct span urgency;
	struct json status;
	struct json remediations;
	bool has_status;
	bool has_remediations;
};

static const struct {
	const char *name;
	enum knowledge_status status;
	bool is_fixed;
} statuses[] = {
	{ "fixed", KNOWLEDGE_AFFECTED, true },
	{ "known_affected", KNOWLEDGE_AFFECTED, false },
	{ "known_not_affected", KNOWLEDGE_NOT_AFFECTED, false },
	{ "under_investigation", KNOWLEDGE_UNDETERMINED, false },
};

/* --- remediations: what becomes of a product --- */

/* https://access.redhat.com/errata/RHSA-2024:0811 */
static struct span advisory_of(struct span address)
{
	static const char errata[] = "/errata/";
	size_t len = sizeof errata - 1;

	for (size_t i = 0; i + len <= address.len; i++) {
		if (span_is(span_first(span_after(address, i), len), errata)) {
			return span_after(address, i + len);
		}
	}
	return (struct span){ NULL, 0 };
}

/* Red Hat's words for "no fix": "Will not fix", "Out of support scope", "Fix deferred". */
static unsigned flags_of(struct span category, struct span details)
{
	if (span_is(category, "no_fix_planned")) {
		return span_starts_with(details, "Out of support") ? KNOWLEDGE_END_OF_LIFE
								   : KNOWLEDGE_WILL_NOT_FIX;
	}
	if (span_is(category, "none_available") && span_starts_with(details, "Fix deferred")) {
		return KNOWLEDGE_POSTPONED;
	}
	return 0;
}

static void take_remediation(struct document *d, struct json *j)
{
	struct feed_input *in = d->in;
	struct span category = { NULL, 0 };
	struct span details = { NULL, 0 };
	struct span advisory = { NULL, 0 };
	struct json ids = *j;
	bool has_ids = false;
	struct span name;

	while (json_member(j, &name)) {
		if (span_is(name, "category")) {
			category = feed_take_text(in, j);
		} else if (span_is(name, "details")) {
			details = feed_take_text(in, j);
		} else if (span_is(name, "url")) {
			advisory = advisory_of(feed_take_text(in, j));
		} else {
			if (span_is(name, "product_ids")) {
				ids = *j;
				has_ids = true;
			}
			json_skip(j, json_next(j).kind);
		}
	}
	if (has_ids && span_is(category, "vendor_fix") && advisory.len > 0) {
		products_remedy(&d->products, &ids, advisory, 0);
	} else if (has_ids && flags_of(category, details) != 0) {
		products_remedy(&d->products, &ids, (struct span){ NULL, 0 },
				flags_of(category, details));
	}
}

static void take_remediations(struct document *d, struct json *j)
{
	struct json_token token;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			take_remediation(d, j);
		} else {
			json_skip(j, token.kind);
		}
	}
}

/* --- scores --- */

static void take_cvss(struct feed_input *in, struct json *j, struct about *a)
{
	struct span name;
	struct span vector = { NULL, 0 };
	int tenths = -1;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "vectorString")) {
			vector = feed_take_text(in, j);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	if (cvss_score(vector, &tenths) == 0 &&
	    (a->facts.cvss.len == 0 || span_starts_with(vector, "CVSS:"))) {
		a->facts.cvss = vector;
		a->facts.score_tenths = tenths;
	}
}

/* scores: [{ "cvss_v3": {...}, "products": [...] }]; threats: [{ "category": "impact",
 * "details": "Moderate" }]. The first of each stands for all products. */
static void take_scores(struct feed_input *in, struct json *j, struct about *a)
{
	struct json_token token;
	struct span name;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		if (token.kind != JSON_OBJECT) {
			json_skip(j, token.kind);
			continue;
		}
		while (json_member(j, &name)) {
			if (span_is(name, "cvss_v3") ||
			    (span_is(name, "cvss_v2") && a->facts.cvss.len == 0)) {
				take_cvss(in, j, a);
			} else {
				json_skip(j, json_next(j).kind);
			}
		}
	}
}

static void take_threats(struct feed_input *in, struct json *j, struct about *a)
{
	struct json_token token;
	struct span name;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		bool is_impact = false;
		struct span details = { NULL, 0 };

		if (token.kind != JSON_OBJECT) {
			json_skip(j, token.kind);
			continue;
		}
		while (json_member(j, &name)) {
			struct span text = feed_take_text(in, j);

			is_impact |= span_is(name, "category") && span_is(text, "impact");
			details = span_is(name, "details") ? text : details;
		}
		if (is_impact && a->urgency.len == 0) {
			a->urgency = details;
		}
	}
}

/* --- products --- */

static struct span quote_of(struct document *d, const char *status, struct span product)
{
	struct writer w = feed_text_begin(d->in, KNOWLEDGE_QUOTE_MAX);

	writer_text(&w, "{\"document\":\"");
	writer_bytes(&w, d->id);
	writer_text(&w, "\",\"product_status\":{\"");
	writer_text(&w, status);
	writer_text(&w, "\":[\"");
	writer_bytes(&w, product);
	writer_text(&w, "\"]}}");
	return feed_text_end(d->in, &w);
}

/* Its name among the stream's packages. */
static struct span name_of(struct document *d, const struct product *product)
{
	struct writer w = feed_text_begin(d->in, product->module.len + product->name.len + 2);

	if (product->module.len == 0) {
		return product->name;
	}
	writer_bytes(&w, product->module);
	writer_text(&w, "/");
	writer_bytes(&w, product->name);
	return feed_text_end(d->in, &w);
}

static int tell(struct document *d, const struct about *a, size_t status, struct span id,
		size_t offset)
{
	struct product product;
	struct knowledge_range range = { 0 };
	struct knowledge_record r = {
		.id = a->facts.id,
		.urgency = a->urgency,
		.feed = span_of(d->in->feed->name),
		.status = statuses[status].status,
		.ranges = &range,
		.range_count = statuses[status].status == KNOWLEDGE_AFFECTED,
		.is_alternative = true,
	};
	size_t room = writer_used(&d->in->room);
	int error;

	switch (products_resolve(&d->products, id, &product)) {
	case PRODUCT_SOURCE:
		break;
	case PRODUCT_BINARY:
		return 0;
	default:
		d->in->report->passed_over++;
		return 0;
	}
	if (statuses[status].is_fixed && product.version.len == 0) {
		feed_odd(d->in, offset, "a fixed product has no version");
		return 0;
	}
	range.fixed = statuses[status].is_fixed ? product.version : range.fixed;
	r.stream = product.stream;
	r.package = name_of(d, &product);
	r.advisory = product.advisory.len > 0           ? product.advisory
		     : span_starts_with(d->id, "RHSA-") ? d->id
							: (struct span){ NULL, 0 };
	r.flags = statuses[status].is_fixed ? 0 : product.flags;
	r.quote = quote_of(d, statuses[status].name, id);
	error = feed_entry(d->in, &r, offset);
	writer_rewind(&d->in->room, room);
	return error;
}

static int take_products(struct document *d, struct json *j, const struct about *a, size_t status)
{
	struct json_token token;
	int error = 0;

	if (!json_enter(j, JSON_ARRAY)) {
		feed_odd(d->in, feed_offset(d->in, j), "a status has no array of products");
		return 0;
	}
	while (error == 0 && (token = json_next(j)).kind != JSON_ARRAY_END &&
	       token.kind != JSON_END) {
		size_t offset = feed_offset(d->in, j);

		json_skip(j, token.kind);
		if (token.kind == JSON_STRING) {
			error = tell(d, a, status, token.text, offset);
		} else {
			feed_odd(d->in, offset, "a product is no text");
		}
	}
	return error;
}

static int take_status(struct document *d, struct about *a)
{
	struct span name;
	int error = 0;

	if (!a->has_status || !json_enter(&a->status, JSON_OBJECT)) {
		return 0;
	}
	while (error == 0 && json_member(&a->status, &name)) {
		size_t status = 0;

		while (status < COUNT_OF(statuses) && !span_is(name, statuses[status].name)) {
			status++;
		}
		if (status < COUNT_OF(statuses)) {
			error = take_products(d, &a->status, a, status);
		} else {
			json_skip(&a->status, json_next(&a->status).kind);
		}
	}
	return error;
}

/* --- vulnerabilities --- */

static void take_member(struct document *d, struct json *j, struct span name, struct about *a)
{
	if (span_is(name, "cve")) {
		a->facts.id = feed_take_text(d->in, j);
	} else if (span_is(name, "title")) {
		a->facts.summary = feed_one_line(d->in, feed_take_text(d->in, j));
	} else if (span_is(name, "release_date")) {
		a->facts.published = span_first(feed_take_text(d->in, j), 10);
	} else if (span_is(name, "scores")) {
		take_scores(d->in, j, a);
	} else if (span_is(name, "threats")) {
		take_threats(d->in, j, a);
	} else {
		if (span_is(name, "product_status")) {
			a->status = *j;
			a->has_status = true;
		} else if (span_is(name, "remediations")) {
			a->remediations = *j;
			a->has_remediations = true;
		}
		json_skip(j, json_next(j).kind);
	}
}

static int take_vulnerability(struct document *d, struct json *j)
{
	struct about a = { .facts = knowledge_no_facts((struct span){ NULL, 0 }) };
	size_t offset = feed_offset(d->in, j);
	struct span name;
	int error;

	while (json_member(j, &name)) {
		take_member(d, j, name, &a);
	}
	if (!json_ok(j) || !feed_is_cve(a.facts.id)) {
		feed_odd(d->in, offset, "expected a vulnerability with a cve");
		return 0;
	}
	if (a.urgency.len == 0) {
		a.urgency = d->severity;
	}
	products_forget_remedies(&d->products);
	if (a.has_remediations) {
		take_remediations(d, &a.remediations);
	}
	error = feed_facts(d->in, &a.facts, offset);
	return error != 0 ? error : take_status(d, &a);
}

static int take_vulnerabilities(struct document *d)
{
	struct json *j = &d->vulnerabilities;
	struct json_token token;
	int error = 0;

	if (!json_enter(j, JSON_ARRAY)) {
		return feed_malformed(d->in, feed_offset(d->in, j),
				      "\"vulnerabilities\" is no array");
	}
	while (error == 0 && (token = json_next(j)).kind != JSON_ARRAY_END &&
	       token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			error = take_vulnerability(d, j);
		} else {
			feed_odd(d->in, feed_offset(d->in, j), "a vulnerability is no object");
			json_skip(j, token.kind);
		}
	}
	return error;
}

/* --- the document --- */

static void take_tracking(struct document *d, struct json *j)
{
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "id")) {
			d->id = feed_take_text(d->in, j);
		} else if (span_is(name, "current_release_date")) {
			feed_snapshot(d->in, feed_take_text(d->in, j));
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
}

static void take_head(struct document *d, struct json *j)
{
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "tracking")) {
			take_tracking(d, j);
		} else if (span_is(name, "aggregate_severity") && json_enter(j, JSON_OBJECT)) {
			while (json_member(j, &name)) {
				struct span text = feed_take_text(d->in, j);

				d->severity = span_is(name, "text") ? text : d->severity;
			}
		} else if (!span_is(name, "aggregate_severity")) {
			json_skip(j, json_next(j).kind);
		}
	}
}

static int parse(struct feed_input *in)
{
	struct document d = { .in = in };
	struct json j = json_over(in->bytes);
	struct span name;
	int error;

	feed_text_clear(in);
	if (!json_enter(&j, JSON_OBJECT) && json_ok(&j)) {
		return feed_malformed(in, 0, "expected a CSAF document, an object");
	}
	while (json_member(&j, &name)) {
		if (span_is(name, "document")) {
			take_head(&d, &j);
			continue;
		}
		if (span_is(name, "vulnerabilities")) {
			d.vulnerabilities = j;
			d.has_vulnerabilities = true;
		} else if (span_is(name, "product_tree")) {
			d.tree = j;
			d.has_tree = true;
		}
		json_skip(&j, json_next(&j).kind);
	}
	error = feed_finish_json(in, &j);
	if (error != 0) {
		return error;
	}
	if (d.id.len == 0 || !d.has_vulnerabilities || !d.has_tree) {
		return feed_malformed(in, 0,
				      "expected a CSAF document with a tracking id, a product_tree "
				      "and vulnerabilities");
	}
	products_init(&d.products, in);
	error = products_take_tree(&d.products, &d.tree);
	error = error != 0 ? error : take_vulnerabilities(&d);
	products_done(&d.products);
	return error;
}

/* { "document": { ..., "csaf_version": ... */
static bool recognise(const struct feed *feed, struct span bytes)
{
	struct json j = json_over(bytes);
	struct span name;

	(void)feed;
	if (!json_enter(&j, JSON_OBJECT) || !json_member(&j, &name) || !span_is(name, "document") ||
	    !json_enter(&j, JSON_OBJECT)) {
		return false;
	}
	while (json_member(&j, &name)) {
		if (span_is(name, "csaf_version")) {
			return true;
		}
		json_skip(&j, json_next(&j).kind);
	}
	return false;
}

static const struct feed_part parts[] = {
	{ .file = "csaf_vex.tar.zst",
	  .address = "https://security.access.redhat.com/data/csaf/v2/vex/archive_latest.txt",
	  .is_pointer = true },
	{ NULL, NULL },
};

const struct feed feed_redhat = {
	.name = "redhat",
	.summary = "Red Hat VEX and CSAF documents: every CVE of every package, per release",
	.parts = parts,
	.wanted_by = "redhat",
	.interval_s = 24 * 3600,
	.size_max = UINT64_C(1) << 30,
	.has_documents = true,
	.recognise = recognise,
	.parse = parse,
};
