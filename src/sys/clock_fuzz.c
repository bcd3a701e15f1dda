/* clock_fuzz.c - times and durations that come in by the API. */
#include "sys/clock.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { data, size };
	char again[CLOCK_TEXT_SIZE];
	int64_t ms;
	int64_t same;

	if (clock_from_text(text, &ms) == 0) {
		int64_t clamped;

		clock_to_text(ms, again);
		assert(clock_from_text(span_of(again), &clamped) == 0);
		clock_to_text(clamped, again);
		assert(clock_from_text(span_of(again), &same) == 0 && same == clamped);
	}
	if (clock_duration_from_text(text, &ms) == 0) {
		assert(ms >= 0);
	}
	return 0;
}
