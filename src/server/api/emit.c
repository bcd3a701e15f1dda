/* emit.c - the writer: a bit a level says whether a comma is due. */
#include "server/api/emit.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sys/clock.h"

struct emit emit_over(struct buffer *out)
{
	return (struct emit){ .out = out };
}

static void append(struct emit *j, struct span bytes)
{
	if (!j->has_failed && buffer_append(j->out, bytes) != 0) {
		j->has_failed = true;
	}
}

static void append_text(struct emit *j, const char *text)
{
	append(j, span_of(text));
}

/* Before a value or a key: a comma where one is due. */
static void begin_item(struct emit *j)
{
	uint32_t bit = UINT32_C(1) << (j->depth % EMIT_DEPTH_MAX);

	if (j->is_after_key) {
		j->is_after_key = false;
		return;
	}
	if (j->has_items & bit) {
		append_text(j, ",");
	}
	j->has_items |= bit;
}

static void open_level(struct emit *j, const char *bracket)
{
	begin_item(j);
	append_text(j, bracket);
	assert(j->depth + 1 < EMIT_DEPTH_MAX);
	j->depth++;
	j->has_items &= ~(UINT32_C(1) << j->depth);
}

static void close_level(struct emit *j, const char *bracket)
{
	assert(j->depth > 0 && !j->is_after_key);
	j->depth--;
	append_text(j, bracket);
}

void emit_object(struct emit *j)
{
	open_level(j, "{");
}

void emit_object_end(struct emit *j)
{
	close_level(j, "}");
}

void emit_array(struct emit *j)
{
	open_level(j, "[");
}

void emit_array_end(struct emit *j)
{
	close_level(j, "]");
}

/* One byte that may not stand in a string as it is. */
static void append_escape(struct emit *j, uint8_t byte)
{
	static const char *const short_forms[] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",  ['\f'] = "\\f",
		['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\",
	};
	char form[8];

	if (byte < sizeof short_forms / sizeof short_forms[0] && short_forms[byte] != NULL) {
		append_text(j, short_forms[byte]);
		return;
	}
	snprintf(form, sizeof form, "\\u%04x", byte);
	append_text(j, form);
}

/* A run of bytes that are not ASCII. */
static void append_foreign(struct emit *j, struct span run)
{
	struct writer w;
	uint8_t *room;

	if (text_is_utf8(run)) {
		append(j, run);
		return;
	}
	room = j->has_failed ? NULL : buffer_reserve(j->out, 3 * run.len);
	if (room == NULL) {
		j->has_failed = true;
		return;
	}
	w = writer_over(room, 3 * run.len);
	text_write_utf8(&w, run, 3 * run.len);
	buffer_grow(j->out, writer_used(&w));
}

static bool is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void append_string(struct emit *j, struct span value)
{
	append_text(j, "\"");
	while (value.len > 0) {
		size_t plain = 0;
		size_t foreign = 0;

		while (plain < value.len && is_plain(value.ptr[plain])) {
			plain++;
		}
		append(j, span_first(value, plain));
		value = span_after(value, plain);
		while (foreign < value.len && value.ptr[foreign] >= 0x80) {
			foreign++;
		}
		if (foreign > 0) {
			append_foreign(j, span_first(value, foreign));
		} else if (value.len > 0) {
			append_escape(j, value.ptr[0]);
			foreign = 1;
		}
		value = span_after(value, foreign);
	}
	append_text(j, "\"");
}

void emit_key(struct emit *j, const char *name)
{
	assert(!j->is_after_key);
	begin_item(j);
	append_string(j, span_of(name));
	append_text(j, ":");
	j->is_after_key = true;
}

void emit_text(struct emit *j, const char *value)
{
	if (value == NULL) {
		emit_null(j);
		return;
	}
	emit_span(j, span_of(value));
}

void emit_span(struct emit *j, struct span value)
{
	begin_item(j);
	append_string(j, value);
}

void emit_integer(struct emit *j, int64_t value)
{
	char digits[24];

	begin_item(j);
	snprintf(digits, sizeof digits, "%lld", (long long)value);
	append_text(j, digits);
}

void emit_real(struct emit *j, double value)
{
	char digits[32];

	if (!isfinite(value)) {
		emit_null(j);
		return;
	}
	begin_item(j);
	/* the fewer digits where they mean the same number */
	snprintf(digits, sizeof digits, "%.15g", value);
	if (strtod(digits, NULL) != value) {
		snprintf(digits, sizeof digits, "%.17g", value);
	}
	append_text(j, digits);
}

void emit_boolean(struct emit *j, bool value)
{
	begin_item(j);
	append_text(j, value ? "true" : "false");
}

void emit_null(struct emit *j)
{
	begin_item(j);
	append_text(j, "null");
}

void emit_time(struct emit *j, int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_to_text(wall_ms, text);
	emit_text(j, text);
}

void emit_hex(struct emit *j, struct span bytes)
{
	char hex[2 * 64 + 1];

	text_to_hex(span_first(bytes, 64), hex);
	emit_text(j, hex);
}

void emit_raw(struct emit *j, struct span value)
{
	begin_item(j);
	append(j, value);
}

bool emit_ok(const struct emit *j)
{
	return !j->has_failed && j->depth == 0 && !j->is_after_key;
}
