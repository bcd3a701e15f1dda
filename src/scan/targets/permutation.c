/* permutation.c - unbalanced Feistel rounds, alternately on either half. */
#include "scan/targets/permutation.h"

#include <assert.h>

/* SplitMix64's finalizer (Steele, Lea, Flood 2014): every output bit depends on every input bit. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void permutation_init(struct permutation *p, uint64_t size, uint64_t seed)
{
	unsigned bits = 2;

	assert(size > 0 && size <= PERMUTATION_MAX);
	while (UINT64_C(1) << bits < size) {
		bits++;
	}
	p->size = size;
	p->left_bits = bits / 2;
	p->right_bits = bits - bits / 2;
	for (unsigned i = 0; i < PERMUTATION_ROUNDS; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		p->keys[i] = mix(seed);
	}
}

static uint64_t encrypt(const struct permutation *p, uint64_t x)
{
	uint64_t left_mask = (UINT64_C(1) << p->left_bits) - 1;
	uint64_t right_mask = (UINT64_C(1) << p->right_bits) - 1;
	uint64_t left = x >> p->right_bits;
	uint64_t right = x & right_mask;

	for (unsigned i = 0; i < PERMUTATION_ROUNDS; i += 2) {
		left ^= mix(right ^ p->keys[i]) & left_mask;
		right ^= mix(left ^ p->keys[i + 1]) & right_mask;
	}
	return left << p->right_bits | right;
}

uint64_t permutation_at(const struct permutation *p, uint64_t position)
{
	uint64_t x = position;

	/* the walk stays on the cycle of position, which is below size: it comes back below */
	do {
		x = encrypt(p, x);
	} while (x >= p->size);
	return x;
}

uint64_t permutation_shard_size(uint64_t size, uint64_t number, uint64_t count)
{
	return size > number ? (size - number - 1) / count + 1 : 0;
}
