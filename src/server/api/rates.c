/* rates.c - minutes that nothing happened in are zeroed as the ring moves on. */
#include "server/api/rates.h"

#include <assert.h>
#include <string.h>

#define MINUTE_MS 60000

/* The place of a minute; its count may be of a day before. */
static uint32_t *place(struct rates *r, int64_t minute)
{
	return &r->counts[(uint64_t)minute % RATES_MINUTES];
}

static void move_to(struct rates *r, int64_t minute)
{
	if (minute - r->newest >= RATES_MINUTES) {
		memset(r->counts, 0, sizeof r->counts);
	} else {
		for (int64_t m = r->newest + 1; m <= minute; m++) {
			*place(r, m) = 0;
		}
	}
	r->newest = minute;
}

void rates_add(struct rates *r, int64_t at_ms, uint32_t count)
{
	int64_t minute = at_ms / MINUTE_MS;

	if (minute > r->newest) {
		move_to(r, minute);
	}
	if (minute > r->newest - RATES_MINUTES) {
		*place(r, minute) += count;
	}
}

static uint32_t count_of(const struct rates *r, int64_t minute)
{
	if (minute > r->newest || minute <= r->newest - RATES_MINUTES) {
		return 0;
	}
	return r->counts[(uint64_t)minute % RATES_MINUTES];
}

void rates_read(const struct rates *r, int64_t now_ms, unsigned count, uint32_t *out,
		int64_t *out_start_ms)
{
	int64_t first = now_ms / MINUTE_MS - count + 1;

	assert(count <= RATES_MINUTES);
	for (unsigned i = 0; i < count; i++) {
		out[i] = count_of(r, first + i);
	}
	*out_start_ms = first * MINUTE_MS;
}

uint64_t rates_sum(const struct rates *r, int64_t now_ms, unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++) {
		sum += count_of(r, now_ms / MINUTE_MS - i);
	}
	return sum;
}
