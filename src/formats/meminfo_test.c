/* meminfo_test.c - MemTotal. */
#include "formats/meminfo.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_the_total_in_bytes(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(meminfo_total_bytes(fixture("formats-meminfo/meminfo"), &bytes), 0);
	assert_true(bytes == UINT64_C(16266664) * 1024);
}

static void refuses_other_units_and_numbers_too_great(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(meminfo_total_bytes(fixture("formats-meminfo/unit"), &bytes),
			 ERR_MALFORMED);
	assert_int_equal(meminfo_total_bytes(fixture("formats-meminfo/bad"), &bytes),
			 ERR_MALFORMED);
	assert_int_equal(meminfo_total_bytes(span_of("MemFree: 1 kB\n"), &bytes), ERR_NOT_FOUND);
}

static void check(struct span part)
{
	uint64_t bytes;

	if (meminfo_total_bytes(part, &bytes) == 0) {
		assert_true(bytes == UINT64_C(16266664) * 1024);
	}
}

static void never_reads_a_number_that_was_cut(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-meminfo/meminfo"), check);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_total_in_bytes),
		cmocka_unit_test(refuses_other_units_and_numbers_too_great),
		cmocka_unit_test(never_reads_a_number_that_was_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
