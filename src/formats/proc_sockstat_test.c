/* proc_sockstat_test.c - /proc/net/sockstat. */
#include "formats/proc_sockstat.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_the_line_of_a_protocol(void **state)
{
	uint64_t count;

	(void)state;
	assert_int_equal(proc_sockstat_in_use(fixture("formats-proc_sockstat/v4"), "UDP", &count),
			 0);
	assert_int_equal(count, 12);
	assert_int_equal(proc_sockstat_in_use(fixture("formats-proc_sockstat/v6"), "UDP6", &count),
			 0);
	assert_int_equal(count, 5);
}

static void tells_absent_from_malformed(void **state)
{
	uint64_t count = 7;

	(void)state;
	assert_int_equal(proc_sockstat_in_use(span_of("TCP: inuse 1\n"), "UDP", &count),
			 ERR_NOT_FOUND);
	assert_int_equal(proc_sockstat_in_use(span_of("UDP: inuse"), "UDP", &count), ERR_MALFORMED);
	assert_int_equal(proc_sockstat_in_use(span_of("UDP: mem 1"), "UDP", &count), ERR_MALFORMED);
	assert_int_equal(proc_sockstat_in_use(span_of("UDP: inuse x"), "UDP", &count),
			 ERR_MALFORMED);
	assert_int_equal(count, 7);
}

static void parse(struct span part)
{
	uint64_t count;

	if (proc_sockstat_in_use(part, "UDP", &count) == 0) {
		assert_true(count == 1 || count == 12);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_sockstat/v4"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_line_of_a_protocol),
		cmocka_unit_test(tells_absent_from_malformed),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
