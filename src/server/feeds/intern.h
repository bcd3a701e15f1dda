/*
 * intern.h - each distinct run of bytes once, numbered from 0 in the order in which they came.
 *
 * Spans stay valid until the next intern_add().
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* Fields are private to intern.c, but for count. */
struct intern {
	uint8_t *bytes;
	size_t used;
	size_t capacity;
	size_t bytes_max;
	uint64_t *ends; /* of each run, in bytes */
	uint32_t count;
	uint32_t capacity_count;
	uint32_t count_max;
	uint32_t *slots; /* number + 1, 0: free */
	uint32_t slot_count;
};

void intern_init(struct intern *pool, size_t bytes_max, uint32_t count_max);
void intern_done(struct intern *pool);

/* The number of these bytes. ERR_LIMIT where the pool is full. */
MUST_USE int intern_add(struct intern *pool, struct span bytes, uint32_t *out);

/* False where they are not there. */
bool intern_find(const struct intern *pool, struct span bytes, uint32_t *out);

struct span intern_get(const struct intern *pool, uint32_t number);
