/* sha256.c - SHA-256 as FIPS 180-4 section 6.2 gives it; names a-h and W are its own. */
#include "base/sha256.h"

#include "base/mem.h"
#include "base/sha256_cpu.h"

/* Fewer blocks than this in the first piece are not worth asking for the processor's instructions:
 * a virtual machine may take 50 microseconds to answer. */
#define ASK_BLOCKS_MIN 128

/* clang-format off */
const uint32_t sha256_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
/* clang-format on */

static uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void compress(uint32_t state[8], const uint8_t block[64])
{
	uint32_t W[64];
	uint32_t v[8];

	for (unsigned t = 0; t < 16; t++) {
		W[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
		       (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	}
	for (unsigned t = 16; t < 64; t++) {
		uint32_t s0 = rotr(W[t - 15], 7) ^ rotr(W[t - 15], 18) ^ W[t - 15] >> 3;
		uint32_t s1 = rotr(W[t - 2], 17) ^ rotr(W[t - 2], 19) ^ W[t - 2] >> 10;

		W[t] = W[t - 16] + s0 + W[t - 7] + s1;
	}
	mem_copy(v, state, sizeof v);
	for (unsigned t = 0; t < 64; t++) {
		uint32_t S1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t T1 = v[7] + S1 + choice + sha256_constants[t] + W[t];
		uint32_t S0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

		v[7] = v[6];
		v[6] = v[5];
		v[5] = v[4];
		v[4] = v[3] + T1;
		v[3] = v[2];
		v[2] = v[1];
		v[1] = v[0];
		v[0] = T1 + S0 + majority;
	}
	for (unsigned i = 0; i < 8; i++) {
		state[i] += v[i];
	}
}

/* Takes whole blocks, by the processor's own instructions where it has them and it pays. */
static struct span take_blocks(struct sha256 *h, struct span bytes)
{
	size_t count = bytes.len / 64;

	if (h->blocks == (sha256_blocks *)0 && !h->has_asked && count >= ASK_BLOCKS_MIN) {
		h->blocks = sha256_cpu();
		h->has_asked = true;
	}
	if (h->blocks != (sha256_blocks *)0) {
		h->blocks(h->state, bytes.ptr, count);
		return span_after(bytes, 64 * count);
	}
	for (; bytes.len >= 64; bytes = span_after(bytes, 64)) {
		compress(h->state, bytes.ptr);
	}
	return bytes;
}

/* The block that was gathered. */
static void take_held(struct sha256 *h)
{
	if (h->blocks != (sha256_blocks *)0) {
		h->blocks(h->state, h->block, 1);
	} else {
		compress(h->state, h->block);
	}
}

void sha256_init(struct sha256 *h)
{
	*h = (struct sha256){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			   0x1f83d9ab, 0x5be0cd19 },
		.blocks = sha256_cpu_known(),
	};
}

void sha256_add(struct sha256 *h, struct span bytes)
{
	size_t held = h->length_bytes % sizeof h->block;

	h->length_bytes += bytes.len;
	while (bytes.len > 0) {
		size_t take = sizeof h->block - held;

		if (held == 0 && bytes.len >= sizeof h->block) {
			bytes = take_blocks(h, bytes);
			continue;
		}
		take = take < bytes.len ? take : bytes.len;
		mem_copy(h->block + held, bytes.ptr, take);
		bytes = span_after(bytes, take);
		held += take;
		if (held == sizeof h->block) {
			take_held(h);
			held = 0;
		}
	}
}

void sha256_done(struct sha256 *h, uint8_t out[SHA256_SIZE])
{
	size_t held = h->length_bytes % sizeof h->block;
	uint64_t length_bits = h->length_bytes * 8;

	h->block[held++] = 0x80;
	if (held > 56) {
		mem_zero(h->block + held, sizeof h->block - held);
		take_held(h);
		held = 0;
	}
	mem_zero(h->block + held, 56 - held);
	for (unsigned i = 0; i < 8; i++) {
		h->block[56 + i] = (uint8_t)(length_bits >> (56 - 8 * i));
	}
	take_held(h);
	for (unsigned i = 0; i < SHA256_SIZE; i++) {
		out[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
	}
}

void sha256_of(struct span bytes, uint8_t out[SHA256_SIZE])
{
	sha256_of_two(bytes, (struct span){ 0 }, out);
}

void sha256_of_two(struct span first, struct span second, uint8_t out[SHA256_SIZE])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, first);
	sha256_add(&h, second);
	sha256_done(&h, out);
}
