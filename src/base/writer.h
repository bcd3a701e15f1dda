/*
 * writer.h - bounded cursor that fills a caller's buffer.
 *
 * Writing past the end fails the writer for good and writes nothing more; what
 * was written before stays. Ask writer_ok() once, at the end.
 */
#pragma once

#include "base/span.h"

/* Fields are private to writer.c. */
struct writer {
	uint8_t *buffer;
	size_t capacity;
	size_t used;
	bool failed;
};

struct writer writer_over(uint8_t *buffer, size_t capacity);
void writer_u8(struct writer *w, uint8_t value);
void writer_be16(struct writer *w, uint16_t value);
void writer_be32(struct writer *w, uint32_t value);
void writer_be64(struct writer *w, uint64_t value);
void writer_le32(struct writer *w, uint32_t value);
void writer_le64(struct writer *w, uint64_t value);
void writer_bytes(struct writer *w, struct span bytes);
void writer_text(struct writer *w, const char *text);

/* An unsigned number in decimal digits. */
void writer_decimal(struct writer *w, uint64_t value);

/* Reserves len bytes and returns where they are, or NULL where they do not fit. */
uint8_t *writer_reserve(struct writer *w, size_t len);

/* Takes back all that was written after a mark (a value of writer_used) and
 * heals a writer that failed since then. */
void writer_rewind(struct writer *w, size_t mark);

size_t writer_used(const struct writer *w);
size_t writer_left(const struct writer *w);

/* What was written so far. */
struct span writer_span(const struct writer *w);
bool writer_ok(const struct writer *w);
