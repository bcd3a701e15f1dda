/*
 * text.h - numbers, hexadecimal and UTF-8 in text we do not trust.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/span.h"
#include "base/writer.h"

/* A whole unsigned decimal number, nothing before or behind it. ERR_MALFORMED
 * for anything else, ERR_LIMIT where it is greater than max. */
MUST_USE int text_to_u64(struct span digits, uint64_t max, uint64_t *out);

/* The same with an optional minus, within int64_t. */
MUST_USE int text_to_i64(struct span digits, int64_t *out);

/* A whole unsigned octal number (file modes). */
MUST_USE int text_to_octal(struct span digits, uint64_t max, uint64_t *out);

/* Lower-case hexadecimal of bytes; writes 2 * bytes.len characters and a NUL to out. */
void text_to_hex(struct span bytes, char *out);

/* Bytes of hexadecimal of either case, exactly out_len of them. ERR_MALFORMED otherwise. */
MUST_USE int text_from_hex(struct span hex, uint8_t *out, size_t out_len);

/* True where the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(struct span bytes);

/* How many of the first bytes are ASCII, and no NUL. */
size_t text_plain_length(struct span bytes);

/* Appends bytes as well-formed UTF-8: each byte that belongs to no well-formed
 * sequence, and each NUL, becomes U+FFFD. At most max_bytes are written, cut
 * between characters. */
void text_write_utf8(struct writer *w, struct span bytes, size_t max_bytes);

/* Appends bytes so that a terminal shows them and obeys none: control characters,
 * including C1, and malformed UTF-8 become \xNN. */
void text_write_escaped(struct writer *w, struct span bytes);

/* Whether a list of words between single spaces has this one. */
bool text_has_word(struct span list, struct span word);

/* A text as a field between our own processes, and in our own files: u16 length, then its bytes.
 * What does not fit its place fails the reader; out is then empty. */
void text_write_field(struct writer *w, const char *text);
void text_read_field(struct reader *r, char *out, size_t size);
