/*
 * http_head.h - heads of HTTP/1.1 requests and responses (RFC 9112).
 *
 * Everything borrows from the bytes. Stricter than the RFC allows a recipient to be, so that no
 * two programs read one message differently: no bare LF, no obsolete folding, no blank before a
 * colon, no contradicting lengths, no transfer codings.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

#define HTTP_HEAD_MAX         8192 /* bytes, final blank line included */
#define HTTP_HEAD_HEADERS_MAX 64

struct http_header {
	struct span name;
	struct span value; /* without blanks around it */
};

struct http_head {
	struct span method; /* of a request */
	struct span target;
	unsigned status; /* of a response */
	struct span reason;
	unsigned minor_version; /* 0 or 1 */
	struct span headers;    /* for http_head_headers() */
	size_t length;          /* of the head with its blank line: where the body begins */
	bool has_content_length;
	uint64_t content_length;
	bool keeps_alive; /* by version and Connection: another message may follow */
};

/* Both give ERR_AGAIN where more bytes are needed, ERR_LIMIT for a head above the limits,
 * ERR_UNSUPPORTED for Transfer-Encoding and for other versions, ERR_MALFORMED for the rest. */
MUST_USE int http_head_parse_request(struct span bytes, struct http_head *out);
MUST_USE int http_head_parse_response(struct span bytes, struct http_head *out);

/* The next header of a parsed head, from a reader over head->headers; false at the end. */
bool http_head_next(struct reader *headers, struct http_header *out);

/* The value of the only header of this name, case ignored. ERR_NOT_FOUND; ERR_MALFORMED where
 * there is more than one. */
MUST_USE int http_head_find(const struct http_head *head, const char *name, struct span *value);

/* True where the texts are the same but for ASCII case. */
bool http_head_name_is(struct span name, const char *wanted);

struct http_credentials {
	struct span user;
	struct span password;
};

/* The user and password of an Authorization value of the Basic scheme (RFC 7617), decoded into the
 * buffer, which out borrows. ERR_UNSUPPORTED for another scheme, ERR_MALFORMED, ERR_FULL. */
MUST_USE int http_head_basic(struct span authorization, uint8_t *buffer, size_t capacity,
			     struct http_credentials *out);
