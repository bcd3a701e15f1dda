/*
 * sha256_x86.c - SHA-NI (Intel SDM, SHA256RNDS2, SHA256MSG1, SHA256MSG2).
 *
 * The instructions keep the state as two vectors, ABEF and CDGH, and do two rounds each. The
 * schedule's 64 words are made four at a time from the sixteen before them.
 */
#include "base/sha256_cpu.h"

#include <cpuid.h>
#include <immintrin.h>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h> /* of glibc */
#endif

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

/* Four rounds with the four words of w. */
WITH_SHA static void four_rounds(__m128i *abef, __m128i *cdgh, __m128i w, const uint32_t *constants)
{
	__m128i wk = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(const void *)constants));

	*cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
	*abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* W[t..t+3] of the sixteen words before, which w holds oldest first. */
WITH_SHA static __m128i next_words(const __m128i w[4])
{
	__m128i sum =
		_mm_add_epi32(_mm_sha256msg1_epu32(w[0], w[1]), _mm_alignr_epi8(w[3], w[2], 4));

	return _mm_sha256msg2_epu32(sum, w[3]);
}

WITH_SHA static void one_block(__m128i *abef, __m128i *cdgh, const uint8_t *bytes)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i w[4];

	for (unsigned i = 0; i < 4; i++) {
		w[i] = _mm_shuffle_epi8(
			_mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i)),
			big_endian);
		four_rounds(abef, cdgh, w[i], sha256_constants + 4 * i);
	}
#pragma GCC unroll 12
	for (unsigned t = 16; t < 64; t += 4) {
		__m128i next = next_words(w);

		four_rounds(abef, cdgh, next, sha256_constants + t);
		w[0] = w[1];
		w[1] = w[2];
		w[2] = w[3];
		w[3] = next;
	}
}

WITH_SHA static void blocks_by_sha_ni(uint32_t state[8], const uint8_t *bytes, size_t count)
{
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
	__m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
	__m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

	for (; count > 0; count--, bytes += 64) {
		__m128i abef_before = abef;
		__m128i cdgh_before = cdgh;

		one_block(&abef, &cdgh, bytes);
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	abef = _mm_shuffle_epi32(abef, 0x1b);
	cdgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(abef, cdgh, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(cdgh, abef, 8));
}

/* CPUID leaf 1: SSSE3, SSE4.1; leaf 7: SHA. */
sha256_blocks *sha256_cpu(void)
{
	unsigned a;
	unsigned b;
	unsigned c;
	unsigned d;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0 ||
	    __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (b & bit_SHA) == 0) {
		return NULL;
	}
	return blocks_by_sha_ni;
}

#ifdef CPU_FEATURE_ACTIVE /* the loader has asked already */
sha256_blocks *sha256_cpu_known(void)
{
	return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1) && CPU_FEATURE_ACTIVE(SSSE3)
		       ? blocks_by_sha_ni
		       : NULL;
}
#elif defined __clang__ /* whose builtin does not know of "sha" */
sha256_blocks *sha256_cpu_known(void)
{
	return NULL;
}
#else                   /* asked at the start, by 5 KB of libgcc */
sha256_blocks *sha256_cpu_known(void)
{
	return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1") &&
			       __builtin_cpu_supports("ssse3")
		       ? blocks_by_sha_ni
		       : NULL;
}
#endif
