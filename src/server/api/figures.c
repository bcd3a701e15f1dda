/* figures.c - counting requests. */
#include "server/api/figures.h"

const int64_t figures_bounds_us[FIGURES_BUCKETS] = {
	1000, 5000, 10000, 50000, 100000, 500000, 1000000, INT64_MAX,
};

void figures_request(struct figures *f, unsigned status, int64_t elapsed_us)
{
	unsigned bucket = 0;

	f->requests[status < 600 ? status / 100 : 0]++;
	while (elapsed_us > figures_bounds_us[bucket]) {
		bucket++;
	}
	f->seconds_buckets[bucket]++;
	f->seconds_count++;
	f->seconds_sum_us += (uint64_t)elapsed_us;
}
