/* turns_test.c - whose turn it is, and how fast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "scan/sensor/turns.h"

#define DAY 86400

/* 2026-01-01 00:00 UTC */
#define MIDNIGHT INT64_C(1767225600)

static void a_scope_is_due_once_a_period(void **state)
{
	struct turn turn = { .period_s = 3600 };

	(void)state;
	assert_true(turn_is_due(&turn, MIDNIGHT)); /* never scanned */
	turn.started_s = MIDNIGHT;
	assert_false(turn_is_due(&turn, MIDNIGHT + 3599));
	assert_true(turn_is_due(&turn, MIDNIGHT + 3600));
	turn.is_underway = true;
	assert_true(turn_is_due(&turn, MIDNIGHT + 1));
}

static void a_clock_that_was_set_back_does_not_stop_it(void **state)
{
	const struct turn turn = { .period_s = 3600, .started_s = MIDNIGHT + 10 * DAY };

	(void)state;
	assert_true(turn_is_due(&turn, MIDNIGHT));
}

static void hours_are_kept_over_midnight_too(void **state)
{
	const struct turn any = { .from_minute = 60, .to_minute = 60 };
	const struct turn day = { .from_minute = 8 * 60, .to_minute = 18 * 60 };
	const struct turn night = { .from_minute = 22 * 60, .to_minute = 6 * 60 };

	(void)state;
	assert_true(turn_is_open(&any, MIDNIGHT));
	assert_false(turn_is_open(&day, MIDNIGHT + 8 * 3600 - 1));
	assert_true(turn_is_open(&day, MIDNIGHT + 8 * 3600));
	assert_false(turn_is_open(&day, MIDNIGHT + 18 * 3600));
	assert_true(turn_is_open(&night, MIDNIGHT));
	assert_true(turn_is_open(&night, MIDNIGHT + 22 * 3600));
	assert_false(turn_is_open(&night, MIDNIGHT + 6 * 3600));
	assert_false(turn_is_open(&night, MIDNIGHT + 22 * 3600 - 1));
}

static void what_is_later_than_the_others_goes_first(void **state)
{
	struct turn turns[] = {
		{ .started_s = MIDNIGHT - DAY, .period_s = 3600 },
		{ .started_s = MIDNIGHT - 2 * DAY, .period_s = 3600 },
		{ .started_s = MIDNIGHT, .period_s = 3600 },
		{ .started_s = 0, .is_held = true },
	};

	(void)state;
	assert_int_equal(turns_pick(turns, COUNT_OF(turns), MIDNIGHT, TURNS_NONE, 0), 1);
	turns[3].is_held = false; /* never scanned: it is the latest of all */
	assert_int_equal(turns_pick(turns, COUNT_OF(turns), MIDNIGHT, TURNS_NONE, 0), 3);
	assert_int_equal(turns_pick(&turns[2], 1, MIDNIGHT, TURNS_NONE, 0), TURNS_NONE);
	assert_int_equal(turns_pick(NULL, 0, MIDNIGHT, TURNS_NONE, 0), TURNS_NONE);
}

static void nobody_keeps_the_turn_longer_than_a_slice_while_another_waits(void **state)
{
	struct turn turns[] = { { .started_s = MIDNIGHT, .is_underway = true },
				{ .started_s = MIDNIGHT, .is_underway = true } };

	(void)state;
	assert_int_equal(turns_pick(turns, 2, MIDNIGHT, 0, TURNS_SLICE_MS - 1), 0);
	assert_int_equal(turns_pick(turns, 2, MIDNIGHT, 0, TURNS_SLICE_MS), 1);
	turns[1].is_held = true;
	assert_int_equal(turns_pick(turns, 2, MIDNIGHT, 0, TURNS_SLICE_MS), 0);
}

static void the_hours_end_a_run_that_is_under_way(void **state)
{
	const struct turn turn = {
		.started_s = MIDNIGHT, .is_underway = true, .from_minute = 0, .to_minute = 60
	};

	(void)state;
	assert_int_equal(turns_pick(&turn, 1, MIDNIGHT + 3599, 0, TURNS_SLICE_MS), 0);
	assert_int_equal(turns_pick(&turn, 1, MIDNIGHT + 3600, 0, 0), TURNS_NONE);
}

static void the_first_run_is_fast_and_later_ones_are_spread(void **state)
{
	struct turn turn = { .is_first = true, .period_s = 1000, .rate = 500 };

	(void)state;
	assert_int_equal(turn_rate(&turn, 80000, 1), 500);
	turn.is_first = false;
	assert_in_range(turn_rate(&turn, 80000, 1), 100, 101); /* in 800 s of 1000 */
	assert_in_range(turn_rate(&turn, 80000, 2), 200, 201); /* two share the time */
	assert_int_equal(turn_rate(&turn, 80000000, 1), 500);  /* never more than allowed */
	assert_int_equal(turn_rate(&turn, 10, 1), TURNS_RATE_MIN);
	turn.rate = 3;
	assert_int_equal(turn_rate(&turn, 10, 1), 3); /* not even then */
	turn.rate = 500;
	turn.to_minute = 720; /* half of each day */
	assert_in_range(turn_rate(&turn, 80000, 1), 200, 201);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_is_due_once_a_period),
		cmocka_unit_test(a_clock_that_was_set_back_does_not_stop_it),
		cmocka_unit_test(hours_are_kept_over_midnight_too),
		cmocka_unit_test(what_is_later_than_the_others_goes_first),
		cmocka_unit_test(nobody_keeps_the_turn_longer_than_a_slice_while_another_waits),
		cmocka_unit_test(the_hours_end_a_run_that_is_under_way),
		cmocka_unit_test(the_first_run_is_fast_and_later_ones_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
