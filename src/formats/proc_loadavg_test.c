/* proc_loadavg_test.c - /proc/loadavg. */
#include "formats/proc_loadavg.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_threads_and_the_last_number(void **state)
{
	struct proc_loadavg found;

	(void)state;
	assert_int_equal(proc_loadavg_parse(fixture("formats-proc_loadavg/simple"), &found), 0);
	assert_int_equal(found.threads, 80);
	assert_int_equal(found.last_pid, 11206);
}

static void refuses_what_is_something_else(void **state)
{
	static const char *const bad[] = { "",           "0.1",         "0 0 0",
					   "0 0 0 1",    "0 0 0 1/",    "0 0 0 1/x 7",
					   "0 0 0 1/80", "0 0 0 1/80 ", "0 0 0 1/80 -1" };
	struct proc_loadavg found;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(proc_loadavg_parse(span_of(bad[i]), &found), ERR_MALFORMED);
	}
}

static void parse(struct span part)
{
	struct proc_loadavg found;

	if (proc_loadavg_parse(part, &found) == 0) {
		assert_int_equal(found.threads, 80);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_loadavg/simple"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_threads_and_the_last_number),
		cmocka_unit_test(refuses_what_is_something_else),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
