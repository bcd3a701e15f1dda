/* json.c - strings, numbers, arrays of strings. */
#include "server/store/sqlite/json.h"

#include "base/error.h"
#include "base/text.h"
#include "wire/cbor.h"

/* The longest that one byte becomes: \u0000, or U+FFFD for a malformed one. */
#define GROWTH_MAX 6

static int append_mended(struct buffer *out, struct span text);

/* What a byte is escaped as behind a backslash; 0 for none; 'u' for \u00XX. */
static char escape_of(uint8_t byte)
{
	switch (byte) {
	case '"':
	case '\\':
		return (char)byte;
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return byte < 0x20 || byte == 0x7f ? 'u' : 0;
	}
}

static void write_escaped(struct writer *w, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char escape = escape_of(text.ptr[i]);

		if (escape == 0) {
			writer_u8(w, text.ptr[i]);
			continue;
		}
		writer_u8(w, '\\');
		writer_u8(w, (uint8_t)escape);
		if (escape == 'u') {
			char hex[3];

			text_to_hex((struct span){ &text.ptr[i], 1 }, hex);
			writer_text(w, "00");
			writer_text(w, hex);
		}
	}
}

int json_append_text(struct buffer *out, struct span text)
{
	uint8_t *room;
	struct writer w;

	if (!text_is_utf8(text)) {
		return append_mended(out, text);
	}
	room = buffer_reserve(out, text.len * GROWTH_MAX + 2);
	if (room == NULL) {
		return ERR_FULL;
	}
	w = writer_over(room, text.len * GROWTH_MAX + 2);
	writer_u8(&w, '"');
	write_escaped(&w, text);
	writer_u8(&w, '"');
	buffer_grow(out, writer_used(&w));
	return 0;
}

static int append_mended(struct buffer *out, struct span text)
{
	struct buffer mended;
	size_t size = text.len * GROWTH_MAX;
	struct writer w;
	uint8_t *room;
	int error;

	buffer_init(&mended, size);
	room = buffer_reserve(&mended, size);
	w = writer_over(room, size);
	text_write_utf8(&w, text, size);
	error = json_append_text(out, writer_span(&w));
	buffer_done(&mended);
	return error;
}

int json_append_integer(struct buffer *out, int64_t value)
{
	uint8_t digits[24];
	struct writer w = writer_over(digits, sizeof digits);

	if (value < 0) {
		writer_u8(&w, '-');
	}
	writer_decimal(&w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
	return buffer_append(out, writer_span(&w));
}

int json_append_raw(struct buffer *out, struct span json)
{
	return buffer_append(out, json);
}

int json_append_list(struct buffer *out, const struct value *list)
{
	struct span item;
	size_t at = 0;
	int error = buffer_append(out, span_of("["));

	for (bool is_first = true; error == 0 && row_list_next(list, &at, &item);
	     is_first = false) {
		if (!is_first) {
			error = buffer_append(out, span_of(","));
		}
		if (error == 0) {
			error = json_append_text(out, item);
		}
	}
	return error == 0 ? buffer_append(out, span_of("]")) : error;
}

/* --- reading what was written above --- */

/* The bytes of one string up to its closing quote, and past it. */
static struct span take_quoted(struct span *json)
{
	size_t at = 1;
	struct span inside;

	while (at < json->len && json->ptr[at] != '"') {
		at += json->ptr[at] == '\\' ? 2 : 1;
	}
	at = at < json->len ? at : json->len;
	inside = span_first(span_after(*json, 1), at > 0 ? at - 1 : 0);
	*json = span_after(*json, at < json->len ? at + 1 : at);
	return inside;
}

/* The next string of a list; false at its end. */
static bool next_string(struct span *json, struct span *out)
{
	while (json->len > 0 && json->ptr[0] != '"') {
		*json = span_after(*json, 1);
	}
	if (json->len == 0) {
		return false;
	}
	*out = take_quoted(json);
	return true;
}

static uint8_t unescape(struct span *rest)
{
	uint8_t escape = rest->len > 1 ? rest->ptr[1] : 0;
	uint8_t byte = 0;

	if (escape == 'u' && rest->len >= 6) {
		(void)!text_from_hex((struct span){ rest->ptr + 4, 2 }, &byte, 1);
		*rest = span_after(*rest, 6);
		return byte;
	}
	*rest = span_after(*rest, 2);
	switch (escape) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return escape;
	}
}

static void write_string(struct writer *w, struct span quoted)
{
	uint8_t room[ROW_TEXT_MAX];
	struct writer text = writer_over(room, sizeof room);

	while (quoted.len > 0) {
		if (quoted.ptr[0] == '\\') {
			writer_u8(&text, unescape(&quoted));
		} else {
			writer_u8(&text, quoted.ptr[0]);
			quoted = span_after(quoted, 1);
		}
	}
	cbor_write_text(w, writer_span(&text));
}

struct value json_read_list(struct span json, struct writer *out)
{
	struct value list = { .kind = VALUE_LIST };
	size_t mark = writer_used(out);
	struct span rest = json;
	struct span quoted;

	while (next_string(&rest, &quoted)) {
		list.item_count++;
	}
	cbor_write_array(out, list.item_count);
	for (rest = json; next_string(&rest, &quoted);) {
		write_string(out, quoted);
	}
	list.text = span_after(writer_span(out), mark);
	return list;
}
