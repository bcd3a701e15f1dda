/* rate_test.c - the limit over every second of a made-up clock. */
#include "scan/send/rate.h"

#include <stdlib.h>

#include "base/attr.h"
#include "sys/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define SECOND_NS INT64_C(1000000000)
#define STEPS     20000

static uint64_t random_state = 88172645463325252u;

static uint64_t pick(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

struct event {
	int64_t at_ns;
	uint64_t count;
};

/* The most in a second that begins at any event. */
static uint64_t busiest_second(const struct event *events, size_t count)
{
	uint64_t sum = 0;
	uint64_t most = 0;

	for (size_t first = 0, end = 0; first < count; sum -= events[first++].count) {
		for (; end < count && events[end].at_ns < events[first].at_ns + SECOND_NS; end++) {
			sum += events[end].count;
		}
		most = sum > most ? sum : most;
	}
	return most;
}

/* Takes at odd moments, with pauses; what was taken goes late bursts behind. */
static void assert_limit(uint64_t per_second, bool is_late)
{
	struct event *events OWNED(alloc_free) = alloc_zeroed(STEPS, sizeof *events);
	struct rate rate;
	int64_t now = 5 * SECOND_NS;
	int64_t step = 4 * SECOND_NS / (int64_t)per_second + 100000;

	rate_init(&rate, per_second, now);
	for (size_t i = 0; i < STEPS; i++) {
		now += pick(100) == 0 ? SECOND_NS / 3 : (int64_t)pick((uint64_t)step);
		events[i].count = rate_take(&rate, 1000000, now);
		events[i].at_ns = now;
		if (is_late && events[i].count > 0 && pick(3) == 0) {
			now += SECOND_NS / 50; /* between taking and sending */
			events[i].at_ns = now;
		}
	}
	assert_true(busiest_second(events, STEPS) <= per_second + (per_second + 99) / 100);
}

static void no_second_gets_more_than_one_percent_above_the_rate(void **state)
{
	static const uint64_t rates[] = { 1, 7, 10, 100, 1000, 12345, 100000, 1000000, 14880952 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		assert_limit(rates[i], false);
		assert_limit(rates[i], true);
	}
}

static void the_rate_is_reached_by_one_who_waits_as_told(void **state)
{
	static const uint64_t rates[] = { 1, 3, 50, 999, 1000000, 5000000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		struct rate rate;
		int64_t now = 17;
		uint64_t sent = 0;
		unsigned calls = 0;

		rate_init(&rate, rates[i], now);
		for (; now < 10 * SECOND_NS; calls++) {
			now += rate_wait_ns(&rate, 4096, now);
			sent += rate_take(&rate, 4096, now);
		}
		assert_true(sent >= rates[i] * 10 - 1 &&
			    sent <= rates[i] * 10 + rates[i] / 100 + 1);
		/* not one system call for each */
		assert_true(rates[i] < 1000 || calls < 5000 * (1 + rates[i] / 1000000));
	}
}

static void nothing_is_saved_up_in_a_pause(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 1000, 0);
	assert_int_equal(rate_take(&rate, 1000, 3600 * SECOND_NS), 6);
	assert_int_equal(rate_take(&rate, 1000, 3600 * SECOND_NS), 0);
}

static void a_lower_rate_holds_at_once(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 1000000, 0);
	rate_set(&rate, 100, SECOND_NS);
	assert_int_equal(rate_take(&rate, 5000, SECOND_NS), 1);
	assert_int_equal(rate_take(&rate, 5000, SECOND_NS + SECOND_NS / 100), 1);
}

static void a_clock_that_goes_back_earns_nothing(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 1000, 10 * SECOND_NS);
	assert_int_equal(rate_take(&rate, 10, 10 * SECOND_NS), 1);
	assert_int_equal(rate_take(&rate, 10, 2 * SECOND_NS), 0);
	assert_int_equal(rate_take(&rate, 10, 10 * SECOND_NS), 0);
	assert_int_equal(rate_take(&rate, 10, 10 * SECOND_NS + 1000000), 1);
}

static void without_a_limit_all_may_go(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 0, 0);
	assert_int_equal(rate_take(&rate, 123456789, 0), 123456789);
	assert_int_equal(rate_wait_ns(&rate, 1000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_second_gets_more_than_one_percent_above_the_rate),
		cmocka_unit_test(the_rate_is_reached_by_one_who_waits_as_told),
		cmocka_unit_test(nothing_is_saved_up_in_a_pause),
		cmocka_unit_test(a_lower_rate_holds_at_once),
		cmocka_unit_test(a_clock_that_goes_back_earns_nothing),
		cmocka_unit_test(without_a_limit_all_may_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
