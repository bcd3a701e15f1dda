/* feed_text.c - texts in the caller's room, and errors that name their place. */
#include "server/feeds/feed_text.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "server/feeds/limits.h"

#include <stdio.h>

void feed_text_clear(struct feed_input *in)
{
	writer_rewind(&in->room, 0);
}

struct writer feed_text_begin(struct feed_input *in, size_t size)
{
	size_t left = writer_left(&in->room);

	return writer_over(in->room.buffer + writer_used(&in->room), size < left ? size : left);
}

struct span feed_text_end(struct feed_input *in, const struct writer *w)
{
	(void)writer_reserve(&in->room, writer_used(w));
	return writer_span(w);
}

struct span feed_text(struct feed_input *in, struct span raw)
{
	struct writer w;

	if (span_find(raw, '\\') == raw.len) {
		return raw;
	}
	w = feed_text_begin(in, raw.len);
	json_write_string(raw, &w);
	return feed_text_end(in, &w);
}

struct span feed_take_text(struct feed_input *in, struct json *j)
{
	struct span raw;

	return json_text(j, &raw) ? feed_text(in, raw) : (struct span){ NULL, 0 };
}

size_t feed_offset(const struct feed_input *in, const struct json *j)
{
	return in->bytes.len - json_left(j);
}

struct span feed_take_raw(struct feed_input *in, struct json *j)
{
	size_t start = feed_offset(in, j);

	json_skip(j, json_next(j).kind);
	return span_trim(span_first(span_after(in->bytes, start), feed_offset(in, j) - start));
}

void feed_write_compact(struct writer *w, struct span json)
{
	bool is_string = false;

	for (size_t i = 0; i < json.len; i++) {
		uint8_t c = json.ptr[i];

		if (is_string && c == '\\' && i + 1 < json.len) {
			writer_u8(w, c);
			c = json.ptr[++i];
		} else if (c == '"') {
			is_string = !is_string;
		} else if (!is_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
			continue;
		}
		writer_u8(w, c);
	}
}

struct span feed_one_line(struct feed_input *in, struct span text)
{
	struct writer w = feed_text_begin(in, KNOWLEDGE_SUMMARY_MAX + 4);
	bool was_blank = true;

	text = span_trim(text);
	for (size_t i = 0; i < text.len && writer_left(&w) > 0; i++) {
		bool is_blank = text.ptr[i] <= ' ';

		if (!is_blank || !was_blank) {
			writer_u8(&w, is_blank ? ' ' : text.ptr[i]);
		}
		was_blank = is_blank;
	}
	return feed_text_end(in, &w); /* the builder cuts between characters */
}

int feed_malformed(struct feed_input *in, size_t offset, const char *what)
{
	return why_set(in->why, ERR_MALFORMED, "%.200s, byte %zu: %s", in->name, offset, what);
}

int feed_finish_json(struct feed_input *in, struct json *j)
{
	if (json_ok(j) && json_next(j).kind == JSON_END && json_ok(j)) {
		return 0;
	}
	return feed_malformed(in, feed_offset(in, j),
			      json_left(j) == 0 ? "the JSON ends too early"
						: "this is not well-formed JSON");
}

void feed_odd(struct feed_input *in, size_t offset, const char *what)
{
	struct feed_report *r = in->report;

	if (r->odd++ == 0) {
		snprintf(r->odd_example, sizeof r->odd_example, "%.100s, byte %zu: %s", in->name,
			 offset, what);
	}
}

static int note(struct feed_input *in, int error, size_t offset)
{
	if (error == ERR_MALFORMED) {
		feed_odd(in, offset, "a name is missing or too long");
		return 0;
	}
	if (error != 0) {
		return why_set(in->why, error, "%.200s: the index would be larger than it may be",
			       in->name);
	}
	in->report->records++;
	return 0;
}

int feed_entry(struct feed_input *in, const struct knowledge_record *record, size_t offset)
{
	return note(in, knowledge_builder_entry(in->builder, record), offset);
}

int feed_facts(struct feed_input *in, const struct knowledge_vulnerability *facts, size_t offset)
{
	return note(in, knowledge_builder_facts(in->builder, facts), offset);
}

void feed_snapshot(struct feed_input *in, struct span date)
{
	char *held = in->report->snapshot;

	if (date.len < FEED_SNAPSHOT_SIZE && span_compare(date, span_of(held)) > 0) {
		mem_copy(held, date.ptr, date.len);
		held[date.len] = '\0';
	}
}

static bool is_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9') {
			return false;
		}
	}
	return text.len > 0;
}

bool feed_is_cve(struct span id)
{
	return id.len >= 13 && id.len <= 20 && span_starts_with(id, "CVE-") && id.ptr[8] == '-' &&
	       is_digits(span_first(span_after(id, 4), 4)) && is_digits(span_after(id, 9));
}
