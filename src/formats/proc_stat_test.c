/* proc_stat_test.c - /proc/PID/stat. */
#include "formats/proc_stat.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_name_and_start(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_int_equal(proc_stat_parse(fixture("formats-proc_stat/simple"), &stat), 0);
	assert_int_equal(stat.pid, 1);
	assert_true(span_is(stat.name, "systemd"));
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.parent, 0);
	assert_int_equal(stat.flags, 4194560);
	assert_int_equal(stat.flags & PROC_STAT_KERNEL_THREAD, 0);
	assert_true(stat.start_ticks == 2);
}

static void ends_the_name_at_the_last_bracket(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_int_equal(proc_stat_parse(fixture("formats-proc_stat/brackets"), &stat), 0);
	assert_true(span_is(stat.name, "a) (b) S 9 (x"));
	assert_int_equal(stat.parent, 17);
	assert_true(stat.start_ticks == 987654);
	assert_int_equal(proc_stat_parse(fixture("formats-proc_stat/empty_name"), &stat), 0);
	assert_int_equal(stat.name.len, 0);
}

static void refuses_anything_else(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_int_equal(proc_stat_parse(fixture("formats-proc_stat/bad"), &stat), ERR_MALFORMED);
	assert_int_equal(proc_stat_parse(span_of("1)2 ("), &stat), ERR_MALFORMED);
	assert_int_equal(proc_stat_parse(span_of("1 ("), &stat), ERR_MALFORMED);
}

/* A cut is refused until the start time is whole and something stands behind it. */
static void check(struct span part)
{
	struct proc_stat stat;

	if (proc_stat_parse(part, &stat) == 0) {
		assert_true(stat.start_ticks == 2);
	}
}

static void never_reads_a_number_that_was_cut(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_stat/simple"), check);
}

#define FIELDS " 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19"

static void wants_one_letter_of_state_and_something_behind_the_start(void **state)
{
	struct proc_stat stat;

	(void)state;
	assert_int_equal(proc_stat_parse(span_of("1 (a) S" FIELDS " 20 21"), &stat), 0);
	assert_int_equal(proc_stat_parse(span_of("1 (a) SS" FIELDS " 20 21"), &stat),
			 ERR_MALFORMED);
	assert_int_equal(proc_stat_parse(span_of("1 (a) S" FIELDS " 20"), &stat), ERR_MALFORMED);
	assert_int_equal(proc_stat_parse(span_of("1 a) S" FIELDS " 20 21"), &stat), ERR_MALFORMED);
	assert_int_equal(proc_stat_parse(span_of("1) (a S" FIELDS " 20 21"), &stat), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_name_and_start),
		cmocka_unit_test(ends_the_name_at_the_last_bracket),
		cmocka_unit_test(refuses_anything_else),
		cmocka_unit_test(never_reads_a_number_that_was_cut),
		cmocka_unit_test(wants_one_letter_of_state_and_something_behind_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
