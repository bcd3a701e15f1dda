/* clock_test.c - times as text and back. */
#include "sys/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/error.h"

static int64_t time_of(const char *text)
{
	int64_t ms = -12345;

	assert_int_equal(clock_from_text(span_of(text), &ms), 0);
	return ms;
}

static void knows_moments_that_others_know(void **state)
{
	(void)state;
	assert_true(time_of("1970-01-01T00:00:00Z") == 0);
	assert_true(time_of("2026-11-21T12:00:00.000Z") == INT64_C(1795262400000));
	assert_true(time_of("1985-04-12T23:20:50.52Z") == INT64_C(482196050520));
	assert_true(time_of("1996-12-19T16:39:57-08:00") == INT64_C(851042397000));
	assert_true(time_of("1990-12-31T23:59:60Z") == INT64_C(662688000000));
	assert_true(time_of("2024-02-29") == INT64_C(1709164800000));
	assert_true(time_of("1969-12-31T23:59:59.999Z") == -1);
	assert_true(time_of("1795262400") == INT64_C(1795262400000));
	assert_true(time_of("2000-01-01t00:00:00.123456789z") == INT64_C(946684800123));
}

static void refuses_what_is_no_time(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"2023-02-29",
		"2026-13-01",
		"2026-00-01",
		"2026-01-00",
		"0000-01-01",
		"2026-11-21T",
		"2026-11-21T12:00:00",
		"2026-11-21T24:00:00Z",
		"2026-11-21T12:60:00Z",
		"2026-11-21T12:00:00.Z",
		"2026-11-21T12:00:00Zx",
		"2026-11-21T12:00:00+1:00",
		"99999999999999",
		"-99999999999999",
		"2026-11-2",
		"2026-11-211",
	};
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(clock_from_text(span_of(bad[i]), &ms), ERR_MALFORMED);
		assert_true(ms == 7);
	}
}

static void writes_what_it_reads_on_every_day_of_800_years(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (int64_t day = -200000; day < 100000; day++) {
		int64_t ms = day * 86400000 + day % 1000 + 1000;

		clock_to_text(ms, text);
		assert_true(time_of(text) == ms);
	}
}

static void clamps_to_years_of_four_digits(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	clock_to_text(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	clock_to_text(INT64_MIN, text);
	assert_string_equal(text, "0001-01-01T00:00:00.000Z");
}

static void reads_durations(void **state)
{
	static const struct {
		const char *text;
		int error;
		int64_t ms;
	} cases[] = {
		{ "90s", 0, 90000 },
		{ "15m", 0, 900000 },
		{ "1h", 0, 3600000 },
		{ "7d", 0, 604800000 },
		{ "250ms", 0, 250 },
		{ "30", 0, 30000 },
		{ "0", 0, 0 },
		{ "", ERR_MALFORMED, 0 },
		{ "h", ERR_MALFORMED, 0 },
		{ "-1s", ERR_MALFORMED, 0 },
		{ "1 s", ERR_MALFORMED, 0 },
		{ "1w", ERR_MALFORMED, 0 },
		{ "99999999999999999d", ERR_LIMIT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t ms = 0;

		assert_int_equal(clock_duration_from_text(span_of(cases[i].text), &ms),
				 cases[i].error);
		assert_true(ms == cases[i].ms);
	}
}

static void runs_forward(void **state)
{
	int64_t before = clock_us();

	(void)state;
	assert_true(clock_us() >= before);
	assert_true(clock_ms() >= before / 1000);
	assert_true(clock_wall_ms() > INT64_C(1700000000000));
	assert_true(clock_cpu_us() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_moments_that_others_know),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(writes_what_it_reads_on_every_day_of_800_years),
		cmocka_unit_test(clamps_to_years_of_four_digits),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(runs_forward),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
