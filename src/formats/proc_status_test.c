/* proc_status_test.c - /proc/PID/status. */
#include "formats/proc_status.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_the_effective_user(void **state)
{
	uint32_t uid = 0;

	(void)state;
	assert_int_equal(proc_status_user(fixture("formats-proc_status/simple"), &uid), 0);
	assert_int_equal(uid, 33);
}

static void refuses_what_lacks_it(void **state)
{
	static const char *const bad[] = {
		"",           "Uid:",          "Uid:\t0", "Uid:\t0\t33", "Uid:\t0\tx\t0",
		"Name:\tUid", "Uid:\t0\t-1\t0"
	};
	uint32_t uid;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(proc_status_user(span_of(bad[i]), &uid), ERR_MALFORMED);
	}
}

static void parse(struct span part)
{
	uint32_t uid;

	if (proc_status_user(part, &uid) == 0) {
		assert_int_equal(uid, 33);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_status/simple"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_effective_user),
		cmocka_unit_test(refuses_what_lacks_it),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
