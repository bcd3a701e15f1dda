/* dpkg_test.c - the status database. */
#include "formats/dpkg.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_what_the_inventory_wants(void **state)
{
	struct dpkg_iterator it = dpkg_over(fixture("formats-dpkg/status"));
	struct dpkg_package package;

	(void)state;
	assert_true(dpkg_next(&it, &package));
	assert_true(span_is(package.name, "openssl"));
	assert_true(span_is(package.version, "3.0.15-1~deb12u1"));
	assert_true(span_is(package.architecture, "amd64"));
	assert_true(span_is(package.status, "installed"));
	assert_true(span_is(package.section, "utils"));
	assert_true(span_starts_with(package.maintainer, "Debian OpenSSL Team <"));
	assert_true(package.has_size);
	assert_true(package.size_bytes == 2300 * 1024);
}

static void takes_the_source_from_its_field_or_from_the_package(void **state)
{
	struct dpkg_iterator it = dpkg_over(fixture("formats-dpkg/status"));
	struct dpkg_package package;

	(void)state;
	assert_true(dpkg_next(&it, &package));
	assert_true(span_is(package.source, "openssl"));
	assert_true(span_is(package.source_version, "3.0.15-1~deb12u1"));
	/* rebuilt for one architecture: the source has no +b1 */
	assert_true(dpkg_next(&it, &package));
	assert_true(span_is(package.name, "libxslt1.1"));
	assert_true(span_is(package.source, "libxslt"));
	assert_true(span_is(package.source_version, "1.1.35-1"));
	assert_true(span_is(package.status, "config-files"));
	assert_false(package.has_size);
}

static void passes_over_packages_that_are_not_installed(void **state)
{
	struct dpkg_iterator it = dpkg_over(fixture("formats-dpkg/status"));
	struct dpkg_package package;
	size_t count = 0;

	(void)state;
	while (dpkg_next(&it, &package)) {
		count++;
	}
	assert_int_equal(count, 2);
	assert_int_equal(it.malformed, 0);
}

static void counts_stanzas_that_lack_what_they_need(void **state)
{
	struct dpkg_iterator it = dpkg_over(fixture("formats-dpkg/bad"));
	struct dpkg_package package;

	(void)state;
	assert_false(dpkg_next(&it, &package));
	assert_int_equal(it.malformed, 3);
}

static void takes_a_stanza_without_status_as_installed(void **state)
{
	struct dpkg_iterator it = dpkg_over(fixture("formats-dpkg/distroless"));
	struct dpkg_package package;

	(void)state;
	assert_true(dpkg_next(&it, &package));
	assert_true(span_is(package.status, "installed"));
	assert_true(span_is(package.source_version, "12.3"));
}

static void walk(struct span part)
{
	struct dpkg_iterator it = dpkg_over(part);
	struct dpkg_package package;

	while (dpkg_next(&it, &package)) {
		assert_true(package.name.len > 0 && package.version.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-dpkg/status"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_inventory_wants),
		cmocka_unit_test(takes_the_source_from_its_field_or_from_the_package),
		cmocka_unit_test(passes_over_packages_that_are_not_installed),
		cmocka_unit_test(counts_stanzas_that_lack_what_they_need),
		cmocka_unit_test(takes_a_stanza_without_status_as_installed),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
