/* apt_packages_test.c - lists of what archives offer. */
#include "formats/apt_packages.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void expect(struct apt_packages_iterator *it, const char *name, const char *expected_version,
		   const char *expected_architecture)
{
	struct apt_package package;
	struct span architecture;
	struct span version;

	assert_true(apt_packages_next(it, &package));
	assert_string_equal(fixture_text(package.name), name);
	assert_true(apt_package_version(&package, &version, &architecture));
	assert_string_equal(fixture_text(version), expected_version);
	assert_string_equal(fixture_text(architecture), expected_architecture);
}

static void reads_names_versions_and_architectures(void **state)
{
	struct span file = fixture("formats-apt_packages/simple");
	struct apt_packages_iterator it = apt_packages_over(file);
	struct apt_package package;

	(void)state;
	expect(&it, "ca-certificates", "20230311+deb12u1", "all");
	expect(&it, "openssh-client", "1:9.2p1-2+deb12u7", "amd64");
	assert_false(apt_packages_next(&it, &package));
	assert_int_equal(apt_packages_left(&it), 0);
}

static void a_stanza_that_is_not_whole_is_left_for_later(void **state)
{
	struct apt_packages_iterator it = apt_packages_over(
		span_of("Other: x\n\n\n\nPackage: a\nVersion: 1\n\nPackage: b\nVersion: 2\n"));
	struct apt_package package;
	struct span architecture;
	struct span version;

	(void)state;
	assert_true(apt_packages_next(&it, &package));
	assert_string_equal(fixture_text(package.name), "a");
	assert_false(apt_package_version(&package, &version, &architecture));
	assert_false(apt_packages_next(&it, &package));
	assert_int_equal(apt_packages_left(&it), sizeof "Package: b\nVersion: 2\n" - 1);
}

static void parse(struct span part)
{
	struct apt_packages_iterator it = apt_packages_over(part);
	struct apt_package package;
	struct span architecture;
	struct span version;

	while (apt_packages_next(&it, &package)) {
		assert_true(apt_package_version(&package, &version, &architecture));
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-apt_packages/simple"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_names_versions_and_architectures),
		cmocka_unit_test(a_stanza_that_is_not_whole_is_left_for_later),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
