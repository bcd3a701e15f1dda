/* words.c - lines and headers as servers send them. */
#include "scan/identify/probers/words.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/ascii.h"
#include "formats/json.h"

#define BODY_MAX      (32u << 10) /* more is not waited for */
#define JSON_MAX      200u        /* members looked at */
#define CHUNKS_MAX    64u
#define PART_TEXT_MAX (32u << 10)

bool words_may_start(struct span bytes, const char *prefix)
{
	struct span wanted = span_of(prefix);

	return bytes.len >= wanted.len ? span_starts_with(bytes, prefix)
				       : span_equal(bytes, span_first(wanted, bytes.len));
}

bool words_contain(struct span text, const char *part)
{
	size_t len = span_of(part).len;
	uint8_t first = ascii_lower((uint8_t)part[0]);

	text = span_first(text, PART_TEXT_MAX);
	for (size_t i = 0; i + len <= text.len; i++) {
		if (ascii_lower(text.ptr[i]) == first &&
		    ascii_same(span_first(span_after(text, i), len), part)) {
			return true;
		}
	}
	return false;
}

bool words_line(struct reader *r, struct span *out)
{
	struct reader ahead = *r;
	size_t before = reader_left(r);
	struct span line = reader_line(&ahead);

	/* a line that ended took more bytes than it has */
	if (before - reader_left(&ahead) == line.len) {
		return false;
	}
	*r = ahead;
	*out = line;
	return true;
}

/* "220 " or "220-"; 0 where it is none. */
static unsigned code_of(struct span line, bool *goes_on)
{
	struct reader r = reader_over(line);
	unsigned code = 0;
	uint8_t c;

	for (unsigned i = 0; i < 3; i++) {
		c = reader_u8(&r);
		if (c < '0' || c > '9') {
			return 0;
		}
		code = code * 10 + (c - '0');
	}
	c = reader_peek(&r);
	if (reader_left(&r) > 0 && c != ' ' && c != '-') {
		return 0;
	}
	*goes_on = reader_left(&r) > 0 && c == '-';
	return code;
}

enum probe_verdict words_reply(struct reader *r, struct words_reply *out)
{
	struct reader ahead = *r;
	struct span whole = ahead.rest;
	struct words_reply reply = { 0 };
	struct span line;

	for (unsigned i = 0; i < WORDS_LINES_MAX; i++) {
		bool goes_on = true;
		unsigned code;

		if (!words_line(&ahead, &line)) {
			struct span rest = ahead.rest;

			if (i == 0 && rest.len >= 4 && code_of(rest, &goes_on) == 0) {
				return PROBE_NOT;
			}
			for (size_t k = 0; i == 0 && k < rest.len && k < 3; k++) {
				if (rest.ptr[k] < '0' || rest.ptr[k] > '9') {
					return PROBE_NOT;
				}
			}
			return rest.len > WORDS_LINE_MAX ? PROBE_NOT : PROBE_MORE;
		}
		code = code_of(line, &goes_on);
		if (i == 0) {
			if (code < 100 || code > 599) {
				return PROBE_NOT;
			}
			reply.code = code;
			reply.first = span_after(line, 4);
		}
		if (code == reply.code && !goes_on) {
			reply.last = span_after(line, 4);
			reply.whole = span_first(whole, whole.len - reader_left(&ahead));
			*r = ahead;
			*out = reply;
			return PROBE_IS;
		}
	}
	return PROBE_NOT;
}

/*
 * Heads
 */

static unsigned status_of(struct span line)
{
	struct reader r = reader_over(line);
	uint64_t status = 0;

	(void)reader_until(&r, ' ');
	if (text_to_u64(reader_until(&r, ' '), 999, &status) != 0) {
		return 0;
	}
	return (unsigned)status;
}

/* Where the body is known to be whole: its length was said and has come, or its last chunk. */
static void judge_body(struct words_answer *a)
{
	struct span length = words_header_first(a, "content-length");
	uint64_t wanted = 0;

	a->is_chunked = words_contain(words_header_first(a, "transfer-encoding"), "chunked");
	if (a->body.len >= BODY_MAX || a->status == 204 || a->status == 304) {
		a->is_complete = true;
	} else if (a->is_chunked) {
		a->is_complete = span_ends_with(a->body, "0\r\n\r\n");
	} else if (length.len > 0 && text_to_u64(length, UINT32_MAX, &wanted) == 0) {
		a->is_complete = a->body.len >= wanted;
	}
}

enum probe_verdict words_answer(struct span bytes, bool ended, const char *protocol,
				struct words_answer *out)
{
	struct reader r = reader_over(bytes);
	struct words_answer a = { 0 };
	struct span line;

	if (!words_may_start(bytes, protocol)) {
		return PROBE_NOT;
	}
	if (!words_line(&r, &line)) {
		return bytes.len > WORDS_LINE_MAX || ended ? PROBE_NOT : PROBE_MORE;
	}
	a.status = status_of(line);
	if (a.status < 100) {
		return PROBE_NOT;
	}
	a.headers = r.rest;
	for (;;) {
		size_t left = reader_left(&r);

		if (!words_line(&r, &line)) {
			if (!ended && a.headers.len <= WORDS_HEAD_MAX) {
				return PROBE_MORE;
			}
			a.is_complete = true; /* as much of a head as will come */
			break;
		}
		if (line.len == 0) {
			a.headers = span_first(a.headers, a.headers.len - left);
			a.body = r.rest;
			judge_body(&a);
			break;
		}
	}
	a.is_complete = a.is_complete || ended;
	*out = a;
	return PROBE_IS;
}

bool words_header(struct reader *headers, const char *name, struct span *out_value)
{
	while (reader_left(headers) > 0) {
		struct reader line = reader_over(reader_line(headers));
		struct span found = reader_until(&line, ':');

		if (ascii_same(span_trim(found), name)) {
			*out_value = span_trim(reader_rest(&line));
			return true;
		}
	}
	return false;
}

struct span words_header_first(const struct words_answer *answer, const char *name)
{
	struct reader r = reader_over(answer->headers);
	struct span value = { NULL, 0 };

	(void)words_header(&r, name, &value);
	return value;
}

/*
 * Bodies
 */

struct span words_json(struct span text, const char *name, const char *inner)
{
	struct json j = json_over(span_trim(text));
	struct span found;
	bool is_inside = false;

	if (json_next(&j).kind != JSON_OBJECT) {
		return (struct span){ NULL, 0 };
	}
	for (unsigned i = 0; i < JSON_MAX; i++) {
		struct json_token token;

		if (!json_member(&j, &found)) {
			break;
		}
		token = json_next(&j);
		if (!span_is(found, is_inside ? inner : name)) {
			json_skip(&j, token.kind);
		} else if (inner == NULL || is_inside) {
			return token.kind == JSON_STRING || token.kind == JSON_NUMBER
				       ? token.text
				       : (struct span){ NULL, 0 };
		} else if (token.kind == JSON_OBJECT) {
			is_inside = true;
		} else {
			break;
		}
	}
	return (struct span){ NULL, 0 };
}

static uint64_t hex_number(struct span digits)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits.len && i < 8; i++) {
		uint8_t c = ascii_lower(digits.ptr[i]);

		if (c >= '0' && c <= '9') {
			value = value << 4 | (uint64_t)(c - '0');
		} else if (c >= 'a' && c <= 'f') {
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		} else {
			break;
		}
	}
	return value;
}

struct span words_unchunk(const struct words_answer *answer, uint8_t *room, size_t capacity)
{
	struct reader r = reader_over(answer->body);
	struct writer w = writer_over(room, capacity);

	if (!answer->is_chunked) {
		return answer->body;
	}
	for (unsigned i = 0; i < CHUNKS_MAX && reader_left(&r) > 0; i++) {
		uint64_t len = hex_number(reader_line(&r));
		struct span part = span_first(r.rest, (size_t)len);

		if (len == 0) {
			break;
		}
		(void)reader_bytes(&r, part.len);
		writer_bytes(&w, span_first(part, writer_left(&w)));
		(void)reader_line(&r);
	}
	return writer_span(&w);
}
