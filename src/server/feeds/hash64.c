/* hash64.c - eight bytes a step, multiplied and folded. */
#include "server/feeds/hash64.h"

#define PRIME_A UINT64_C(0x9e3779b97f4a7c15)
#define PRIME_B UINT64_C(0xd6e8feb86659fd93)

static uint64_t word_at(const uint8_t *p, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++) {
		word |= (uint64_t)p[i] << (8 * i);
	}
	return word;
}

uint64_t hash64_mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b + PRIME_A)) * PRIME_B;

	h ^= h >> 32;
	h *= PRIME_B;
	return h ^ h >> 29;
}

uint64_t hash64(uint64_t seed, struct span bytes)
{
	uint64_t h = seed ^ (bytes.len * PRIME_A);
	size_t i = 0;

	for (; i + 8 <= bytes.len; i += 8) {
		h = (h ^ word_at(bytes.ptr + i, 8)) * PRIME_B;
		h ^= h >> 31;
	}
	if (i < bytes.len) {
		h = (h ^ word_at(bytes.ptr + i, bytes.len - i)) * PRIME_B;
		h ^= h >> 31;
	}
	return hash64_mix(h, bytes.len);
}
