/*
 * cbor.h - the deterministic subset of CBOR (RFC 8949) that our protocol speaks.
 *
 * Supported: integers within int64 and uint64, byte strings, UTF-8 text, arrays and maps of
 * definite length, true, false, null; heads in their shortest form (4.2.1). Floats, tags,
 * indefinite lengths, undefined and other simple values are refused as ERR_UNSUPPORTED,
 * anything else as ERR_MALFORMED. Both sides are sticky: ask for the error once, at the end.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* Arrays and maps within each other, at the most. */
#define CBOR_DEPTH_MAX 8

enum cbor_kind {
	CBOR_UINT,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_BOOL,
	CBOR_NULL,
	CBOR_END, /* nothing is left, or the reader has failed */
};

/* Fields are private to cbor.c. */
struct cbor_reader {
	struct reader bytes;
	int error;
};

struct cbor_reader cbor_over(struct span bytes);

/* What the next item is; CBOR_END where it is none of the subset (the error is then set). */
enum cbor_kind cbor_peek(struct cbor_reader *r);

/* Each takes one item of its kind. Another kind fails the reader with ERR_MALFORMED and yields 0.
 */
uint64_t cbor_uint(struct cbor_reader *r);
int64_t cbor_int(struct cbor_reader *r); /* ERR_LIMIT past int64 */
bool cbor_bool(struct cbor_reader *r);
struct span cbor_bytes(struct cbor_reader *r);
struct span cbor_text(struct cbor_reader *r);

/* The number of items that follow, never more than the bytes that are left. */
size_t cbor_array(struct cbor_reader *r);

/* The number of pairs that follow. */
size_t cbor_map(struct cbor_reader *r);

/* Takes a null if one is next, and says whether it was. */
bool cbor_take_null(struct cbor_reader *r);

/* Takes the next item whole, with what is in it, and returns its bytes. Validates it. */
struct span cbor_item(struct cbor_reader *r);

/* Fails the reader, for a caller that saw what its protocol forbids. */
void cbor_fail(struct cbor_reader *r, int error);

/* 0 or the first error. */
int cbor_error(const struct cbor_reader *r);

/* 0 where every byte was taken and nothing failed; else the error, ERR_MALFORMED for bytes left
 * over. */
MUST_USE int cbor_done(const struct cbor_reader *r);

void cbor_write_uint(struct writer *w, uint64_t value);
void cbor_write_int(struct writer *w, int64_t value);
void cbor_write_bool(struct writer *w, bool value);
void cbor_write_null(struct writer *w);
void cbor_write_bytes(struct writer *w, struct span bytes);

/* The text must be UTF-8: text_write_utf8 mends what may not be. */
void cbor_write_text(struct writer *w, struct span text);
void cbor_write_array(struct writer *w, size_t count);
void cbor_write_map(struct writer *w, size_t count);

/* The head of a byte string of len bytes, which the caller appends itself. */
void cbor_write_bytes_head(struct writer *w, size_t len);
