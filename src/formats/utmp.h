/*
 * utmp.h - wtmp and btmp (utmp(5)): records of one size, of glibc.
 *
 * Two layouts are in use: that of x86-64, which has 32-bit times for the sake of 32-bit programs,
 * and that of newer 64-bit machines such as arm64.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

enum utmp_layout { UTMP_32, UTMP_64 };

#define UTMP_32_SIZE  384
#define UTMP_64_SIZE  400
#define UTMP_SIZE_MAX UTMP_64_SIZE

/* What this machine's C library writes. */
#if defined(__x86_64__)
#define UTMP_NATIVE UTMP_32
#else
#define UTMP_NATIVE UTMP_64
#endif

enum { UTMP_LOGIN_PROCESS = 6, UTMP_USER_PROCESS = 7 };

struct utmp_record {
	int16_t type;
	uint32_t pid;
	struct span line; /* "pts/0", "ssh:notty" */
	struct span user;
	struct span host;
	uint8_t address[16]; /* network order; IPv4 in the first four, the others zero */
	int64_t at_ms;
};

size_t utmp_size(enum utmp_layout layout);

/* One record, borrowed. ERR_MALFORMED where it has another size or an impossible time. */
MUST_USE int utmp_parse(struct span record, enum utmp_layout layout, struct utmp_record *out);
