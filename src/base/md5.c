/* md5.c - section 3 of RFC 1321, block by block. */
#include "base/md5.h"

#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"

#define BLOCK 64u

/* floor(2^32 * abs(sin(i + 1))) */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
	0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
	0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
	0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
	0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391,
};
static const uint8_t shifts[4][4] = {
	{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
};

static void take_block(uint32_t state[4], struct span block)
{
	struct reader r = reader_over(block);
	uint32_t words[16];
	uint32_t a = state[0];
	uint32_t b = state[1];
	uint32_t c = state[2];
	uint32_t d = state[3];

	for (unsigned i = 0; i < 16; i++) {
		words[i] = reader_le32(&r);
	}
	for (unsigned i = 0; i < 64; i++) {
		unsigned round = i / 16;
		unsigned shift = shifts[round][i % 4];
		uint32_t mixed;
		unsigned at;

		if (round == 0) {
			mixed = (b & c) | (~b & d);
			at = i;
		} else if (round == 1) {
			mixed = (d & b) | (~d & c);
			at = 5 * i + 1;
		} else if (round == 2) {
			mixed = b ^ c ^ d;
			at = 3 * i + 5;
		} else {
			mixed = c ^ (b | ~d);
			at = 7 * i;
		}
		mixed += a + sines[i] + words[at % 16];
		a = d;
		d = c;
		c = b;
		b += mixed << shift | mixed >> (32 - shift);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

void md5_of(struct span bytes, uint8_t out[MD5_SIZE])
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint64_t bits = 8 * (uint64_t)bytes.len;
	uint8_t end[2 * BLOCK] = { 0 };
	size_t end_len;

	for (; bytes.len >= BLOCK; bytes = span_after(bytes, BLOCK)) {
		take_block(state, span_first(bytes, BLOCK));
	}
	mem_copy(end, bytes.ptr, bytes.len);
	end[bytes.len] = 0x80;
	end_len = bytes.len + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
	for (unsigned i = 0; i < 8; i++) {
		end[end_len - 8 + i] = (uint8_t)(bits >> 8 * i);
	}
	for (size_t at = 0; at < end_len; at += BLOCK) {
		take_block(state, (struct span){ end + at, BLOCK });
	}
	for (unsigned i = 0; i < MD5_SIZE; i++) {
		out[i] = (uint8_t)(state[i / 4] >> 8 * (i % 4));
	}
}
