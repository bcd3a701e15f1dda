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

static size_t malformed_in(const char *text, size_t *good)
{
	struct apk_iterator it = apk_over(span_of(text));
	struct apk_package package;

	for (*good = 0; apk_next(&it, &package); ++*good) {
	}
	return it.malformed;
}

static void refuses_a_package_with_a_line_that_cannot_be(void **state)
{
	size_t good;

	(void)state;
	assert_int_equal(malformed_in("P:a\nV:1\nnonsense\n\nP:b\nV:1\nx\n\n", &good), 2);
	assert_int_equal(good, 0);
	assert_int_equal(malformed_in("P:a\nV:1\nT:\n", &good), 0);
	assert_int_equal(good, 1);
}

static void passes_over_any_number_of_blank_lines(void **state)
{
	size_t good;

	(void)state;
	assert_int_equal(malformed_in("\n\nP:a\nV:1\n\n\n\nP:b\nV:2\n\n\n", &good), 0);
	assert_int_equal(good, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_packages_and_their_origin),
		cmocka_unit_test(counts_packages_that_lack_what_they_need),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(refuses_a_package_with_a_line_that_cannot_be),
		cmocka_unit_test(passes_over_any_number_of_blank_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
