/*
 * sha256.h - SHA-256 (FIPS 180-4), incremental, without allocation.
 */
#pragma once

#include "base/span.h"

#define SHA256_SIZE 32

/* Fields are private to sha256.c. */
struct sha256 {
	uint32_t state[8];
	uint64_t length_bytes;
	uint8_t block[64];
	bool has_asked; /* for the processor's instructions */
	void (*blocks)(uint32_t state[8], const uint8_t *bytes, size_t count);
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, struct span bytes);
void sha256_done(struct sha256 *h, uint8_t out[SHA256_SIZE]);

/* The hash of one piece. */
void sha256_of(struct span bytes, uint8_t out[SHA256_SIZE]);

/* The hash of one behind the other. */
void sha256_of_two(struct span first, struct span second, uint8_t out[SHA256_SIZE]);
