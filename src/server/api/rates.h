/*
 * rates.h - changes a minute, over the last day: a ring that is counted up, never scanned.
 */
#pragma once

#include <stdint.h>

#define RATES_MINUTES 1440

/* All zero is an empty one. */
struct rates {
	int64_t newest; /* the newest minute there is a count for, minutes since 1970 */
	uint32_t counts[RATES_MINUTES]; /* by minute modulo the ring */
};

/* Counts changes that were made at at_ms. Those older than the ring are left out. */
void rates_add(struct rates *r, int64_t at_ms, uint32_t count);

/* The last count minutes up to now, oldest first. */
void rates_read(const struct rates *r, int64_t now_ms, unsigned count, uint32_t *out,
		int64_t *out_start_ms);

/* The sum of the last count minutes. */
uint64_t rates_sum(const struct rates *r, int64_t now_ms, unsigned count);
