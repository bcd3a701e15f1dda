/* rates_test.c - a ring of minutes against the plain definition. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/api/rates.h"

#define MINUTE INT64_C(60000)
#define START  (INT64_C(29400000) * MINUTE)

static void counts_land_in_their_minute(void **state)
{
	static struct rates r;
	uint32_t counts[5];
	int64_t start_ms;

	(void)state;
	rates_add(&r, START, 3);
	rates_add(&r, START + MINUTE - 1, 4);
	rates_add(&r, START + 2 * MINUTE, 5);
	rates_read(&r, START + 3 * MINUTE + 7, 5, counts, &start_ms);
	assert_int_equal(start_ms, START - MINUTE);
	assert_int_equal(counts[0], 0);
	assert_int_equal(counts[1], 7);
	assert_int_equal(counts[2], 0);
	assert_int_equal(counts[3], 5);
	assert_int_equal(counts[4], 0);
	assert_int_equal(rates_sum(&r, START + 3 * MINUTE, 60), 12);
}

static void what_is_older_than_a_day_is_gone(void **state)
{
	static struct rates r;

	(void)state;
	rates_add(&r, START, 3);
	rates_add(&r, START + (RATES_MINUTES - 1) * MINUTE, 1);
	assert_int_equal(rates_sum(&r, START + (RATES_MINUTES - 1) * MINUTE, RATES_MINUTES), 4);
	rates_add(&r, START + RATES_MINUTES * MINUTE, 1);
	assert_int_equal(rates_sum(&r, START + RATES_MINUTES * MINUTE, RATES_MINUTES), 2);
	rates_add(&r, START + 10 * RATES_MINUTES * MINUTE, 9);
	assert_int_equal(rates_sum(&r, START + 10 * RATES_MINUTES * MINUTE, RATES_MINUTES), 9);
}

static void late_counts_still_land(void **state)
{
	static struct rates r;
	uint32_t counts[3];
	int64_t start_ms;

	(void)state;
	rates_add(&r, START + 2 * MINUTE, 1);
	rates_add(&r, START, 2);
	rates_add(&r, START - RATES_MINUTES * MINUTE, 50);
	rates_read(&r, START + 2 * MINUTE, 3, counts, &start_ms);
	assert_int_equal(counts[0], 2);
	assert_int_equal(counts[1], 0);
	assert_int_equal(counts[2], 1);
	assert_int_equal(rates_sum(&r, START + 2 * MINUTE, RATES_MINUTES), 3);
}

static void an_empty_ring_is_all_zero(void **state)
{
	static struct rates r;

	(void)state;
	assert_int_equal(rates_sum(&r, START, RATES_MINUTES), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_land_in_their_minute),
		cmocka_unit_test(what_is_older_than_a_day_is_gone),
		cmocka_unit_test(late_counts_still_land),
		cmocka_unit_test(an_empty_ring_is_all_zero),
	};

	return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
