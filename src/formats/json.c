/* json.c - a machine of what may come next; the levels are bits, so that depth costs nothing. */
#include "formats/json.h"

#include "base/text.h"
#include "formats/utf8.h"

/* What may come next. */
enum {
	VALUE,          /* a value */
	VALUE_OR_CLOSE, /* behind [ */
	KEY_OR_CLOSE,   /* behind { */
	KEY,            /* behind a comma of an object */
	COMMA_OR_CLOSE, /* behind a value within something */
	NOTHING,        /* behind the text's own value */
};

#define ESCAPE_DIGITS 4

struct json json_over(struct span text)
{
	return (struct json){ .rest = reader_over(text), .expects = VALUE };
}

bool json_ok(const struct json *j)
{
	return !j->failed;
}

size_t json_left(const struct json *j)
{
	return reader_left(&j->rest);
}

static struct json_token fail(struct json *j)
{
	j->failed = true;
	return (struct json_token){ .kind = JSON_END };
}

static void skip_blanks(struct json *j)
{
	uint8_t c = reader_peek(&j->rest);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		(void)reader_u8(&j->rest);
		c = reader_peek(&j->rest);
	}
}

static bool is_in_object(const struct json *j)
{
	return (j->objects >> (j->depth - 1) & 1) != 0;
}

static void after_value(struct json *j)
{
	j->expects = j->depth == 0 ? NOTHING : COMMA_OR_CLOSE;
}

static struct json_token open_level(struct json *j, bool is_object)
{
	if (j->depth == JSON_DEPTH_MAX) {
		return fail(j);
	}
	j->objects &= ~(1ull << j->depth);
	j->objects |= (uint64_t)is_object << j->depth;
	j->depth++;
	j->expects = is_object ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
	return (struct json_token){ .kind = is_object ? JSON_OBJECT : JSON_ARRAY };
}

static struct json_token close_level(struct json *j, bool is_object)
{
	if (j->depth == 0 || is_in_object(j) != is_object) {
		return fail(j);
	}
	j->depth--;
	after_value(j);
	return (struct json_token){ .kind = is_object ? JSON_OBJECT_END : JSON_ARRAY_END };
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take_escape(struct reader *r)
{
	uint8_t c = reader_u8(r);

	if (c == 'u') {
		for (unsigned i = 0; i < ESCAPE_DIGITS; i++) {
			if (!is_hex(reader_u8(r))) {
				return false;
			}
		}
		return true;
	}
	return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' ||
	       c == 't';
}

/* How many characters stand for themselves. */
static size_t plain_run(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] >= ' ' && text.ptr[len] != '"' &&
	       text.ptr[len] != '\\') {
		len++;
	}
	return len;
}

/* Behind the opening quote. */
static bool take_string(struct json *j, struct span *out)
{
	struct span start = j->rest.rest;

	while (reader_left(&j->rest) > 0) {
		uint8_t c;

		(void)reader_bytes(&j->rest, plain_run(j->rest.rest));
		c = reader_u8(&j->rest);

		if (c == '"') {
			*out = span_first(start, start.len - reader_left(&j->rest) - 1);
			return text_is_utf8(*out);
		}
		if (c < ' ' || (c == '\\' && !take_escape(&j->rest))) {
			return false;
		}
	}
	return false;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static size_t take_digits(struct reader *r)
{
	size_t count = 0;

	while (is_digit(reader_peek(r))) {
		(void)reader_u8(r);
		count++;
	}
	return count;
}

/* RFC 8259 section 6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool take_number(struct json *j, struct span *out)
{
	struct span start = j->rest.rest;
	struct reader *r = &j->rest;
	bool is_zero;

	if (reader_peek(r) == '-') {
		(void)reader_u8(r);
	}
	is_zero = reader_peek(r) == '0';
	if (is_zero) {
		(void)reader_u8(r);
	} else if (take_digits(r) == 0) {
		return false;
	}
	if (reader_peek(r) == '.') {
		(void)reader_u8(r);
		if (take_digits(r) == 0) {
			return false;
		}
	}
	if (reader_peek(r) == 'e' || reader_peek(r) == 'E') {
		(void)reader_u8(r);
		if (reader_peek(r) == '+' || reader_peek(r) == '-') {
			(void)reader_u8(r);
		}
		if (take_digits(r) == 0) {
			return false;
		}
	}
	*out = span_first(start, start.len - reader_left(r));
	return true;
}

static struct json_token take_word(struct json *j, const char *word, enum json_kind kind)
{
	size_t len = span_of(word).len;

	if (!span_is(reader_bytes(&j->rest, len), word)) {
		return fail(j);
	}
	after_value(j);
	return (struct json_token){ .kind = kind };
}

static struct json_token take_value(struct json *j)
{
	struct json_token token = { .kind = JSON_STRING };

	switch (reader_peek(&j->rest)) {
	case '{':
	case '[':
		return open_level(j, reader_u8(&j->rest) == '{');
	case '"':
		(void)reader_u8(&j->rest);
		if (!take_string(j, &token.text)) {
			return fail(j);
		}
		after_value(j);
		return token;
	case 't':
		return take_word(j, "true", JSON_TRUE);
	case 'f':
		return take_word(j, "false", JSON_FALSE);
	case 'n':
		return take_word(j, "null", JSON_NULL);
	default:
		token.kind = JSON_NUMBER;
		if (!take_number(j, &token.text)) {
			return fail(j);
		}
		after_value(j);
		return token;
	}
}

static struct json_token take_key(struct json *j)
{
	struct json_token token = { .kind = JSON_KEY };

	if (reader_u8(&j->rest) != '"' || !take_string(j, &token.text)) {
		return fail(j);
	}
	skip_blanks(j);
	if (reader_u8(&j->rest) != ':') {
		return fail(j);
	}
	j->expects = VALUE;
	return token;
}

struct json_token json_next(struct json *j)
{
	uint8_t c;

	if (j->failed) {
		return fail(j);
	}
	skip_blanks(j);
	c = reader_peek(&j->rest);
	if (j->expects == NOTHING) {
		return reader_left(&j->rest) == 0 ? (struct json_token){ .kind = JSON_END }
						  : fail(j);
	}
	if (c == ',' && j->expects == COMMA_OR_CLOSE) {
		(void)reader_u8(&j->rest);
		skip_blanks(j);
		return is_in_object(j) ? take_key(j) : take_value(j);
	}
	if ((c == '}' || c == ']') &&
	    (j->expects == COMMA_OR_CLOSE || j->expects == VALUE_OR_CLOSE ||
	     j->expects == KEY_OR_CLOSE)) {
		return close_level(j, reader_u8(&j->rest) == '}');
	}
	if (j->expects == COMMA_OR_CLOSE) {
		return fail(j);
	}
	return j->expects == KEY_OR_CLOSE ? take_key(j) : take_value(j);
}

void json_skip(struct json *j, enum json_kind begun)
{
	unsigned depth = j->depth;
	enum json_kind kind = begun;

	if (begun != JSON_OBJECT && begun != JSON_ARRAY) {
		return;
	}
	while (kind != JSON_END && j->depth >= depth) {
		kind = json_next(j).kind;
	}
}

bool json_member(struct json *j, struct span *out_name)
{
	struct json_token token = json_next(j);

	if (token.kind != JSON_KEY) {
		return false;
	}
	*out_name = token.text;
	return true;
}

bool json_text(struct json *j, struct span *out_text)
{
	struct json_token token = json_next(j);

	if (token.kind != JSON_STRING) {
		json_skip(j, token.kind);
		return false;
	}
	*out_text = token.text;
	return true;
}

bool json_enter(struct json *j, enum json_kind kind)
{
	struct json_token token = json_next(j);

	if (token.kind != kind) {
		json_skip(j, token.kind);
		return false;
	}
	return true;
}

static uint32_t unit_of(struct reader *r)
{
	uint8_t bytes[2] = { 0 };

	if (text_from_hex(reader_bytes(r, ESCAPE_DIGITS), bytes, sizeof bytes) != 0) {
		return 0xfffd;
	}
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* Behind "\u". A high surrogate takes the low one with it (RFC 8259 section 7). */
static void write_unit(struct reader *r, struct writer *out)
{
	uint32_t unit = unit_of(r);
	struct reader ahead = *r;

	if (unit >= 0xd800 && unit < 0xdc00 && reader_u8(&ahead) == '\\' &&
	    reader_u8(&ahead) == 'u') {
		uint32_t low = unit_of(&ahead);

		if (low >= 0xdc00 && low < 0xe000) {
			*r = ahead;
			unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	utf8_write(out, unit); /* a surrogate alone becomes U+FFFD */
}

void json_write_string(struct span text, struct writer *out)
{
	struct reader r = reader_over(text);

	while (reader_left(&r) > 0) {
		uint8_t c = reader_u8(&r);

		if (c != '\\') {
			writer_u8(out, c);
			continue;
		}
		c = reader_u8(&r);
		switch (c) {
		case 'u':
			write_unit(&r, out);
			break;
		case 'b':
			writer_u8(out, '\b');
			break;
		case 'f':
			writer_u8(out, '\f');
			break;
		case 'n':
			writer_u8(out, '\n');
			break;
		case 'r':
			writer_u8(out, '\r');
			break;
		case 't':
			writer_u8(out, '\t');
			break;
		default:
			writer_u8(out, c);
			break;
		}
	}
}
