/* apk_test.c - Alpine's database. */
#include "formats/apk.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_packages_and_their_origin(void **state)
{
	struct apk_iterator it = apk_over(fixture("formats-apk/installed"));
	struct apk_package package;

	(void)state;
	assert_true(apk_next(&it, &package));
	assert_true(span_is(package.name, "musl"));
	assert_true(span_is(package.version, "1.2.4-r2"));
	assert_true(span_is(package.architecture, "x86_64"));
	assert_true(span_is(package.origin, "musl"));
	assert_true(span_is(package.maintainer, "Timo Ters <timo.teras@iki.fi>"));
	assert_true(package.has_size && package.size_bytes == 634880);
	assert_true(apk_next(&it, &package));
	assert_true(span_is(package.name, "busybox-binsh"));
	assert_true(span_is(package.origin, "busybox"));
	assert_int_equal(package.maintainer.len, 0);
	assert_false(apk_next(&it, &package));
	assert_int_equal(it.malformed, 0);
}

static void counts_packages_that_lack_what_they_need(void **state)
{
	struct apk_iterator it = apk_over(fixture("formats-apk/bad"));
	struct apk_package package;

	(void)state;
	assert_false(apk_next(&it, &package));
	assert_int_equal(it.malformed, 5);
}

static void walk(struct span part)
{
	struct apk_iterator it = apk_over(part);
	struct apk_package package;

	while (apk_next(&it, &package)) {
		assert_true(package.name.len > 0 && package.origin.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-apk/installed"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_packages_and_their_origin),
		cmocka_unit_test(counts_packages_that_lack_what_they_need),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
