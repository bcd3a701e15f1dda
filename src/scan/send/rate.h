/*
 * rate.h - a hard limit on probes a second: a token bucket without a clock of its own.
 *
 * In any second, wherever it begins, at most 1 % more is let through than the rate says, even where
 * what was taken goes out one burst late: a burst is a two-hundredth of the rate, and one.
 */
#pragma once

#include <stdint.h>

/* Bursts grow no further: what is larger makes no sender faster. */
#define RATE_BURST_MAX 16384

/* One a nanosecond, beyond any wire. */
#define RATE_MAX 1000000000u

/* Fields are private to rate.c. */
struct rate {
	uint64_t per_second;
	uint64_t credit; /* in probes times nanoseconds */
	int64_t then_ns;
};

/* per_second 0: no limit. More than RATE_MAX counts as that. now_ns: of a clock that does not jump
 * (CLOCK_MONOTONIC), here and below. The bucket starts with one probe. */
void rate_init(struct rate *rate, uint64_t per_second, int64_t now_ns);

/* Another rate from now on; what was saved up stays, as far as the new burst allows. */
void rate_set(struct rate *rate, uint64_t per_second, int64_t now_ns);

/* How many of the wanted may go now; they are then spent. */
unsigned rate_take(struct rate *rate, unsigned wanted, int64_t now_ns);

/* Nanoseconds until a batch worth a system call may go: all that is wanted, or half a burst. */
int64_t rate_wait_ns(const struct rate *rate, unsigned wanted, int64_t now_ns);
