/*
 * reader.h - bounded cursor over bytes we do not trust.
 *
 * Reading past the end fails the reader for good: it then holds no bytes and
 * every read yields zero. A parser can so follow the format's own diagram and
 * ask reader_ok() once, at the end. Ask earlier only before a value just read
 * sizes an allocation.
 */
#pragma once

#include "base/span.h"

/* Fields are private to reader.c. */
struct reader {
	struct span rest;
	bool failed;
};

struct reader reader_over(struct span bytes);
uint8_t reader_u8(struct reader *r);
uint16_t reader_be16(struct reader *r);
uint32_t reader_be32(struct reader *r);
uint64_t reader_be64(struct reader *r);
uint16_t reader_le16(struct reader *r);
uint32_t reader_le32(struct reader *r);
uint64_t reader_le64(struct reader *r);

/* The next len bytes, or an empty span if fewer remain (the reader has then failed). */
struct span reader_bytes(struct reader *r, size_t len);

/* The bytes up to a delimiter, which is consumed and not returned; all that
 * remain where it does not come. Never fails: an empty reader gives an empty span. */
struct span reader_until(struct reader *r, uint8_t delimiter);

/* The next line, without its LF or CR LF. Never fails. */
struct span reader_line(struct reader *r);

/* The next byte without consuming it, 0 at the end. Never fails. */
uint8_t reader_peek(const struct reader *r);

/* Fails the reader, for a parser that saw a value its format forbids. */
void reader_fail(struct reader *r);

size_t reader_left(const struct reader *r);

/* All that is left, consumed. */
struct span reader_rest(struct reader *r);

bool reader_ok(const struct reader *r);

/* True where every byte was consumed and none was missing. */
bool reader_done(const struct reader *r);
