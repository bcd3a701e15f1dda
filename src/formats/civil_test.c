/* civil_test.c - dates. */
#include "formats/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void agrees_with_known_dates(void **state)
{
	static const struct {
		struct civil date;
		int64_t seconds;
	} known[] = {
		{ { 1970, 1, 1, 0, 0, 0 }, 0 },
		{ { 1969, 12, 31, 23, 59, 59 }, -1 },
		{ { 2000, 2, 29, 12, 30, 15 }, 951827415 },
		{ { 2038, 1, 19, 3, 14, 8 }, INT64_C(2147483648) },
		{ { 9999, 12, 31, 23, 59, 59 }, INT64_C(253402300799) },
		{ { 1900, 3, 1, 0, 0, 0 }, INT64_C(-2203891200) },
		{ { 0, 1, 1, 0, 0, 0 }, INT64_C(-62167219200) },
		{ { CIVIL_YEAR_MIN, 1, 1, 0, 0, 0 }, INT64_C(-31619087596800) },
		{ { CIVIL_YEAR_MAX, 12, 31, 23, 59, 59 }, INT64_C(31494784780799) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		struct civil back = civil_from_seconds(known[i].seconds);

		assert_true(civil_is_valid(&known[i].date));
		assert_true(civil_to_seconds(&known[i].date) == known[i].seconds);
		assert_true(back.year == known[i].date.year);
		assert_int_equal(back.month, known[i].date.month);
		assert_int_equal(back.day, known[i].date.day);
		assert_int_equal(back.hour, known[i].date.hour);
		assert_int_equal(back.minute, known[i].date.minute);
		assert_int_equal(back.second, known[i].date.second);
	}
}

static void counts_every_day_of_eight_hundred_years(void **state)
{
	int64_t first = civil_to_seconds(&(struct civil){ .year = 1600, .month = 1, .day = 1 });

	(void)state;
	for (int64_t day = 0; day < 2 * 146097; day++) {
		struct civil c = civil_from_seconds(first + day * 86400);

		assert_true(civil_is_valid(&c));
		assert_true(civil_to_seconds(&c) == first + day * 86400);
	}
}

static void refuses_days_that_a_month_does_not_have(void **state)
{
	static const struct civil bad[] = {
		{ 2023, 2, 29, 0, 0, 0 },   { 1900, 2, 29, 0, 0, 0 }, { 2024, 4, 31, 0, 0, 0 },
		{ 2024, 0, 1, 0, 0, 0 },    { 2024, 13, 1, 0, 0, 0 }, { 2024, 1, 0, 0, 0, 0 },
		{ 2024, 1, 1, 24, 0, 0 },   { 2024, 1, 1, 0, 60, 0 }, { 2024, 1, 1, 0, 0, 60 },
		{ 1000000, 1, 1, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(civil_is_valid(&bad[i]));
	}
}

static void moves_what_is_far_off_to_the_nearest_date(void **state)
{
	(void)state;
	assert_true(civil_from_seconds(INT64_MAX).year == CIVIL_YEAR_MAX);
	assert_true(civil_from_seconds(INT64_MIN).year == CIVIL_YEAR_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_known_dates),
		cmocka_unit_test(counts_every_day_of_eight_hundred_years),
		cmocka_unit_test(refuses_days_that_a_month_does_not_have),
		cmocka_unit_test(moves_what_is_far_off_to_the_nearest_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
