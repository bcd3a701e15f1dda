/* proc_pressure_test.c - /proc/pressure/cpu. */
#include "formats/proc_pressure.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_the_last_ten_seconds(void **state)
{
	uint32_t found;

	(void)state;
	assert_int_equal(proc_pressure_parse(fixture("formats-proc_pressure/simple"), &found), 0);
	assert_int_equal(found, 9432);
	assert_int_equal(proc_pressure_parse(span_of("some avg10=0.00 avg60=0.00"), &found), 0);
	assert_int_equal(found, 0);
}

static void refuses_what_is_something_else(void **state)
{
	static const char *const bad[] = { "",
					   "some",
					   "some avg10=",
					   "some avg10=1",
					   "some avg10=1.2 ",
					   "some avg10=101.20 ",
					   "full avg10=1.20 ",
					   "some avg10=-1.20 ",
					   "some avg10=1.2x " };
	uint32_t found;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(proc_pressure_parse(span_of(bad[i]), &found), ERR_MALFORMED);
	}
}

static void parse(struct span part)
{
	uint32_t found;

	if (proc_pressure_parse(part, &found) == 0) {
		assert_true(found == 9432);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_pressure/simple"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_last_ten_seconds),
		cmocka_unit_test(refuses_what_is_something_else),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
