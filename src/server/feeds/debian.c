/*
 * debian.c - the Debian security tracker's data/json:
 *
 *   { "openssl": { "CVE-2024-0727": { "description": ..., "debianbug": 123, "releases": {
 *       "bookworm": { "status": "resolved", "fixed_version": "3.0.13-1~deb12u1",
 *                     "urgency": "low", "nodsa": ..., "nodsa_reason": "ignored",
 *                     "repositories": { "bookworm": "3.0.11-1" } } } } } }
 *
 * A fixed version of "0" says that the release never was affected. The document bears no date.
 */
#include "server/feeds/table.h"

#include "base/error.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/limits.h"

#define BUG_ADDRESS "https://bugs.debian.org/"

static const struct {
	const char *codename;
	const char *stream;
} releases[] = {
	{ "bookworm", "debian:12" }, { "trixie", "debian:13" }, { "bullseye", "debian:11" },
	{ "sid", "debian:sid" },     { "forky", "debian:14" },  { "buster", "debian:10" },
	{ "stretch", "debian:9" },   { "jessie", "debian:8" },  { "wheezy", "debian:7" },
	{ "duke", "debian:15" },
};

/* What one release says about one vulnerability of one package. */
struct state {
	struct span status;
	struct span fixed;
	struct span urgency;
	struct span reason;
	bool is_nodsa;
};

static const char *stream_of(struct span codename)
{
	for (size_t i = 0; i < COUNT_OF(releases); i++) {
		if (span_is(codename, releases[i].codename)) {
			return releases[i].stream;
		}
	}
	return NULL;
}

/* The quote leaves out which repository holds which version: it changes without any decision. */
static void read_state(struct feed_input *in, struct json *j, struct state *s, struct writer *quote)
{
	struct span name;
	bool is_first = true;

	writer_u8(quote, '{');
	while (json_member(j, &name)) {
		struct span raw = feed_take_raw(in, j);
		struct span text = raw.len >= 2 && raw.ptr[0] == '"'
					   ? span_first(span_after(raw, 1), raw.len - 2)
					   : (struct span){ NULL, 0 };

		if (span_is(name, "repositories")) {
			continue;
		}
		if (span_is(name, "status")) {
			s->status = text;
		} else if (span_is(name, "fixed_version")) {
			s->fixed = text;
		} else if (span_is(name, "urgency")) {
			s->urgency = text;
		} else if (span_is(name, "nodsa")) {
			s->is_nodsa = true;
		} else if (span_is(name, "nodsa_reason")) {
			s->reason = text;
		}
		writer_text(quote, is_first ? "\"" : ",\"");
		writer_bytes(quote, name);
		writer_text(quote, "\":");
		feed_write_compact(quote, raw);
		is_first = false;
	}
	writer_u8(quote, '}');
}

static unsigned flags_of(const struct state *s)
{
	unsigned flags = s->is_nodsa ? KNOWLEDGE_NO_DSA : 0;

	if (s->is_nodsa && span_is(s->reason, "ignored")) {
		flags |= KNOWLEDGE_IGNORED;
	}
	if (s->is_nodsa && span_is(s->reason, "postponed")) {
		flags |= KNOWLEDGE_POSTPONED;
	}
	if (span_is(s->urgency, "unimportant")) {
		flags |= KNOWLEDGE_UNIMPORTANT;
	}
	if (span_is(s->urgency, "end-of-life")) {
		flags |= KNOWLEDGE_END_OF_LIFE;
	}
	return flags;
}

static int take_release(struct feed_input *in, struct json *j, struct knowledge_record record)
{
	struct knowledge_record *r = &record; /* of this release alone */
	size_t offset = feed_offset(in, j);
	struct state s = { 0 };
	struct knowledge_range range = { 0 };
	struct writer quote;

	if (!json_enter(j, JSON_OBJECT)) {
		feed_odd(in, offset, "a release's state is no object");
		return 0;
	}
	quote = feed_text_begin(in, KNOWLEDGE_QUOTE_MAX);
	read_state(in, j, &s, &quote);
	r->quote = feed_text_end(in, &quote);
	s.urgency = feed_text(in, s.urgency);
	range.fixed = feed_text(in, s.fixed);
	r->urgency = s.urgency;
	r->flags = flags_of(&s);
	r->ranges = &range;
	r->range_count = 1;
	if (span_is(s.status, "resolved") && span_is(range.fixed, "0")) {
		r->status = KNOWLEDGE_NOT_AFFECTED;
		r->range_count = 0;
	} else if (span_is(s.status, "resolved") && range.fixed.len > 0) {
		r->status = KNOWLEDGE_AFFECTED;
	} else if (span_is(s.status, "open")) {
		r->status = KNOWLEDGE_AFFECTED;
		range.fixed = (struct span){ NULL, 0 };
	} else if (span_is(s.status, "undetermined")) {
		r->status = KNOWLEDGE_UNDETERMINED;
		r->range_count = 0;
	} else {
		feed_odd(in, offset, "status is none of resolved, open, undetermined");
		return 0;
	}
	return feed_entry(in, r, offset);
}

static int take_releases(struct feed_input *in, struct json *j, struct knowledge_record *r)
{
	struct span codename;
	int error = 0;

	if (!json_enter(j, JSON_OBJECT)) {
		feed_odd(in, feed_offset(in, j), "\"releases\" is no object");
		return 0;
	}
	while (error == 0 && json_member(j, &codename)) {
		const char *stream = stream_of(codename);

		if (stream == NULL) {
			in->report->passed_over++;
			json_skip(j, json_next(j).kind);
			continue;
		}
		r->stream = span_of(stream);
		error = take_release(in, j, *r);
	}
	return error;
}

static int take_vulnerability(struct feed_input *in, struct json *j, struct span package,
			      struct span id)
{
	struct knowledge_record r = { .package = package,
				      .id = id,
				      .feed = span_of(in->feed->name) };
	struct knowledge_vulnerability facts = knowledge_no_facts(id);
	size_t offset = feed_offset(in, j);
	struct span name;
	int error = 0;

	if (!json_enter(j, JSON_OBJECT)) {
		feed_odd(in, offset, "a vulnerability is no object");
		return 0;
	}
	while (error == 0 && json_member(j, &name)) {
		if (span_is(name, "releases")) {
			error = take_releases(in, j, &r);
		} else if (span_is(name, "description")) {
			facts.summary = feed_one_line(in, feed_take_text(in, j));
		} else if (span_is(name, "debianbug")) {
			struct span bug = feed_take_raw(in, j);
			struct writer w = feed_text_begin(in, sizeof BUG_ADDRESS + bug.len);

			if (bug.len > 0 && bug.ptr[0] >= '0' && bug.ptr[0] <= '9') {
				writer_text(&w, BUG_ADDRESS);
				writer_bytes(&w, bug);
			}
			facts.references = feed_text_end(in, &w);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	return error != 0 || !json_ok(j) ? error : feed_facts(in, &facts, offset);
}

static int take_package(struct feed_input *in, struct json *j, struct span package)
{
	struct span name;
	int error = 0;

	if (!json_enter(j, JSON_OBJECT)) {
		feed_odd(in, feed_offset(in, j), "a package is no object");
		return 0;
	}
	while (error == 0 && json_member(j, &name)) {
		feed_text_clear(in);
		package = feed_text(in, package); /* as it is, where nothing is escaped in it */
		error = take_vulnerability(in, j, package, feed_text(in, name));
	}
	return error;
}

static int parse(struct feed_input *in)
{
	struct json j = json_over(in->bytes);
	struct span name;
	int error = 0;

	if (!json_enter(&j, JSON_OBJECT) && json_ok(&j)) {
		return feed_malformed(in, 0, "expected an object of source packages");
	}
	while (error == 0 && json_member(&j, &name)) {
		error = take_package(in, &j, name);
	}
	return error != 0 ? error : feed_finish_json(in, &j);
}

/* { "package": { "CVE-...": { ... */
static bool recognise(const struct feed *feed, struct span bytes)
{
	struct json j = json_over(bytes);
	struct span name;

	(void)feed;
	return json_enter(&j, JSON_OBJECT) && json_member(&j, &name) &&
	       json_enter(&j, JSON_OBJECT) && json_member(&j, &name) &&
	       (span_starts_with(name, "CVE-") || span_starts_with(name, "TEMP-")) &&
	       json_next(&j).kind == JSON_OBJECT;
}

static const struct feed_part parts[] = {
	{ "tracker.json", "https://security-tracker.debian.org/tracker/data/json" },
	{ NULL, NULL },
};

const struct feed feed_debian = {
	.name = "debian",
	.summary = "Debian security tracker: every CVE of every source package, per release",
	.parts = parts,
	.is_automatic = true,
	.interval_s = 6 * 3600,
	.size_max = UINT64_C(512) << 20,
	.recognise = recognise,
	.parse = parse,
};
