/*
 * alpine.c - Alpine's secdb, one document a release and repository:
 *
 *   { "distroversion": "v3.19", "reponame": "main", "packages": [ { "pkg": { "name": "busybox",
 *       "secfixes": { "1.36.1-r16": ["CVE-2023-42366 ..."], "0": ["CVE-..."] } } } ] }
 *
 * A version of "0" says that Alpine's package never was affected. What is not fixed is not there.
 */
#include "base/error.h"
#include "server/feeds/feed_text.h"
#include "server/feeds/limits.h"
#include "server/feeds/table.h"

/* "alpine:3.19" of "v3.19", "alpine:edge" of "edge-main"; before "packages", as secdb has it. */
static void take_release(struct span release, struct writer *stream)
{
	writer_rewind(stream, 0);
	writer_text(stream, "alpine:");
	writer_bytes(stream, span_after(release, span_starts_with(release, "v")));
}

static void write_quote(struct writer *w, struct span package, struct span version, struct span ids)
{
	writer_text(w, "{\"name\":\"");
	writer_bytes(w, package);
	writer_text(w, "\",\"secfixes\":{\"");
	writer_bytes(w, version);
	writer_text(w, "\":[\"");
	writer_bytes(w, ids);
	writer_text(w, "\"]}}");
}

/* "CVE-2019-1010180 GHSA-..." is one vulnerability by several names: the first one counts. */
static int take_id(struct feed_input *in, struct span ids, struct knowledge_record record,
		   const struct knowledge_range *range, size_t offset)
{
	struct knowledge_record *r = &record; /* of this id alone */
	bool is_unaffected = span_is(range->fixed, "0");
	size_t room = writer_used(&in->room);
	struct writer quote = feed_text_begin(in, KNOWLEDGE_QUOTE_MAX);
	int error;

	r->id = span_first(ids, span_find(ids, ' '));
	write_quote(&quote, r->package, range->fixed, ids);
	r->quote = feed_text_end(in, &quote);
	r->status = is_unaffected ? KNOWLEDGE_NOT_AFFECTED : KNOWLEDGE_AFFECTED;
	r->ranges = range;
	r->range_count = is_unaffected ? 0 : 1;
	error = feed_entry(in, r, offset);
	writer_rewind(&in->room, room);
	return error;
}

static int take_fixes(struct feed_input *in, struct json *j, struct knowledge_record *r)
{
	struct json_token token;
	struct span version;
	int error = 0;

	if (!json_enter(j, JSON_OBJECT)) {
		feed_odd(in, feed_offset(in, j), "\"secfixes\" is no object");
		return 0;
	}
	while (error == 0 && json_member(j, &version)) {
		struct knowledge_range range = { .fixed = feed_text(in, version) };

		if (!json_enter(j, JSON_ARRAY)) {
			continue; /* null: a version without fixes */
		}
		while (error == 0 && (token = json_next(j)).kind != JSON_ARRAY_END &&
		       token.kind != JSON_END) {
			size_t offset = feed_offset(in, j);

			json_skip(j, token.kind);
			if (token.kind == JSON_STRING) {
				error = take_id(in, feed_text(in, token.text), *r, &range, offset);
			} else {
				feed_odd(in, offset, "a fix is no text");
			}
		}
	}
	return error;
}

/* { "name": ..., "secfixes": { ... } }; the name may come second. */
static int take_package(struct feed_input *in, struct json *j, struct span stream)
{
	struct knowledge_record r = { .stream = stream, .feed = span_of(in->feed->name) };
	struct json fixes;
	bool has_fixes = false;
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		feed_odd(in, feed_offset(in, j), "\"pkg\" is no object");
		return 0;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "name")) {
			r.package = feed_take_text(in, j);
			continue;
		}
		if (span_is(name, "secfixes") && !has_fixes) {
			fixes = *j;
			has_fixes = true;
		}
		json_skip(j, json_next(j).kind);
	}
	return has_fixes && json_ok(j) ? take_fixes(in, &fixes, &r) : 0;
}

static int take_packages(struct feed_input *in, struct json *j, struct span stream)
{
	struct json_token token;
	struct span name;
	int error = 0;

	if (!json_enter(j, JSON_ARRAY)) {
		return feed_malformed(in, feed_offset(in, j), "\"packages\" is no array");
	}
	while (error == 0 && (token = json_next(j)).kind != JSON_ARRAY_END &&
	       token.kind != JSON_END) {
		if (token.kind != JSON_OBJECT) {
			feed_odd(in, feed_offset(in, j), "a package is no object");
			json_skip(j, token.kind);
			continue;
		}
		while (error == 0 && json_member(j, &name)) {
			feed_text_clear(in);
			if (span_is(name, "pkg")) {
				error = take_package(in, j, stream);
			} else {
				json_skip(j, json_next(j).kind);
			}
		}
	}
	return error;
}

static int parse(struct feed_input *in)
{
	uint8_t room[64];
	struct writer stream = writer_over(room, sizeof room);
	struct json j = json_over(in->bytes);
	struct json packages = j;
	bool has_packages = false;
	struct span name;
	int error;

	feed_text_clear(in);
	if (!json_enter(&j, JSON_OBJECT) && json_ok(&j)) {
		return feed_malformed(in, 0, "expected an object with \"packages\"");
	}
	while (json_member(&j, &name)) {
		if (span_is(name, "distroversion")) {
			take_release(feed_take_text(in, &j), &stream);
			continue;
		}
		if (span_is(name, "packages") && !has_packages) {
			packages = j;
			has_packages = true;
		}
		json_skip(&j, json_next(&j).kind);
	}
	error = feed_finish_json(in, &j);
	if (error != 0) {
		return error;
	}
	if (!has_packages || writer_used(&stream) == 0 || !writer_ok(&stream)) {
		return feed_malformed(in, 0, "expected \"distroversion\" and \"packages\"");
	}
	return take_packages(in, &packages, writer_span(&stream));
}

/* What is none of secdb's is told by its first member: files of other feeds may be large. */
static bool recognise(const struct feed *feed, struct span bytes)
{
	static const char *const names[] = { "apkurl",    "archs",         "reponame",
					     "urlprefix", "distroversion", "packages" };
	struct json j = json_over(bytes);
	struct span name;
	unsigned known = 0;

	(void)feed;
	if (!json_enter(&j, JSON_OBJECT)) {
		return false;
	}
	while (json_member(&j, &name)) {
		bool is_known = false;

		for (size_t i = 0; i < COUNT_OF(names); i++) {
			is_known = is_known || span_is(name, names[i]);
		}
		known += is_known;
		if (!is_known || known == 3) {
			return is_known;
		}
		json_skip(&j, json_next(&j).kind);
	}
	return false;
}

#define ALPINE_RELEASE(release)                                                                    \
	{ release "-main.json", "https://secdb.alpinelinux.org/" release "/main.json" },           \
	{                                                                                          \
		release "-community.json",                                                         \
			"https://secdb.alpinelinux.org/" release "/community.json"                 \
	}

static const struct feed_part parts[] = {
	ALPINE_RELEASE("v3.16"), ALPINE_RELEASE("v3.17"), ALPINE_RELEASE("v3.18"),
	ALPINE_RELEASE("v3.19"), ALPINE_RELEASE("v3.20"), ALPINE_RELEASE("v3.21"),
	ALPINE_RELEASE("v3.22"), ALPINE_RELEASE("edge"),  { NULL, NULL },
};

const struct feed feed_alpine = {
	.name = "alpine",
	.summary = "Alpine secdb: the versions that fixed CVEs, per release and repository",
	.parts = parts,
	.is_automatic = true,
	.interval_s = 6 * 3600,
	.size_max = UINT64_C(64) << 20,
	.recognise = recognise,
	.parse = parse,
};
