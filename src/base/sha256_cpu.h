/*
 * sha256_cpu.h - the instructions for SHA-256 that some processors have; for sha256.c alone.
 *
 * One platform file of this is built in (meson.build chooses): sha256_x86.c, sha256_arm.c or, for
 * every other machine, sha256_plain.c. Whether this very processor has them is asked at run time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Takes whole blocks of 64 bytes into the state, as FIPS 180-4 section 6.2.2 does. */
typedef void sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t count);

/* The round constants of section 4.2.2. */
extern const uint32_t sha256_constants[64];

/* NULL where this processor has none. May cost a microsecond, under a hypervisor fifty. */
sha256_blocks *sha256_cpu(void);

/* The same where the answer was had at the program's start and costs nothing now, else NULL. */
sha256_blocks *sha256_cpu_known(void);
