/* buffer.c - bytes in at the end, out at the front. */
#include "sys/buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"

/* The least that is allocated, unless the maximum is less. */
#define CAPACITY_LEAST 256

void buffer_init(struct buffer *b, size_t max)
{
	*b = (struct buffer){ .max = max };
}

void buffer_done(struct buffer *b)
{
	free(b->bytes);
	*b = (struct buffer){ .max = b->max };
}

int buffer_append(struct buffer *b, struct span bytes)
{
	uint8_t *at = buffer_reserve(b, bytes.len);

	if (at == NULL) {
		return ERR_FULL;
	}
	mem_copy(at, bytes.ptr, bytes.len);
	b->len += bytes.len;
	return 0;
}

/* A quarter over the maximum may be allocated, so that a queue that stays almost full moves its
 * bytes to the front once for each quarter consumed, and not at each append. */
static size_t capacity_limit(const struct buffer *b)
{
	size_t slack = b->max / 4;

	return b->max > SIZE_MAX - slack ? SIZE_MAX : b->max + slack;
}

static void enlarge(struct buffer *b, size_t needed)
{
	size_t limit = capacity_limit(b);
	size_t capacity = b->capacity > limit / 2 ? limit : b->capacity * 2;
	uint8_t *bytes;

	if (capacity < CAPACITY_LEAST) {
		capacity = limit < CAPACITY_LEAST ? limit : CAPACITY_LEAST;
	}
	if (capacity < needed) {
		capacity = needed;
	}
	bytes = alloc_resize(NULL, capacity, 1);
	mem_copy(bytes, buffer_span(b).ptr, b->len);
	free(b->bytes);
	b->bytes = bytes;
	b->capacity = capacity;
	b->start = 0;
}

uint8_t *buffer_reserve(struct buffer *b, size_t len)
{
	bool is_movable;

	if (b->len > b->max || len > b->max - b->len) {
		return NULL;
	}
	if (b->bytes != NULL && len <= b->capacity - b->start - b->len) {
		return b->bytes + b->start + b->len;
	}
	is_movable = b->bytes != NULL && len <= b->capacity - b->len &&
		     (b->start >= b->len || b->capacity == capacity_limit(b));
	if (is_movable) {
		memmove(b->bytes, b->bytes + b->start, b->len);
		b->start = 0;
	} else {
		enlarge(b, b->len + len);
	}
	return b->bytes + b->len;
}

void buffer_grow(struct buffer *b, size_t len)
{
	assert(len <= b->capacity - b->start - b->len);
	b->len += len;
}

void buffer_consume(struct buffer *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	b->start = b->len == 0 ? 0 : b->start + len;
}

void buffer_clear(struct buffer *b)
{
	b->start = 0;
	b->len = 0;
}

void buffer_trim(struct buffer *b)
{
	if (b->len == 0) {
		buffer_done(b);
	}
}

struct span buffer_span(const struct buffer *b)
{
	return (struct span){ b->bytes == NULL ? NULL : b->bytes + b->start, b->len };
}
