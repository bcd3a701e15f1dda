/*
 * figures.h - what the api counts of itself, for /metrics.
 */
#pragma once

#include <stdint.h>

#define FIGURES_BUCKETS 8

struct figures {
	uint64_t requests[6]; /* by status class: [2] is 2xx; [0] where the client left before */
	uint64_t seconds_buckets[FIGURES_BUCKETS]; /* not cumulative */
	uint64_t seconds_count;
	uint64_t seconds_sum_us;
	uint64_t changes_streamed;
	uint64_t gaps;
};

/* Upper bounds of the buckets, microseconds; the last is everything. */
extern const int64_t figures_bounds_us[FIGURES_BUCKETS];

void figures_request(struct figures *f, unsigned status, int64_t elapsed_us);
