/*
 * numbering.h - dense numbers, from 0 on, for 16-byte keys: row hashes, ids.
 *
 * Number to key is an array; key to number an open-addressing table of numbers. Both hold
 * 16 + 4/load bytes a key and nothing else. Only the newest keys can be taken back.
 */
#pragma once

#include "base/rowhash.h"

/* Fields are private to numbering.c. */
struct numbering {
	struct rowhash *keys;
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots;     /* number + 1; 0 is free */
	uint32_t slot_count; /* a power of 2, or 0 */
	uint64_t secret[2];
};

/* Keys come from strangers: a secret of the process decides where each lies, so that nobody can
 * choose keys that lie together. */
void numbering_init(struct numbering *n);
void numbering_done(struct numbering *n);

bool numbering_find(const struct numbering *n, const struct rowhash *key, uint32_t *out);

/* Gives a key that is not there the next number. */
uint32_t numbering_add(struct numbering *n, const struct rowhash *key);

/* The key of a number below the count, valid until the next add. */
const struct rowhash *numbering_key(const struct numbering *n, uint32_t number);

/* Takes back every number from count on. */
void numbering_truncate(struct numbering *n, uint32_t count);
size_t numbering_bytes(const struct numbering *n);
