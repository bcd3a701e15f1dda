/* systemd_unit.c - follows config_parse() and extract_first_word() of systemd. */
#include "formats/systemd_unit.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/utf8.h"

#define ESCAPE_DIGITS_MAX 8

struct systemd_unit_iterator systemd_unit_over(struct span file)
{
	return (struct systemd_unit_iterator){ .rest = reader_over(file) };
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_comment(struct span line)
{
	struct span trimmed = span_trim(line);

	return trimmed.len > 0 && (trimmed.ptr[0] == '#' || trimmed.ptr[0] == ';');
}

/* True where the last backslash is not itself escaped. */
static bool goes_on(struct span line)
{
	size_t backslashes = 0;

	while (backslashes < line.len && line.ptr[line.len - 1 - backslashes] == '\\') {
		backslashes++;
	}
	return backslashes % 2 == 1;
}

/* One line with its continuation lines, among which comments may stand. */
static struct span take_logical_line(struct reader *r)
{
	struct reader start = *r;
	size_t before = reader_left(r);
	struct span line = reader_line(r);

	while (goes_on(line) && reader_left(r) > 0) {
		struct span next = reader_line(r);

		line = is_comment(next) ? line : next;
	}
	return reader_bytes(&start, before - reader_left(r));
}

bool systemd_unit_next(struct systemd_unit_iterator *it, struct systemd_unit_entry *out)
{
	while (reader_left(&it->rest) > 0) {
		struct reader ahead = it->rest;
		struct span line = span_trim(reader_line(&ahead));
		size_t equals;

		if (line.len == 0 || is_comment(line)) {
			it->rest = ahead;
			continue;
		}
		line = span_trim(take_logical_line(&it->rest));
		equals = span_find(line, '=');
		if (line.ptr[0] == '[' && line.ptr[line.len - 1] == ']' &&
		    span_find(line, '\n') == line.len) {
			it->section = span_first(span_after(line, 1), line.len - 2);
			continue;
		}
		if (line.ptr[0] == '[' || line.len > SYSTEMD_UNIT_LINE_MAX || equals == line.len ||
		    equals == 0) {
			it->malformed++;
			continue;
		}
		out->section = it->section;
		out->key = span_trim(span_first(line, equals));
		out->raw = span_trim(span_after(line, equals + 1));
		return true;
	}
	return false;
}

static struct span skip_blanks(struct span line)
{
	while (line.len > 0 && is_blank(line.ptr[0])) {
		line = span_after(line, 1);
	}
	return line;
}

int systemd_unit_write(struct span raw, struct writer *w)
{
	struct reader r = reader_over(raw);
	size_t mark = writer_used(w);
	bool is_first = true;
	struct span written;

	if (!writer_ok(w)) {
		return ERR_FULL;
	}
	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		if (!is_first && is_comment(line)) {
			continue;
		}
		is_first = false;
		if (goes_on(line)) {
			writer_bytes(w, skip_blanks(span_first(line, line.len - 1)));
			writer_u8(w, ' ');
		} else {
			writer_bytes(w, skip_blanks(line));
		}
	}
	if (!writer_ok(w)) {
		writer_rewind(w, mark);
		return ERR_FULL;
	}
	written = span_after(writer_span(w), mark);
	while (written.len > 0 && is_blank(written.ptr[written.len - 1])) {
		written.len--;
	}
	writer_rewind(w, mark + written.len);
	return 0;
}

struct span systemd_unit_exec(struct span value)
{
	static const char prefixes[] = "@-:+!|";

	value = span_trim(value);
	while (value.len > 0 && span_find(span_of(prefixes), value.ptr[0]) < sizeof prefixes - 1) {
		value = span_after(value, 1);
	}
	return span_trim(value);
}

/* Digits of a base, exactly count of them; fails the reader. */
static uint32_t take_digits(struct reader *r, size_t count, bool is_octal)
{
	struct span digits = reader_bytes(r, count);
	uint8_t bytes[ESCAPE_DIGITS_MAX / 2] = { 0 };
	uint64_t value = 0;
	int error;

	if (is_octal) {
		error = text_to_octal(digits, UINT8_MAX, &value);
	} else {
		error = text_from_hex(digits, bytes, count / 2);
		for (size_t i = 0; i < count / 2; i++) {
			value = value << 8 | bytes[i];
		}
	}
	if (error != 0) {
		reader_fail(r);
	}
	return (uint32_t)value;
}

/* Appends a character of a \u or \U escape; fails the reader for what is none. */
static void write_character(struct reader *r, uint32_t c, struct writer *w)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		reader_fail(r);
		return;
	}
	utf8_write(w, c);
}

/* What stands behind a backslash (systemd.syntax(7), "Quoting"). */
static void take_escape(struct reader *r, struct writer *w)
{
	static const char letters[] = "abfnrtvs\\\"'";
	static const char meanings[] = "\a\b\f\n\r\t\v \\\"'";
	uint8_t c = reader_peek(r);
	size_t letter = span_find(span_of(letters), c);
	uint32_t octet;

	if (c >= '0' && c <= '7') {
		octet = take_digits(r, 3, true);
	} else {
		(void)reader_u8(r);
		if (letter < sizeof letters - 1) {
			writer_u8(w, (uint8_t)meanings[letter]);
			return;
		}
		if (c == 'u' || c == 'U') {
			write_character(r, take_digits(r, c == 'u' ? 4 : 8, false), w);
			return;
		}
		if (c != 'x') {
			reader_fail(r);
			return;
		}
		octet = take_digits(r, 2, false);
	}
	if (octet == 0) { /* would end the word unseen */
		reader_fail(r);
		return;
	}
	writer_u8(w, (uint8_t)octet);
}

int systemd_unit_next_word(struct reader *value, struct writer *w)
{
	struct reader r = *value;
	size_t mark = writer_used(w);
	uint8_t quote = 0;

	if (!writer_ok(w)) {
		return ERR_FULL;
	}
	while (reader_left(&r) > 0 && is_blank(reader_peek(&r))) {
		(void)reader_u8(&r);
	}
	if (reader_left(&r) == 0) {
		return ERR_NOT_FOUND;
	}
	while (reader_left(&r) > 0 && (quote != 0 || !is_blank(reader_peek(&r)))) {
		uint8_t c = reader_u8(&r);

		if (c == '\\') {
			take_escape(&r, w);
		} else if (quote != 0 && c == quote) {
			quote = 0;
		} else if (quote == 0 && (c == '"' || c == '\'')) {
			quote = c;
		} else {
			writer_u8(w, c);
		}
	}
	if (!reader_ok(&r) || quote != 0 || !writer_ok(w)) {
		int error = writer_ok(w) ? ERR_MALFORMED : ERR_FULL;

		writer_rewind(w, mark);
		return error;
	}
	*value = r;
	return 0;
}
