/* rpm_header_test.c - headers that rpm wrote. */
#include "formats/rpm_header.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[512];

static int parse(struct span header, struct rpm_package *out)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	return rpm_header_parse(header, &w, out);
}

static void reads_what_the_inventory_wants(void **state)
{
	struct rpm_package package;

	(void)state;
	assert_int_equal(parse(fixture("formats-rpm_header/tiny"), &package), 0);
	assert_true(span_is(package.name, "tiny"));
	assert_true(span_is(package.version, "2:1.2-3"));
	assert_true(span_is(package.architecture, "noarch"));
	assert_true(span_is(package.vendor, "Example"));
	assert_true(span_is(package.group, "Tests/Formats"));
	assert_true(span_is(package.source_rpm, "tiny-1.2-3.src.rpm"));
	assert_true(package.has_size);
	assert_int_equal(parse(fixture("formats-rpm_header/plain"), &package), 0);
	assert_true(span_is(package.version, "0.1-1.el9")); /* no epoch */
	assert_int_equal(package.vendor.len, 0);
	assert_true(package.size_bytes == 5000);
	assert_int_equal(parse(fixture("formats-rpm_header/tilde"), &package), 0);
	assert_true(span_is(package.version, "0:1.0~rc1-2^git1")); /* an epoch of 0 is one */
}

static void takes_the_source_apart(void **state)
{
	struct span name;
	struct span version;

	(void)state;
	assert_true(
		rpm_header_split_source(span_of("gcc-c++-12.2-1.el9.src.rpm"), &name, &version));
	assert_true(span_is(name, "gcc-c++"));
	assert_true(span_is(version, "12.2-1.el9"));
	assert_true(rpm_header_split_source(span_of("a-1-2.nosrc.rpm"), &name, &version));
	assert_true(span_is(version, "1-2"));
	assert_false(rpm_header_split_source(span_of("a-1.src.rpm"), &name, &version));
	assert_false(rpm_header_split_source(span_of("-1-2.src.rpm"), &name, &version));
	assert_false(rpm_header_split_source(span_of("a-1-2.rpm"), &name, &version));
	assert_false(rpm_header_split_source(span_of(""), &name, &version));
}

static void refuses_counts_that_lie(void **state)
{
	struct rpm_package package;

	(void)state;
	assert_int_equal(parse(fixture("formats-rpm_header/bad"), &package), ERR_MALFORMED);
	assert_int_equal(parse(fixture("formats-rpm_header/empty"), &package), ERR_MALFORMED);
	assert_int_equal(parse((struct span){ (const uint8_t *)"\0\1\0\1\0\0\0\0", 8 }, &package),
			 ERR_LIMIT);
	assert_int_equal(parse((struct span){ (const uint8_t *)"\0\0\0\1\x10\0\0\1", 8 }, &package),
			 ERR_LIMIT);
}

static void appends_nothing_where_it_does_not_fit(void **state)
{
	struct writer w = writer_over(buffer, 20);
	struct rpm_package package;

	(void)state;
	assert_int_equal(rpm_header_parse(fixture("formats-rpm_header/tiny"), &w, &package),
			 ERR_FULL);
	assert_int_equal(writer_used(&w), 0);
	assert_true(writer_ok(&w));
}

static void refuse(struct span part)
{
	struct rpm_package package;

	assert_int_equal(parse(part, &package), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-rpm_header/tiny"), refuse);
}

static void survives_every_changed_byte(void **state)
{
	struct span good = fixture("formats-rpm_header/tiny");
	static uint8_t bytes[4096];

	(void)state;
	assert_true(good.len <= sizeof bytes);
	for (size_t i = 0; i < good.len; i++) {
		struct rpm_package package;

		mem_copy(bytes, good.ptr, good.len);
		bytes[i] ^= 0xff;
		(void)!parse((struct span){ bytes, good.len }, &package);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_inventory_wants),
		cmocka_unit_test(takes_the_source_apart),
		cmocka_unit_test(refuses_counts_that_lie),
		cmocka_unit_test(appends_nothing_where_it_does_not_fit),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_every_changed_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
