/* http_head.c - RFC 9112 sections 2 to 6, without what lets two readers disagree. */
#include "formats/http_head.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/ascii.h"
#include "formats/base64.h"

bool http_head_name_is(struct span name, const char *wanted)
{
	return ascii_same(name, wanted);
}

/* token = 1*tchar (RFC 9110 section 5.6.2) */
static bool is_token(struct span text)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool is_alnum =
			(c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');

		if (!is_alnum && span_find(span_of(marks), c) == sizeof marks - 1) {
			return false;
		}
	}
	return text.len > 0;
}

/* No control characters but, within, blanks and tabs (RFC 9110 section 5.5). */
static bool is_field_value(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

static bool is_visible(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f) {
			return false;
		}
	}
	return text.len > 0;
}

/* Finds the blank line. Every LF must follow a CR, every CR must be followed by an LF. */
static int head_length(struct span bytes, size_t *length)
{
	struct span seen = span_first(bytes, HTTP_HEAD_MAX);
	size_t line_start = 0;

	for (size_t i = 0; i < seen.len; i++) {
		bool follows_cr = i > 0 && seen.ptr[i - 1] == '\r';

		if ((seen.ptr[i] == '\n') != follows_cr) {
			return ERR_MALFORMED;
		}
		if (seen.ptr[i] != '\n') {
			continue;
		}
		if (i == line_start + 1) {
			*length = i + 1;
			return 0;
		}
		line_start = i + 1;
	}
	return bytes.len >= HTTP_HEAD_MAX ? ERR_LIMIT : ERR_AGAIN;
}

/* HTTP/1.0 or HTTP/1.1 */
static int parse_version(struct span text, unsigned *minor)
{
	if (span_is(text, "HTTP/1.1")) {
		*minor = 1;
	} else if (span_is(text, "HTTP/1.0")) {
		*minor = 0;
	} else {
		return span_starts_with(text, "HTTP/") && is_visible(text) ? ERR_UNSUPPORTED
									   : ERR_MALFORMED;
	}
	return 0;
}

/* method SP request-target SP HTTP-version */
static int parse_request_line(struct span line, struct http_head *out)
{
	struct reader r = reader_over(line);
	struct span version;

	out->method = reader_until(&r, ' ');
	out->target = reader_until(&r, ' ');
	version = reader_rest(&r);
	if (!is_token(out->method) || !is_visible(out->target)) {
		return ERR_MALFORMED;
	}
	return parse_version(version, &out->minor_version);
}

/* HTTP-version SP status-code [ SP reason-phrase ]: many leave the last blank out */
static int parse_status_line(struct span line, struct http_head *out)
{
	struct reader r = reader_over(line);
	int error = parse_version(reader_until(&r, ' '), &out->minor_version);
	struct span code = reader_until(&r, ' ');
	uint64_t status;

	if (error != 0) {
		return error;
	}
	out->reason = reader_rest(&r);
	if (code.len != 3 || text_to_u64(code, 599, &status) != 0 || status < 100 ||
	    !is_field_value(out->reason)) {
		return ERR_MALFORMED;
	}
	out->status = (unsigned)status;
	return 0;
}

/* field-name ":" OWS field-value OWS; a line that goes on would begin with a blank,
 * which is no name. */
static bool parse_header(struct span line, struct http_header *out)
{
	size_t colon = span_find(line, ':');

	out->name = span_first(line, colon);
	out->value = span_trim(span_after(line, colon + 1));
	return colon < line.len && is_token(out->name) && is_field_value(out->value);
}

/* What the headers so far say of the message's end. */
struct framing {
	size_t hosts;
	bool says_close;
	bool says_keep_alive;
};

static void take_connection(struct span value, struct framing *framing)
{
	struct reader r = reader_over(value);

	while (reader_left(&r) > 0) {
		struct span option = span_trim(reader_until(&r, ','));

		framing->says_close = framing->says_close || http_head_name_is(option, "close");
		framing->says_keep_alive =
			framing->says_keep_alive || http_head_name_is(option, "keep-alive");
	}
}

static int take_header(const struct http_header *header, struct framing *framing,
		       struct http_head *out)
{
	uint64_t length;

	if (http_head_name_is(header->name, "Transfer-Encoding")) {
		return ERR_UNSUPPORTED;
	}
	if (http_head_name_is(header->name, "Host")) {
		framing->hosts++;
	} else if (http_head_name_is(header->name, "Connection")) {
		take_connection(header->value, framing);
	} else if (http_head_name_is(header->name, "Content-Length")) {
		if (text_to_u64(header->value, INT64_MAX, &length) != 0 ||
		    (out->has_content_length && length != out->content_length)) {
			return ERR_MALFORMED;
		}
		out->has_content_length = true;
		out->content_length = length;
	}
	return 0;
}

static int parse_headers(struct http_head *out)
{
	struct reader r = reader_over(out->headers);
	struct framing framing = { 0 };
	size_t count = 0;

	while (reader_left(&r) > 0) {
		struct http_header header;
		int error;

		if (!parse_header(reader_line(&r), &header)) {
			return ERR_MALFORMED;
		}
		if (++count > HTTP_HEAD_HEADERS_MAX) {
			return ERR_LIMIT;
		}
		error = take_header(&header, &framing, out);
		if (error != 0) {
			return error;
		}
	}
	/* RFC 9112 section 3.2: exactly one, which HTTP/1.0 may leave out */
	if (out->method.len > 0 &&
	    (framing.hosts > 1 || (framing.hosts == 0 && out->minor_version == 1))) {
		return ERR_MALFORMED;
	}
	out->keeps_alive =
		!framing.says_close && (out->minor_version == 1 || framing.says_keep_alive);
	return 0;
}

static int parse(struct span bytes, int (*parse_first_line)(struct span, struct http_head *),
		 struct http_head *out)
{
	struct http_head head = { 0 };
	struct reader r;
	int error = head_length(bytes, &head.length);

	if (error != 0) {
		return error;
	}
	r = reader_over(span_first(bytes, head.length - 2)); /* without the blank line */
	error = parse_first_line(reader_line(&r), &head);
	if (error != 0) {
		return error;
	}
	head.headers = reader_rest(&r);
	error = parse_headers(&head);
	if (error != 0) {
		return error;
	}
	*out = head;
	return 0;
}

int http_head_parse_request(struct span bytes, struct http_head *out)
{
	return parse(bytes, parse_request_line, out);
}

int http_head_parse_response(struct span bytes, struct http_head *out)
{
	return parse(bytes, parse_status_line, out);
}

bool http_head_next(struct reader *headers, struct http_header *out)
{
	return reader_left(headers) > 0 && parse_header(reader_line(headers), out);
}

int http_head_find(const struct http_head *head, const char *name, struct span *value)
{
	struct reader r = reader_over(head->headers);
	struct http_header header;
	struct span found = { NULL, 0 };
	size_t count = 0;

	while (http_head_next(&r, &header)) {
		if (http_head_name_is(header.name, name)) {
			found = header.value;
			count++;
		}
	}
	if (count != 1) {
		return count == 0 ? ERR_NOT_FOUND : ERR_MALFORMED;
	}
	*value = found;
	return 0;
}

int http_head_basic(struct span authorization, uint8_t *buffer, size_t capacity,
		    struct http_credentials *out)
{
	size_t blank = span_find(authorization, ' ');
	struct writer w = writer_over(buffer, capacity);
	struct span text;
	size_t colon;
	int error;

	if (!http_head_name_is(span_first(authorization, blank), "Basic")) {
		return ERR_UNSUPPORTED;
	}
	error = base64_decode(span_trim(span_after(authorization, blank)), BASE64_STRICT, &w);
	if (error != 0) {
		return error;
	}
	text = writer_span(&w);
	colon = span_find(text, ':');
	/* RFC 7617 section 2 forbids control characters, tabs included */
	if (colon == text.len || !is_field_value(text) || span_find(text, '\t') < text.len) {
		return ERR_MALFORMED;
	}
	out->user = span_first(text, colon);
	out->password = span_after(text, colon + 1);
	return 0;
}
