/* proc_modules_test.c - /proc/modules. */
#include "formats/proc_modules.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_modules_states_and_taints(void **state)
{
	struct proc_modules_iterator it =
		proc_modules_over(fixture("formats-proc_modules/modules"));
	struct proc_module module;

	(void)state;
	assert_true(proc_modules_next(&it, &module));
	assert_true(span_is(module.name, "nf_tables"));
	assert_true(module.size_bytes == 303104);
	assert_true(span_is(module.state, "Live"));
	assert_int_equal(module.taint.len, 0);
	assert_true(proc_modules_next(&it, &module));
	assert_true(span_is(module.state, "Loading"));
	assert_true(span_is(module.taint, "OE"));
	assert_true(proc_modules_next(&it, &module));
	assert_true(span_is(module.state, "Unloading"));
	assert_int_equal(module.taint.len, 0);
	assert_false(proc_modules_next(&it, &module));
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_malformed_lines(void **state)
{
	struct proc_modules_iterator it = proc_modules_over(fixture("formats-proc_modules/bad"));
	struct proc_module module;

	(void)state;
	assert_false(proc_modules_next(&it, &module));
	assert_int_equal(it.malformed, 4);
}

static void walk(struct span part)
{
	struct proc_modules_iterator it = proc_modules_over(part);
	struct proc_module module;

	while (proc_modules_next(&it, &module)) {
		assert_true(module.name.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_modules/modules"), walk);
}

static void wants_both_brackets_of_a_taint(void **state)
{
	struct proc_modules_iterator it =
		proc_modules_over(span_of("a 1 0 - Live 0x0 (OE\na 1 0 - Live 0x0 OE)\n"));
	struct proc_module module;

	(void)state;
	assert_false(proc_modules_next(&it, &module));
	assert_int_equal(it.malformed, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_modules_states_and_taints),
		cmocka_unit_test(skips_and_counts_malformed_lines),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(wants_both_brackets_of_a_taint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
