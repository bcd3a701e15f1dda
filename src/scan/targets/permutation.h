/*
 * permutation.h - visits each number below n once, in an order that nobody guesses, keeping
 * nothing.
 *
 * A Feistel network over the next power of two, walked until it lands below n (Black and Rogaway,
 * "Ciphers with arbitrary finite domains", 2002). Any position's number is computed by itself: so
 * a scan is resumed at a position, and a shard takes every count-th one.
 */
#pragma once

#include <stdint.h>

#define PERMUTATION_ROUNDS 6
#define PERMUTATION_MAX    (UINT64_C(1) << 62)

/* Fields are private to permutation.c. */
struct permutation {
	uint64_t size;
	unsigned left_bits;
	unsigned right_bits;
	uint64_t keys[PERMUTATION_ROUNDS];
};

/* size: 1 to PERMUTATION_MAX. The same seed gives the same order. */
void permutation_init(struct permutation *p, uint64_t size, uint64_t seed);

/* The number at a position, both below size. */
uint64_t permutation_at(const struct permutation *p, uint64_t position);

/* Positions of shard number (from 0) of count: its kth is position k * count + number. */
uint64_t permutation_shard_size(uint64_t size, uint64_t number, uint64_t count);
