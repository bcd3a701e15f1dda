/* proc_cpuinfo_test.c - models of several architectures. */
#include "formats/proc_cpuinfo.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void takes_the_first_processors_model(void **state)
{
	struct span model;

	(void)state;
	assert_int_equal(proc_cpuinfo_model(fixture("formats-proc_cpuinfo/x86"), &model), 0);
	assert_true(span_is(model, "Intel(R) Xeon(R) CPU @ 2.60GHz"));
}

static void takes_the_boards_model_where_there_is_no_other(void **state)
{
	struct span model;

	(void)state;
	assert_int_equal(proc_cpuinfo_model(fixture("formats-proc_cpuinfo/arm"), &model), 0);
	assert_true(span_is(model, "Raspberry Pi 4 Model B Rev 1.1"));
	assert_int_equal(proc_cpuinfo_model(span_of("Hardware\t: BCM2835\n"), &model), 0);
	assert_true(span_is(model, "BCM2835"));
}

static void says_where_there_is_none(void **state)
{
	struct span model;

	(void)state;
	assert_int_equal(proc_cpuinfo_model(fixture("formats-proc_cpuinfo/bad"), &model),
			 ERR_NOT_FOUND);
}

static void walk(struct span part)
{
	struct span model;

	if (proc_cpuinfo_model(part, &model) == 0) {
		assert_true(model.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_cpuinfo/x86"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_first_processors_model),
		cmocka_unit_test(takes_the_boards_model_where_there_is_no_other),
		cmocka_unit_test(says_where_there_is_none),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
