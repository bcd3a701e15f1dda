/*
 * arena.h - memory that is given back whole: what a file of fingerprints says lives as long as it.
 */
#pragma once

#include "base/span.h"

struct arena_block;

/* Zeroed is empty. */
struct arena {
	struct arena_block *blocks;
	size_t used; /* of the newest block */
};

/* Zeroed and aligned; never NULL. */
void *arena_take(struct arena *a, size_t size);

/* A copy of the bytes, ended by a NUL that is not counted. */
struct span arena_copy(struct arena *a, struct span bytes);

void arena_free(struct arena *a);
