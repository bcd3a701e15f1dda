/* status.c - as JSON. */
#include "server/feeds/status.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/writer.h"
#include "formats/json.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <stdlib.h>

#define FILE_MAX (256u << 10)

void status_init(struct feeds_status *status)
{
	*status = (struct feeds_status){ .count = 0 };
	for (size_t i = 0; feeds[i] != NULL && i < STATUS_FEEDS_MAX; i++) {
		status->feeds[status->count++].feed = feeds[i];
	}
}

struct feed_status *status_of(struct feeds_status *status, struct span name)
{
	for (size_t i = 0; i < status->count; i++) {
		if (span_is(name, status->feeds[i].feed->name)) {
			return &status->feeds[i];
		}
	}
	return NULL;
}

/* --- writing --- */

static void write_text(struct writer *w, const char *text)
{
	uint8_t room[1024];
	struct writer clean = writer_over(room, sizeof room);
	struct span bytes;

	text_write_utf8(&clean, span_of(text), sizeof room);
	bytes = writer_span(&clean);
	writer_u8(w, '"');
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.ptr[i];
		char hex[3];

		if (c == '"' || c == '\\') {
			writer_u8(w, '\\');
		}
		if (c < ' ') {
			text_to_hex((struct span){ &c, 1 }, hex);
			writer_text(w, "\\u00");
			writer_text(w, hex);
		} else {
			writer_u8(w, c);
		}
	}
	writer_u8(w, '"');
}

static void member_text(struct writer *w, const char *name, const char *text)
{
	writer_text(w, ",\"");
	writer_text(w, name);
	writer_text(w, "\":");
	if (text[0] == '\0') {
		writer_text(w, "null");
	} else {
		write_text(w, text);
	}
}

static void member_number(struct writer *w, const char *name, uint64_t number)
{
	writer_text(w, ",\"");
	writer_text(w, name);
	writer_text(w, "\":");
	writer_decimal(w, number);
}

static void member_bool(struct writer *w, const char *name, bool value)
{
	writer_text(w, ",\"");
	writer_text(w, name);
	writer_text(w, value ? "\":true" : "\":false");
}

static void member_time(struct writer *w, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE] = "";

	if (wall_ms != 0) {
		clock_to_text(wall_ms, text);
	}
	member_text(w, name, text);
}

bool status_is_automatic(const struct feed_status *f)
{
	return f->feed->is_automatic || f->is_wanted;
}

static void write_feed(struct writer *w, const struct feed_status *f)
{
	const struct feed_part *parts = f->feed->parts;

	writer_text(w, "{\"name\":");
	write_text(w, f->feed->name);
	member_text(w, "summary", f->feed->summary);
	member_text(w, "address", parts != NULL ? parts[0].address : "");
	member_bool(w, "is_automatic", status_is_automatic(f));
	member_bool(w, "is_running", f->is_running);
	member_time(w, "tried_at", f->tried_ms);
	member_time(w, "checked_at", f->checked_ms);
	member_time(w, "updated_at", f->updated_ms);
	member_time(w, "next_at", f->next_ms);
	member_number(w, "failures", f->failures);
	member_text(w, "error", f->error);
	member_number(w, "records", f->report.records);
	member_number(w, "unreadable", f->report.odd);
	member_number(w, "passed_over", f->report.passed_over);
	member_text(w, "snapshot", f->report.snapshot);
	writer_u8(w, '}');
}

int status_save(const struct feeds_status *status, const char *path, struct why *why)
{
	uint8_t *room = alloc_zeroed(1, FILE_MAX);
	struct writer w = writer_over(room, FILE_MAX);
	int error;

	writer_text(&w, "{\"knowledge\":{\"generation\":");
	writer_decimal(&w, status->generation);
	member_time(&w, "built_at", status->built_ms);
	member_number(&w, "streams", status->figures.streams);
	member_number(&w, "packages", status->figures.packages);
	member_number(&w, "entries", status->figures.entries);
	member_number(&w, "vulnerabilities", status->figures.vulnerabilities);
	member_number(&w, "bytes", status->figures.bytes);
	writer_u8(&w, '}');
	member_bool(&w, "is_offline", status->is_offline);
	writer_text(&w, ",\"items\":[");
	for (size_t i = 0; i < status->count; i++) {
		if (i > 0) {
			writer_u8(&w, ',');
		}
		write_feed(&w, &status->feeds[i]);
	}
	writer_text(&w, "]}\n");
	error = writer_ok(&w) ? file_replace(path, writer_span(&w), 0600, why)
			      : why_set(why, ERR_LIMIT, "the feeds' status is too long");
	free(room);
	return error;
}

/* --- reading --- */

static int64_t time_of(struct span text)
{
	int64_t wall_ms;

	return clock_from_text(text, &wall_ms) == 0 ? wall_ms : 0;
}

static uint64_t number_of(struct span text)
{
	uint64_t number;

	return text_to_u64(text, INT64_MAX, &number) == 0 ? number : 0;
}

static void copy_text(char *to, size_t size, struct span raw)
{
	struct writer w = writer_over((uint8_t *)to, size - 1);

	json_write_string(raw, &w);
	to[writer_used(&w)] = '\0';
}

static void take_member(struct feed_status *f, struct span name, struct span value)
{
	if (span_is(name, "tried_at")) {
		f->tried_ms = time_of(value);
	} else if (span_is(name, "checked_at")) {
		f->checked_ms = time_of(value);
	} else if (span_is(name, "updated_at")) {
		f->updated_ms = time_of(value);
	} else if (span_is(name, "error")) {
		copy_text(f->error, sizeof f->error, value);
	} else if (span_is(name, "records")) {
		f->report.records = number_of(value);
	} else if (span_is(name, "unreadable")) {
		f->report.odd = number_of(value);
	} else if (span_is(name, "passed_over")) {
		f->report.passed_over = number_of(value);
	} else if (span_is(name, "snapshot")) {
		copy_text(f->report.snapshot, sizeof f->report.snapshot, value);
	}
}

/* The name comes first, as it is written above. */
static void take_feed(struct feeds_status *status, struct json *j)
{
	struct feed_status *f = NULL;
	struct span name;

	while (json_member(j, &name)) {
		struct json_token token = json_next(j);

		json_skip(j, token.kind);
		if (span_is(name, "name")) {
			f = status_of(status, token.text);
		} else if (f != NULL && span_is(name, "is_automatic")) {
			f->is_wanted = f->feed->wanted_by != NULL && token.kind == JSON_TRUE;
		} else if (f != NULL && (token.kind == JSON_STRING || token.kind == JSON_NUMBER)) {
			take_member(f, name, token.text);
		}
	}
}

static void take_knowledge(struct feeds_status *status, struct json *j)
{
	struct span name;

	while (json_member(j, &name)) {
		struct json_token token = json_next(j);

		json_skip(j, token.kind);
		if (span_is(name, "generation") && token.kind == JSON_NUMBER) {
			status->generation = number_of(token.text);
		} else if (span_is(name, "built_at") && token.kind == JSON_STRING) {
			status->built_ms = time_of(token.text);
		}
	}
}

void status_load(struct feeds_status *status, const char *path)
{
	struct buffer bytes;
	struct json j;
	struct json_token token;
	struct span name;

	buffer_init(&bytes, FILE_MAX);
	if (file_read(path, &bytes) == 0) {
		j = json_over(buffer_span(&bytes));
		(void)json_next(&j);
		while (json_member(&j, &name)) {
			token = json_next(&j);
			if (span_is(name, "knowledge") && token.kind == JSON_OBJECT) {
				take_knowledge(status, &j);
			} else if (span_is(name, "items") && token.kind == JSON_ARRAY) {
				while ((token = json_next(&j)).kind == JSON_OBJECT) {
					take_feed(status, &j);
				}
			} else {
				json_skip(&j, token.kind);
			}
		}
	}
	buffer_done(&bytes);
}
