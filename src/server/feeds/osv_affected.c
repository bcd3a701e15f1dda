/* osv_affected.c - OSV's events as ranges, in the order of the ecosystem's own versions. */
#include "server/feeds/osv_affected.h"

#include "base/error.h"
#include "formats/ascii.h"
#include "formats/versions/versions.h"
#include "server/feeds/limits.h"

#define EVENTS_MAX   1024
#define RANGES_MAX   512
#define VERSIONS_MAX 8192

enum event_kind { EVENT_INTRODUCED, EVENT_FIXED, EVENT_LIMIT, EVENT_LAST_AFFECTED };

struct event {
	enum event_kind kind;
	struct span version; /* empty: before the first */
};

/* On the stack of osv_take_affected: bounded, about 150 KB. */
struct affected {
	struct feed_input *in;
	const struct version_scheme *scheme;
	struct span ecosystem;
	struct span name;
	struct span urgency;
	struct span ranges_raw;
	struct json ranges; /* before their value */
	struct json versions;
	bool has_ranges;
	bool has_versions;
	bool is_too_much;
	bool has_comparable; /* some range of versions, not of commits */
	struct event events[EVENTS_MAX];
	size_t event_count;
	struct knowledge_range found[RANGES_MAX];
	size_t found_count;
	struct span listed[VERSIONS_MAX];
	size_t listed_count;
};

/* --- names --- */

static bool is_language(struct span ecosystem)
{
	static const char *const names[] = { "npm",   "PyPI",  "crates.io", "Go",  "RubyGems",
					     "Maven", "NuGet", "Packagist", "Hex", "Pub" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (span_is(ecosystem, names[i])) {
			return true;
		}
	}
	return false;
}

/* Ubuntu:[Pro:[FIPS...:]]RELEASE[:LTS] */
static void ubuntu_stream(struct span rest, struct writer *out)
{
	struct reader r = reader_over(rest);

	writer_text(out, "ubuntu");
	while (reader_left(&r) > 0) {
		struct span part = reader_until(&r, ':');

		if (part.len == 0) {
			continue;
		}
		if (part.ptr[0] >= '0' && part.ptr[0] <= '9') {
			writer_u8(out, ':');
			writer_bytes(out, part);
			return;
		}
		writer_u8(out, '-');
		for (size_t i = 0; i < part.len; i++) {
			writer_u8(out, ascii_lower(part.ptr[i]));
		}
	}
	writer_rewind(out, 0);
}

void osv_stream(struct span ecosystem, struct writer *out)
{
	size_t colon = span_find(ecosystem, ':');
	struct span rest = span_after(ecosystem, colon + 1);

	ecosystem = span_first(ecosystem, colon);
	if (is_language(ecosystem)) {
		writer_bytes(out, ecosystem);
	} else if (rest.len == 0) {
		return;
	} else if (span_is(ecosystem, "Ubuntu")) {
		ubuntu_stream(rest, out);
	} else if (span_is(ecosystem, "Debian")) {
		writer_text(out, "debian:");
		writer_bytes(out, rest);
	} else if (span_is(ecosystem, "Alpine")) {
		writer_text(out, "alpine:");
		writer_bytes(out, span_after(rest, rest.ptr[0] == 'v'));
	}
}

void osv_normal_pypi(struct span name, struct writer *out)
{
	bool was_separator = false;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = ascii_lower(name.ptr[i]);
		bool is_separator = c == '-' || c == '_' || c == '.';

		if (!is_separator || !was_separator) {
			writer_u8(out, is_separator ? '-' : c);
		}
		was_separator = is_separator;
	}
}

bool osv_is_of_ecosystem(struct json *j, const char *ecosystem)
{
	struct json_token token;
	size_t len = span_of(ecosystem).len;

	if (!json_enter(j, JSON_ARRAY)) {
		return false;
	}
	/* "ecosystem" is looked for wherever it is: only in a package it is a text like this */
	while ((token = json_next(j)).kind != JSON_END) {
		if (token.kind == JSON_KEY && span_is(token.text, "ecosystem")) {
			token = json_next(j);
			if (token.kind == JSON_STRING && span_starts_with(token.text, ecosystem) &&
			    (token.text.len == len || token.text.ptr[len] == ':')) {
				return true;
			}
		}
	}
	return false;
}

/* --- ranges --- */

static bool is_zero(struct span version)
{
	return version.len == 0 || span_is(version, "0");
}

static int compare_versions(const struct affected *a, struct span x, struct span y)
{
	if (is_zero(x) || is_zero(y)) {
		return (int)is_zero(y) - (int)is_zero(x);
	}
	return a->scheme != NULL ? a->scheme->compare(x, y) : 0;
}

/* Sorted as they come in: what is fixed before what is introduced again at the same version. */
static void add_event(struct affected *a, enum event_kind kind, struct span version)
{
	size_t at = a->event_count;

	if (at == EVENTS_MAX) {
		a->is_too_much = true;
		return;
	}
	while (at > 0 && compare_versions(a, a->events[at - 1].version, version) > 0) {
		a->events[at] = a->events[at - 1];
		at--;
	}
	a->events[at] = (struct event){ kind, version };
	a->event_count++;
}

static void take_event(struct affected *a, struct json *j)
{
	struct span name;

	while (json_member(j, &name)) {
		struct span version = feed_take_text(a->in, j);

		if (span_is(name, "introduced")) {
			add_event(a, EVENT_INTRODUCED,
				  is_zero(version) ? (struct span){ NULL, 0 } : version);
		} else if (span_is(name, "fixed")) {
			add_event(a, EVENT_FIXED, version);
		} else if (span_is(name, "last_affected")) {
			add_event(a, EVENT_LAST_AFFECTED, version);
		} else if (span_is(name, "limit") && !span_is(version, "*")) {
			add_event(a, EVENT_LIMIT, version);
		}
	}
}

static void take_events(struct affected *a, struct json *j)
{
	struct json_token token;

	if (!json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			take_event(a, j);
		} else {
			json_skip(j, token.kind);
		}
	}
}

static void add_range(struct affected *a, struct knowledge_range range)
{
	if (a->found_count == RANGES_MAX) {
		a->is_too_much = true;
		return;
	}
	a->found[a->found_count++] = range;
}

static void close_events(struct affected *a)
{
	struct knowledge_range range = { 0 };
	bool is_open = false;

	for (size_t i = 0; i < a->event_count; i++) {
		const struct event *e = &a->events[i];

		if (e->kind == EVENT_INTRODUCED && !is_open) {
			range = (struct knowledge_range){ .introduced = e->version };
			is_open = true;
		} else if (e->kind != EVENT_INTRODUCED && is_open) {
			range.fixed = e->version;
			range.is_last_affected = e->kind == EVENT_LAST_AFFECTED;
			add_range(a, range);
			is_open = false;
		}
	}
	if (is_open) {
		add_range(a, range);
	}
	a->event_count = 0;
}

static void take_range(struct affected *a, struct json *j)
{
	struct span name;
	bool is_git = false;

	while (json_member(j, &name)) {
		if (span_is(name, "type")) {
			is_git = span_is(feed_take_text(a->in, j), "GIT");
		} else if (span_is(name, "events")) {
			take_events(a, j);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	if (is_git) {
		a->event_count = 0; /* commits are no versions */
		return;
	}
	a->has_comparable |= a->event_count > 0;
	close_events(a);
}

static void take_ranges(struct affected *a)
{
	struct json *j = &a->ranges;
	struct json_token token;

	if (!a->has_ranges || !json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		if (token.kind == JSON_OBJECT) {
			take_range(a, j);
		} else {
			json_skip(j, token.kind);
		}
	}
}

/* --- versions --- */

static bool is_in_ranges(const struct affected *a, struct span version)
{
	for (size_t i = 0; i < a->found_count; i++) {
		const struct knowledge_range *r = &a->found[i];
		int order = r->fixed.len == 0 ? -1 : compare_versions(a, version, r->fixed);

		if (compare_versions(a, version, r->introduced) >= 0 &&
		    (order < 0 || (order == 0 && r->is_last_affected))) {
			return true;
		}
	}
	return false;
}

/* Listed are mostly the versions that the ranges hold: those need not be kept twice. A
 * distribution's list is its archive's history and says nothing beyond its ranges. */
static void take_versions(struct affected *a)
{
	struct json *j = &a->versions;
	struct json_token token;
	bool is_distribution = span_find(a->ecosystem, ':') < a->ecosystem.len;

	if (!a->has_versions || (is_distribution && a->has_comparable) ||
	    !json_enter(j, JSON_ARRAY)) {
		return;
	}
	while ((token = json_next(j)).kind != JSON_ARRAY_END && token.kind != JSON_END) {
		struct span version = token.kind == JSON_STRING ? feed_text(a->in, token.text)
								: (struct span){ NULL, 0 };

		json_skip(j, token.kind);
		if (version.len == 0 || (a->scheme != NULL && is_in_ranges(a, version))) {
			continue;
		}
		if (a->listed_count == VERSIONS_MAX) {
			a->is_too_much = true;
			return;
		}
		a->listed[a->listed_count++] = version;
	}
}

/* --- one member --- */

static void take_package(struct affected *a, struct json *j)
{
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		struct span text = feed_take_text(a->in, j);

		if (span_is(name, "ecosystem")) {
			a->ecosystem = text;
		} else if (span_is(name, "name")) {
			a->name = text;
		}
	}
}

static void take_specific(struct affected *a, struct json *j)
{
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "urgency")) {
			a->urgency = feed_take_text(a->in, j);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
}

static void take_members(struct affected *a, struct json *j)
{
	struct span name;

	while (json_member(j, &name)) {
		if (span_is(name, "package")) {
			take_package(a, j);
		} else if (span_is(name, "ecosystem_specific")) {
			take_specific(a, j);
		} else if (span_is(name, "ranges") && !a->has_ranges) {
			a->ranges = *j;
			a->has_ranges = true;
			a->ranges_raw = feed_take_raw(a->in, j);
		} else if (span_is(name, "versions") && !a->has_versions) {
			a->versions = *j;
			a->has_versions = true;
			json_skip(j, json_next(j).kind);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
}

/* {"ecosystem":"npm","name":"lodash","ranges":[...]} */
static struct span quote_of(struct affected *a)
{
	struct writer w = feed_text_begin(a->in, KNOWLEDGE_QUOTE_MAX);

	writer_text(&w, "{\"ecosystem\":\"");
	writer_bytes(&w, a->ecosystem);
	writer_text(&w, "\",\"name\":\"");
	writer_bytes(&w, a->name);
	writer_text(&w, "\"");
	if (a->ranges_raw.len > 0) {
		writer_text(&w, ",\"ranges\":");
		feed_write_compact(&w, a->ranges_raw);
	}
	writer_text(&w, "}");
	return feed_text_end(a->in, &w);
}

static int tell(struct affected *a, const struct osv_about *about, size_t offset)
{
	struct writer stream = feed_text_begin(a->in, KNOWLEDGE_NAME_MAX);
	struct knowledge_record r = {
		.feed = span_of(a->in->feed->name),
		.urgency = a->urgency.len > 0 ? a->urgency : about->urgency,
		.status = KNOWLEDGE_AFFECTED,
		.ranges = a->found,
		.range_count = a->found_count,
		.versions = a->listed,
		.version_count = a->listed_count,
	};
	int error = 0;

	osv_stream(a->ecosystem, &stream);
	r.stream = feed_text_end(a->in, &stream);
	r.package = a->name;
	if (span_is(r.stream, "PyPI")) {
		struct writer name = feed_text_begin(a->in, a->name.len);

		osv_normal_pypi(a->name, &name);
		r.package = feed_text_end(a->in, &name);
	}
	if (r.stream.len == 0 || (a->found_count == 0 && a->listed_count == 0)) {
		a->in->report->passed_over++;
		return 0;
	}
	r.quote = quote_of(a);
	r.flags = span_is(r.urgency, "unimportant")   ? KNOWLEDGE_UNIMPORTANT
		  : span_is(r.urgency, "end-of-life") ? KNOWLEDGE_END_OF_LIFE
						      : 0;
	for (size_t i = 0; error == 0 && i < about->id_count; i++) {
		r.id = about->ids[i];
		r.advisory = span_equal(about->advisory, r.id) ? (struct span){ NULL, 0 }
							       : about->advisory;
		error = feed_entry(a->in, &r, offset);
	}
	return error;
}

int osv_take_affected(struct feed_input *in, struct json *j, const struct osv_about *about)
{
	struct affected a;
	size_t offset = feed_offset(in, j);
	size_t room = writer_used(&in->room);
	int error;

	a.in = in;
	a.ecosystem = a.name = a.urgency = a.ranges_raw = (struct span){ NULL, 0 };
	a.has_ranges = a.has_versions = a.is_too_much = a.has_comparable = false;
	a.event_count = a.found_count = a.listed_count = 0;
	take_members(&a, j);
	a.scheme = version_scheme_of_ecosystem(a.ecosystem);
	take_ranges(&a);
	take_versions(&a);
	if (a.is_too_much) {
		feed_odd(in, offset, "more ranges or versions than are taken");
		error = 0;
	} else {
		error = tell(&a, about, offset);
	}
	writer_rewind(&in->room, room); /* a record may affect thousands */
	return error;
}
