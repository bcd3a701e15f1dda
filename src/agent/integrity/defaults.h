/*
 * defaults.h - what is watched where the policy says nothing else; docs/file-integrity.md says why.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DEFAULT_FILES_MAX      50000
#define DEFAULT_HASH_BYTES_MAX (UINT64_C(256) << 20)
#define DEFAULT_IO_BYTES_PER_S (UINT64_C(50) << 20)
#define DEFAULT_CPU_PERMILLE   500 /* of one core, while there is something to do */

/* Both ended by NULL. */
extern const char *const default_paths[];
extern const char *const default_excludes[];

/* What no policy brings in: the kernel's own view of itself, which is no content. Ended by NULL. */
extern const char *const fixed_excludes[];
