/* sha256_arm.c - the SHA-2 instructions of ARMv8's cryptographic extension (Arm ARM, SHA256H). */
#include "base/sha256_cpu.h"

/* clang before 16 declares the instructions' functions only for a whole file built for them. */
#if defined(__clang__) && !defined(__ARM_FEATURE_SHA2)
#define __ARM_FEATURE_SHA2 1
#endif
#include <arm_neon.h>
#include <sys/auxv.h>

#define HAS_SHA2 (1ul << 6) /* HWCAP_SHA2 of asm/hwcap.h */

#if defined(__clang__)
#define WITH_SHA __attribute__((target("sha2")))
#else
#define WITH_SHA __attribute__((target("+crypto")))
#endif

WITH_SHA static void four_rounds(uint32x4_t *abcd, uint32x4_t *efgh, uint32x4_t w,
				 const uint32_t *constants)
{
	uint32x4_t wk = vaddq_u32(w, vld1q_u32(constants));
	uint32x4_t before = *abcd;

	*abcd = vsha256hq_u32(*abcd, *efgh, wk);
	*efgh = vsha256h2q_u32(*efgh, before, wk);
}

WITH_SHA static void one_block(uint32x4_t *abcd, uint32x4_t *efgh, const uint8_t *bytes)
{
	uint32x4_t w[4];

	for (unsigned i = 0; i < 4; i++) {
		w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes + 16 * i)));
		four_rounds(abcd, efgh, w[i], sha256_constants + 4 * i);
	}
#pragma GCC unroll 12
	for (unsigned t = 16; t < 64; t += 4) {
		uint32x4_t next = vsha256su1q_u32(vsha256su0q_u32(w[0], w[1]), w[2], w[3]);

		four_rounds(abcd, efgh, next, sha256_constants + t);
		w[0] = w[1];
		w[1] = w[2];
		w[2] = w[3];
		w[3] = next;
	}
}

WITH_SHA static void blocks_by_sha2(uint32_t state[8], const uint8_t *bytes, size_t count)
{
	uint32x4_t abcd = vld1q_u32(state);
	uint32x4_t efgh = vld1q_u32(state + 4);

	for (; count > 0; count--, bytes += 64) {
		uint32x4_t abcd_before = abcd;
		uint32x4_t efgh_before = efgh;

		one_block(&abcd, &efgh, bytes);
		abcd = vaddq_u32(abcd, abcd_before);
		efgh = vaddq_u32(efgh, efgh_before);
	}
	vst1q_u32(state, abcd);
	vst1q_u32(state + 4, efgh);
}

sha256_blocks *sha256_cpu(void)
{
	return (getauxval(AT_HWCAP) & HAS_SHA2) != 0 ? blocks_by_sha2 : NULL;
}

sha256_blocks *sha256_cpu_known(void)
{
	return sha256_cpu();
}
