/*
 * nvd_configurations.c - criteria made into one record a product, with ranges and single versions.
 *
 * A single version is told as VERSION where any update of it is meant, VERSION:UPDATE where one is
 * (VERSION:- where none is); one with * or ? is a pattern. What holds only together with something
 * else (a configuration or a node with AND), or for one edition or system only, is a record of its
 * own that is marked as conditional, and quotes the condition. What is negated is left out.
 */
#include "server/feeds/nvd_configurations.h"

#include "base/error.h"
#include "formats/cpe_name.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"

#include <stdlib.h>

#define NODES_MAX     16 /* of one configuration with AND */
#define QUOTED_MAX    4  /* criteria of a condition that are quoted */
#define RANGES_MAX    2048
#define VERSIONS_MAX  8192
#define MATCHES_FIRST 256

struct nvd_match {
	struct span package;
	struct span version; /* empty: the range */
	struct knowledge_range range;
	unsigned flags;
	struct span quote;
	size_t place; /* in the document's order */
};

/* One node, before its matches. */
struct node {
	struct json matches;
	bool has_matches;
	bool is_and;
	bool is_negated;
	bool is_all_windows;
	unsigned count;
};

struct criteria {
	struct feed_input *in;
	struct nvd_matches *matches;
	struct span written; /* the last vendor and product as they are written, and ... */
	struct span package; /* ... in their one spelling */
	bool is_too_much;
	uint64_t odd; /* criteria that are no names */
};

void nvd_matches_done(struct nvd_matches *matches)
{
	free(matches->items);
	*matches = (struct nvd_matches){ NULL, 0, 0 };
}

/* --- one criterion --- */

struct said {
	struct span raw; /* criteria, as JSON has it */
	struct span criteria;
	struct span start;
	struct span end;
	bool is_vulnerable;
	bool is_start_excluded;
	bool is_end_included;
};

static void take_said(struct feed_input *in, struct json *j, struct said *out)
{
	struct span name;

	*out = (struct said){ .is_vulnerable = false };
	while (json_member(j, &name)) {
		if (span_is(name, "vulnerable")) {
			enum json_kind kind = json_next(j).kind;

			out->is_vulnerable = kind == JSON_TRUE;
			json_skip(j, kind);
		} else if (span_is(name, "criteria")) {
			if (json_text(j, &out->raw)) {
				out->criteria = feed_text(in, out->raw);
			}
		} else if (span_is(name, "versionStartIncluding") ||
			   span_is(name, "versionStartExcluding")) {
			out->start = feed_take_text(in, j);
			out->is_start_excluded = span_ends_with(name, "Excluding");
		} else if (span_is(name, "versionEndIncluding") ||
			   span_is(name, "versionEndExcluding")) {
			out->end = feed_take_text(in, j);
			out->is_end_included = span_ends_with(name, "Including");
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
}

static bool is_windows(struct span criteria)
{
	return span_starts_with(criteria, "cpe:2.3:o:microsoft:windows");
}

static bool is_said(struct span attribute)
{
	return !cpe_is_any(attribute) && !cpe_is_none(attribute);
}

/* "VERSION", "VERSION:UPDATE" or a pattern; empty where it cannot be told so. */
static struct span version_text(struct feed_input *in, const struct cpe_name *name)
{
	struct span version = name->attributes[CPE_VERSION];
	struct span update = name->attributes[CPE_UPDATE];
	struct writer w = feed_text_begin(in, 2 * CPE_ATTRIBUTE_MAX + 1);
	struct span none = { NULL, 0 };

	if (cpe_has_wildcards(version)) {
		cpe_write_quoted(version, &w);
		return writer_ok(&w) ? feed_text_end(in, &w) : none;
	}
	cpe_write_plain(version, &w);
	for (size_t i = 0; i < writer_used(&w); i++) {
		uint8_t c = writer_span(&w).ptr[i];

		if (c == ':' || c == '*' || c == '?') {
			return none; /* it would mean something else */
		}
	}
	if (!cpe_is_any(update) && !cpe_has_wildcards(update)) {
		writer_u8(&w, ':');
		cpe_write_plain(update, &w);
	}
	return writer_ok(&w) ? feed_text_end(in, &w) : none;
}

/* Of many criteria in a row for one product its name is made once. */
static bool find_package(struct criteria *c, const struct cpe_name *name)
{
	struct span vendor = name->attributes[CPE_VENDOR];
	struct span product = name->attributes[CPE_PRODUCT];
	struct span written = { vendor.ptr, (size_t)(product.ptr - vendor.ptr) + product.len };
	struct writer w;

	if (c->package.len > 0 && span_equal(c->written, written)) {
		return true;
	}
	w = feed_text_begin(c->in, 4 * CPE_ATTRIBUTE_MAX + 8);
	c->package = (struct span){ NULL, 0 };
	if (cpe_write_product(name, &w)) {
		c->written = written;
		c->package = feed_text_end(c->in, &w);
	}
	return c->package.len > 0;
}

/* Editions, languages and systems that a banner does not tell. */
static struct span edition_of(const struct cpe_name *name, unsigned *flags)
{
	static const enum cpe_attribute kinds[] = { CPE_TARGET_SW, CPE_SW_EDITION, CPE_EDITION,
						    CPE_TARGET_HW, CPE_OTHER };

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct span attribute = name->attributes[kinds[i]];

		if (is_said(attribute)) {
			*flags |= KNOWLEDGE_IS_CONDITIONAL;
			*flags |=
				kinds[i] == CPE_TARGET_SW && span_starts_with(attribute, "windows")
					? KNOWLEDGE_ON_WINDOWS
					: 0;
			return attribute;
		}
	}
	return (struct span){ NULL, 0 };
}

static struct span quote_edition(struct feed_input *in, struct span edition)
{
	struct writer w = feed_text_begin(in, CPE_ATTRIBUTE_MAX * 2 + 32);

	writer_text(&w, "{\"edition\":\"");
	for (size_t i = 0; i < edition.len; i++) {
		if (edition.ptr[i] != '\\' && edition.ptr[i] != '"') {
			writer_u8(&w, edition.ptr[i]);
		}
	}
	writer_text(&w, "\"}");
	return writer_ok(&w) ? feed_text_end(in, &w) : (struct span){ NULL, 0 };
}

static void add_match(struct criteria *c, const struct nvd_match *match)
{
	struct nvd_matches *m = c->matches;

	if (m->count == NVD_MATCHES_MAX) {
		c->is_too_much = true;
		return;
	}
	if (m->count == m->capacity) {
		m->capacity = m->capacity == 0 ? MATCHES_FIRST : 2 * m->capacity;
		m->items = alloc_resize(m->items, m->capacity, sizeof *m->items);
	}
	m->items[m->count] = *match;
	m->items[m->count].place = m->count;
	m->count++;
}

/* What can be judged of it. */
static void take_criterion(struct criteria *c, const struct said *said, unsigned flags,
			   struct span quote)
{
	struct nvd_match match = { .flags = flags, .quote = quote };
	struct cpe_name name;
	struct span edition;

	if (!said->is_vulnerable || !span_starts_with(said->criteria, "cpe:2.3:a:")) {
		c->odd += said->is_vulnerable && !span_starts_with(said->criteria, "cpe:2.3:");
		return;
	}
	if (cpe_name_read(said->criteria, &name) != 0 || !find_package(c, &name)) {
		c->odd++;
		return;
	}
	if (is_said(name.attributes[CPE_VERSION])) {
		match.version = version_text(c->in, &name);
	}
	if (match.version.len == 0 &&
	    (!cpe_is_any(name.attributes[CPE_VERSION]) || said->start.len + said->end.len == 0)) {
		return; /* every version, none, or one that cannot be told */
	}
	match.range = (struct knowledge_range){ .introduced = said->start,
						.fixed = said->end,
						.is_introduced_after = said->is_start_excluded,
						.is_last_affected = said->is_end_included };
	match.package = c->package;
	edition = edition_of(&name, &match.flags);
	if (edition.len > 0 && quote.len == 0) {
		match.quote = quote_edition(c->in, edition);
	}
	add_match(c, &match);
}

/* --- nodes --- */

static void count_matches(struct feed_input *in, struct node *node)
{
	struct json j = node->matches;
	size_t room = writer_used(&in->room);
	struct json_token token;

	node->is_all_windows = true;
	if (!json_enter(&j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(&j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		struct said said;

		if (token.kind != JSON_OBJECT) {
			json_skip(&j, token.kind);
			continue;
		}
		take_said(in, &j, &said);
		node->count++;
		node->is_all_windows = node->is_all_windows && is_windows(said.criteria);
		writer_rewind(&in->room, room);
	}
	node->is_all_windows = node->is_all_windows && node->count > 0;
}

static bool is_word(struct json *j, const char *word)
{
	struct span text;

	return json_text(j, &text) && span_is(text, word);
}

static void take_node(struct feed_input *in, struct json *j, struct node *out)
{
	struct span name;

	*out = (struct node){ .has_matches = false };
	while (json_member(j, &name)) {
		if (span_is(name, "operator")) {
			out->is_and = is_word(j, "AND");
		} else if (span_is(name, "negate")) {
			enum json_kind kind = json_next(j).kind;

			out->is_negated = kind == JSON_TRUE;
			json_skip(j, kind);
		} else {
			if (span_is(name, "cpeMatch") && !out->has_matches) {
				out->matches = *j;
				out->has_matches = true;
			}
			json_skip(j, json_next(j).kind);
		}
	}
	if (out->has_matches) {
		count_matches(in, out);
	}
}

/* The first criteria of the other nodes (or, in a node with AND, of itself). */
static void quote_node(struct feed_input *in, const struct node *node, struct writer *w,
		       unsigned *count)
{
	struct json j = node->matches;
	size_t room = writer_used(&in->room);
	struct json_token token;

	if (!json_enter(&j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(&j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		struct said said = { .raw = { NULL, 0 } };

		if (token.kind == JSON_OBJECT) {
			take_said(in, &j, &said);
		} else {
			json_skip(&j, token.kind);
		}
		writer_rewind(&in->room, room); /* raw is the document's */
		if (said.raw.len > 0 && *count < QUOTED_MAX && said.raw.len + 4 < writer_left(w)) {
			writer_text(w, *count > 0 ? ",\"" : "\"");
			writer_bytes(w, said.raw);
			writer_u8(w, '"');
			++*count;
		}
	}
}

/* What else has to be there for a node's matches: flags, and the condition quoted. */
static unsigned condition_of(struct feed_input *in, const struct node *nodes, size_t count,
			     size_t which, struct span *out_quote)
{
	uint8_t room[KNOWLEDGE_QUOTE_MAX];
	struct writer w = writer_over(room, sizeof room);
	unsigned flags = 0;
	unsigned quoted = 0;
	struct writer kept;

	*out_quote = (struct span){ NULL, 0 };
	writer_text(&w, "{\"with\":[");
	for (size_t i = 0; i < count; i++) {
		bool is_needed = nodes[i].count > 0 &&
				 (i != which || (nodes[i].is_and && nodes[i].count > 1));

		if (is_needed) {
			flags |= KNOWLEDGE_IS_CONDITIONAL;
			flags |= i != which && nodes[i].is_all_windows ? KNOWLEDGE_ON_WINDOWS : 0;
			quote_node(in, &nodes[i], &w, &quoted);
		}
	}
	writer_text(&w, "]}");
	if (flags != 0 && writer_ok(&w)) {
		kept = feed_text_begin(in, sizeof room);
		writer_bytes(&kept, writer_span(&w));
		*out_quote = feed_text_end(in, &kept);
	}
	return flags;
}

static void take_matches(struct criteria *c, const struct node *node, unsigned flags,
			 struct span quote)
{
	struct json j = node->matches;
	struct json_token token;

	if (!node->has_matches || node->is_negated || !json_enter(&j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(&j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		struct said said;

		if (token.kind == JSON_OBJECT) {
			take_said(c->in, &j, &said);
			take_criterion(c, &said, flags, quote);
		} else {
			json_skip(&j, token.kind);
		}
	}
}

/* --- configurations --- */

struct configuration {
	struct node nodes[NODES_MAX];
	size_t count;
	bool is_and;
	bool is_negated;
};

static void take_nodes(struct criteria *c, struct json *j, struct configuration *out)
{
	struct json_token token;
	struct node node;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		if (token.kind != JSON_OBJECT) {
			json_skip(j, token.kind);
			continue;
		}
		take_node(c->in, j, &node);
		if (out->count == NODES_MAX) {
			c->is_too_much = true;
		} else {
			out->nodes[out->count++] = node;
		}
		/* of what is negated and has to be there, nothing can be told */
		out->is_negated = out->is_negated || node.is_negated;
	}
}

static void take_configuration(struct criteria *c, struct json *j)
{
	struct configuration configuration = { .count = 0 };
	const struct node *nodes = configuration.nodes;
	struct span name;

	while (json_member(j, &name)) {
		if (span_is(name, "nodes")) {
			take_nodes(c, j, &configuration);
		} else if (span_is(name, "operator")) {
			configuration.is_and = is_word(j, "AND");
		} else if (span_is(name, "negate")) {
			enum json_kind kind = json_next(j).kind;

			configuration.is_negated = configuration.is_negated || kind == JSON_TRUE;
			json_skip(j, kind);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	for (size_t i = 0; i < configuration.count && !configuration.is_negated; i++) {
		struct span quote;
		unsigned flags =
			configuration.is_and
				? condition_of(c->in, nodes, configuration.count, i, &quote)
				: condition_of(c->in, &nodes[i], 1, 0, &quote);

		take_matches(c, &nodes[i], flags, quote);
	}
}

/* --- records --- */

/* By product; what holds in any case before what is conditional; as the document has it. */
static int compare_matches(const void *x, const void *y)
{
	const struct nvd_match *a = x;
	const struct nvd_match *b = y;
	int order = span_compare(a->package, b->package);

	if (order == 0) {
		order = (a->flags > b->flags) - (a->flags < b->flags);
	}
	if (order == 0) {
		order = span_compare(a->quote, b->quote);
	}
	return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static bool are_one_record(const struct nvd_match *a, const struct nvd_match *b)
{
	return a->flags == b->flags && span_equal(a->package, b->package) &&
	       span_equal(a->quote, b->quote);
}

struct record_room {
	struct knowledge_range ranges[RANGES_MAX];
	struct span versions[VERSIONS_MAX];
};

/* As many matches as make one record. */
static int tell_record(struct feed_input *in, const struct nvd_match *first, size_t count,
		       struct span id, struct record_room *room)
{
	struct knowledge_record r = {
		.stream = span_of(NVD_STREAM),
		.package = first->package,
		.id = id,
		.feed = span_of(in->feed->name),
		.quote = first->quote,
		.status = KNOWLEDGE_AFFECTED,
		.flags = first->flags,
		.ranges = room->ranges,
		.versions = room->versions,
	};

	for (size_t i = 0; i < count; i++) {
		if (first[i].version.len > 0 && r.version_count < VERSIONS_MAX) {
			room->versions[r.version_count++] = first[i].version;
		} else if (first[i].version.len == 0 && r.range_count < RANGES_MAX) {
			room->ranges[r.range_count++] = first[i].range;
		}
	}
	return feed_entry(in, &r, 0);
}

static int tell_records(struct feed_input *in, struct nvd_matches *m, struct span id,
			size_t *out_kept)
{
	struct record_room *room = alloc_resize(NULL, 1, sizeof *room);
	int error = 0;

	qsort(m->items, m->count, sizeof *m->items, compare_matches);
	for (size_t i = 0; error == 0 && i < m->count;) {
		size_t count = 1;

		while (i + count < m->count && are_one_record(&m->items[i], &m->items[i + count])) {
			count++;
		}
		error = tell_record(in, &m->items[i], count, id, room);
		++*out_kept;
		i += count;
	}
	free(room);
	return error;
}

int nvd_take_configurations(struct feed_input *in, struct json *j, struct span id,
			    struct nvd_matches *matches, size_t *out_kept)
{
	struct criteria c = { .in = in, .matches = matches };
	size_t offset = feed_offset(in, j);
	struct json_token token;

	*out_kept = 0;
	matches->count = 0;
	if (!json_enter(j, JSON_ARRAY)) {
		return 0;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			take_configuration(&c, j);
		} else {
			json_skip(j, token.kind);
		}
	}
	if (c.is_too_much) {
		feed_odd(in, offset, "a CVE has more configurations than can be judged");
	}
	if (c.odd > 0) {
		feed_odd(in, offset, "a criterion is no name of CPE");
	}
	return matches->count == 0 ? 0 : tell_records(in, matches, id, out_kept);
}
