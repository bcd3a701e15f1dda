/*
 * rate.c - a token bucket in whole numbers: one probe costs as much as a second's nanoseconds, each
 * nanosecond earns the rate. Nothing is rounded, so nothing adds up over hours.
 */
#include "scan/send/rate.h"

#define SECOND_NS 1000000000

static uint64_t burst_of(uint64_t per_second)
{
	uint64_t burst = 1 + per_second / 200;

	return burst < RATE_BURST_MAX ? burst : RATE_BURST_MAX;
}

static uint64_t credit_at(const struct rate *rate, int64_t now_ns)
{
	uint64_t most = burst_of(rate->per_second) * SECOND_NS;
	int64_t elapsed = now_ns - rate->then_ns;
	uint64_t credit = rate->credit;

	if (elapsed > 0) { /* RATE_MAX times a second is far from an overflow */
		elapsed = elapsed < SECOND_NS ? elapsed : SECOND_NS;
		credit += (uint64_t)elapsed * rate->per_second;
	}
	return credit < most ? credit : most;
}

static void pass(struct rate *rate, int64_t now_ns)
{
	rate->credit = credit_at(rate, now_ns);
	rate->then_ns = now_ns > rate->then_ns ? now_ns : rate->then_ns;
}

void rate_init(struct rate *rate, uint64_t per_second, int64_t now_ns)
{
	*rate = (struct rate){ .per_second = per_second < RATE_MAX ? per_second : RATE_MAX,
			       .credit = SECOND_NS,
			       .then_ns = now_ns };
}

void rate_set(struct rate *rate, uint64_t per_second, int64_t now_ns)
{
	pass(rate, now_ns);
	rate->per_second = per_second < RATE_MAX ? per_second : RATE_MAX;
	pass(rate, now_ns);
}

unsigned rate_take(struct rate *rate, unsigned wanted, int64_t now_ns)
{
	uint64_t there;

	if (rate->per_second == 0) {
		return wanted;
	}
	pass(rate, now_ns);
	there = rate->credit / SECOND_NS;
	wanted = wanted < there ? wanted : (unsigned)there;
	rate->credit -= (uint64_t)wanted * SECOND_NS;
	return wanted;
}

int64_t rate_wait_ns(const struct rate *rate, unsigned wanted, int64_t now_ns)
{
	uint64_t worth = (burst_of(rate->per_second) + 1) / 2;
	uint64_t credit;

	if (rate->per_second == 0 || wanted == 0) {
		return 0;
	}
	credit = credit_at(rate, now_ns);
	worth = (wanted < worth ? wanted : worth) * SECOND_NS;
	return credit >= worth
		       ? 0
		       : (int64_t)((worth - credit + rate->per_second - 1) / rate->per_second);
}
