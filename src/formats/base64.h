/*
 * base64.h - base64 (RFC 4648 section 4) into a caller's buffer.
 *
 * Decoding is strict: no other characters, right padding, and no stray bits, so
 * that bytes have one text. Encoding never breaks lines.
 */
#pragma once

#include "base/attr.h"
#include "base/writer.h"

/* The most bytes that len characters can hold. */
#define BASE64_DECODED_MAX(len) (((len) + 3) / 4 * 3)

/* The characters, without padding, of len bytes. */
#define BASE64_ENCODED_SIZE(len) (((len)*4 + 2) / 3)

enum base64_mode {
	BASE64_STRICT,     /* nothing but the alphabet and padding */
	BASE64_WHITESPACE, /* spaces, tabs, CR and LF anywhere are passed over */
};

/* Appends the decoded bytes. Padding may be left out as a whole. ERR_MALFORMED,
 * or ERR_FULL where it does not fit; nothing is then appended. */
MUST_USE int base64_decode(struct span text, enum base64_mode mode, struct writer *w);

/* Appends the text of bytes, without padding. */
void base64_encode(struct span bytes, struct writer *w);

/* The same with padding. */
void base64_encode_padded(struct span bytes, struct writer *w);
