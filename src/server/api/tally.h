/*
 * tally.h - dense numbers, from 0 on, for triples of numbers: what is counted together.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_key {
	int64_t parts[3];
};

/* Fields are private to tally.c, but count. */
struct tally {
	struct tally_key *keys;
	uint32_t count;
	size_t capacity;
	uint32_t *slots; /* number + 1; 0 is free */
	uint32_t slot_count;
};

/* Zero it before the first use. */
void tally_done(struct tally *tally);

/* The number of a key; one that is new gets the next. */
uint32_t tally_number(struct tally *tally, const struct tally_key *key, bool *out_is_new);
const struct tally_key *tally_key_of(const struct tally *tally, uint32_t number);
