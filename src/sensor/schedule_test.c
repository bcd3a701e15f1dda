/* schedule_test.c */
#include "sensor/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_signal_is_due_after_ten_quiet_milliseconds(void **state)
{
	struct schedule s = { .is_dirty = false };

	(void)state;
	assert_true(schedule_due(&s) == SCHEDULE_NEVER);
	schedule_signal(&s, 1000);
	assert_int_equal(schedule_due(&s), 1010);
	schedule_signal(&s, 1008);
	assert_int_equal(schedule_due(&s), 1018);
}

static void signals_without_end_do_not_put_it_off_for_ever(void **state)
{
	struct schedule s = { .is_dirty = false };

	(void)state;
	for (int64_t now = 1000; now <= 1095; now += 5) {
		schedule_signal(&s, now);
	}
	assert_int_equal(schedule_due(&s), 1100);
}

static void a_dear_table_is_read_a_twentieth_of_the_time(void **state)
{
	struct schedule s = { .is_dirty = false };

	(void)state;
	schedule_signal(&s, 1000);
	schedule_start(&s);
	assert_true(schedule_due(&s) == SCHEDULE_NEVER);
	schedule_done(&s, 1050, 50000);
	schedule_signal(&s, 1051);
	assert_int_equal(schedule_due(&s), 2050);
}

static void a_cheap_table_stays_quick(void **state)
{
	struct schedule s = { .is_dirty = false };

	(void)state;
	schedule_start(&s);
	schedule_done(&s, 1000, 100);
	schedule_signal(&s, 1001);
	assert_int_equal(schedule_due(&s), 1011);
}

static void the_budget_and_a_pause_are_bounded_by_the_later(void **state)
{
	struct schedule s = { .is_dirty = false };

	(void)state;
	schedule_signal(&s, 0);
	schedule_done(&s, 0, INT64_C(1000000000));
	assert_int_equal(schedule_due(&s), SCHEDULE_PAUSE_MAX_MS);
	schedule_pause(&s, 90000);
	schedule_pause(&s, 10);
	assert_int_equal(schedule_due(&s), 90000);
}

static void a_period_is_kept_and_may_be_changed(void **state)
{
	struct schedule s = { .is_dirty = false };

	(void)state;
	schedule_set_period(&s, 60000);
	schedule_signal(&s, 1000);
	assert_int_equal(schedule_due(&s), 1010); /* never read yet */
	schedule_start(&s);
	schedule_done(&s, 1010, 100);
	schedule_signal(&s, 1020);
	assert_int_equal(schedule_due(&s), 61010);
	schedule_set_period(&s, 5000);
	assert_int_equal(schedule_due(&s), 6010);
	schedule_go_on(&s);
	assert_int_equal(schedule_due(&s), 1030);
	schedule_set_period(&s, 0);
	assert_int_equal(schedule_due(&s), 1030);
}

static void on_a_busy_machine_quiet_takes_longer(void **state)
{
	struct schedule s = { .is_dirty = false };

	(void)state;
	schedule_set_patient(&s, true);
	schedule_signal(&s, 1000);
	assert_int_equal(schedule_due(&s), 1050);
	schedule_signal(&s, 1480);
	assert_int_equal(schedule_due(&s), 1500);
	schedule_set_patient(&s, false);
	assert_int_equal(schedule_due(&s), 1100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_is_due_after_ten_quiet_milliseconds),
		cmocka_unit_test(signals_without_end_do_not_put_it_off_for_ever),
		cmocka_unit_test(a_dear_table_is_read_a_twentieth_of_the_time),
		cmocka_unit_test(a_cheap_table_stays_quick),
		cmocka_unit_test(the_budget_and_a_pause_are_bounded_by_the_later),
		cmocka_unit_test(a_period_is_kept_and_may_be_changed),
		cmocka_unit_test(on_a_busy_machine_quiet_takes_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
