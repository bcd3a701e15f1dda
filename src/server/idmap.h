/*
 * idmap.h - a map from 64-bit numbers to pointers, which it does not own.
 *
 * Open addressing with linear probing; at most half full. Number 0 is not a key.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fields are private to idmap.c. */
struct idmap_slot {
	uint64_t key; /* 0: free */
	void *value;
};

struct idmap {
	struct idmap_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* A zeroed map is empty and owns nothing. */
void idmap_done(struct idmap *map);

/* Replaces what the key had. */
void idmap_put(struct idmap *map, uint64_t key, void *value);

/* NULL where the key is not there. */
void *idmap_get(const struct idmap *map, uint64_t key);
void idmap_remove(struct idmap *map, uint64_t key);

/* Walks all values in no order: start with *at = 0; NULL at the end. Nothing may be put or removed
 * meanwhile. */
void *idmap_next(const struct idmap *map, size_t *at);
