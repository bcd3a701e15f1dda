/*
 * clock.h - what time it is, and times as text (RFC 3339).
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/* "2026-11-21T12:00:00.000Z" and a NUL. */
#define CLOCK_TEXT_SIZE 25

/* Milliseconds since 1970-01-01 UTC; jumps when the clock is set. */
int64_t clock_wall_ms(void);

/* Milliseconds, microseconds since some moment; never jumps. For intervals. */
int64_t clock_ms(void);
int64_t clock_us(void);

/* CPU time that this process used, microseconds. */
int64_t clock_cpu_us(void);

/* Times outside the years 0001 to 9999 are clamped to them. */
void clock_to_text(int64_t wall_ms, char out[CLOCK_TEXT_SIZE]);

/* RFC 3339 with or without fraction, Z or offset; also "2026-11-21" and seconds
 * since 1970. ERR_MALFORMED for anything else. */
MUST_USE int clock_from_text(struct span text, int64_t *out_wall_ms);

/* "90s", "15m", "1h", "7d", "250ms", or seconds without a unit. ERR_MALFORMED, ERR_LIMIT. */
MUST_USE int clock_duration_from_text(struct span text, int64_t *out_ms);
