/*
 * buffer.h - a growable run of bytes with a maximum.
 *
 * No buffer grows past its maximum: an append that would is refused whole.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* Fields other than len are private to buffer.c. */
struct buffer {
	uint8_t *bytes;
	size_t start; /* bytes consumed in front */
	size_t len;   /* bytes held */
	size_t capacity;
	size_t max;
};

/* Owns nothing until the first append. */
void buffer_init(struct buffer *b, size_t max);
void buffer_done(struct buffer *b);

/* ERR_FULL where it would grow past its maximum. */
MUST_USE int buffer_append(struct buffer *b, struct span bytes);

/* Room for at least len bytes at the end, or NULL where that is past the maximum.
 * What is then written there counts after buffer_grow. */
uint8_t *buffer_reserve(struct buffer *b, size_t len);
void buffer_grow(struct buffer *b, size_t len);

/* Takes len bytes from the front. */
void buffer_consume(struct buffer *b, size_t len);
void buffer_clear(struct buffer *b);

/* Gives memory back where the buffer is empty. */
void buffer_trim(struct buffer *b);
struct span buffer_span(const struct buffer *b);
