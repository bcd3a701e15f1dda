/* estimate_test.c */
#include "scan/discovery/estimate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void two_probes_tell_what_was_lost(void **state)
{
	/* 10,000 are there, each probe is answered by 90 % of them */
	struct estimate_counts counts = { 9000, 9000, 8100, 9900 };
	struct estimate e = estimate_of(&counts, 2);

	(void)state;
	assert_true(e.loss > 0.099 && e.loss < 0.101);
	assert_true(e.missed > 99 && e.missed < 101);
	e = estimate_of(&counts, 3);
	assert_true(e.missed > 9 && e.missed < 11);
}

static void without_loss_nothing_is_missed(void **state)
{
	struct estimate_counts counts = { 65536, 65536, 65536, 65536 };
	struct estimate e = estimate_of(&counts, 2);

	(void)state;
	assert_true(e.loss <= 0 && e.missed <= 0);
	assert_true(e.loss >= 0 && e.missed >= 0);
}

static void nothing_is_claimed_without_two_catches(void **state)
{
	struct estimate_counts one = { 100, 0, 0, 100 };
	struct estimate_counts none = { 0, 0, 0, 0 };

	(void)state;
	assert_true(estimate_of(&one, 1).loss < 0);
	assert_true(estimate_of(&one, 2).loss < 0);
	assert_true(estimate_of(&none, 2).missed < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_probes_tell_what_was_lost),
		cmocka_unit_test(without_loss_nothing_is_missed),
		cmocka_unit_test(nothing_is_claimed_without_two_catches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
