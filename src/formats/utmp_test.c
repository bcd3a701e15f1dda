/* utmp_test.c - records of logins. */
#include "formats/utmp.h"

#include "base/error.h"
#include "base/reader.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <utmp.h>
#include <cmocka.h>

static struct utmp_record parse(struct reader *r, enum utmp_layout layout)
{
	struct utmp_record record = { .type = 0 };

	assert_int_equal(utmp_parse(reader_bytes(r, utmp_size(layout)), layout, &record), 0);
	return record;
}

static void check_wtmp(const char *path, enum utmp_layout layout)
{
	struct reader r = reader_over(fixture(path));
	struct utmp_record record = parse(&r, layout);

	assert_true(span_is(record.user, "reboot"));
	record = parse(&r, layout);
	assert_int_equal(record.type, UTMP_USER_PROCESS);
	assert_int_equal(record.pid, 812);
	assert_true(span_is(record.user, "bob"));
	assert_true(span_is(record.line, "pts/0"));
	assert_true(span_is(record.host, "192.0.2.7"));
	assert_int_equal(record.address[0], 192);
	assert_int_equal(record.address[3], 7);
	assert_int_equal(record.at_ms, 1763781060123);
	record = parse(&r, layout);
	assert_int_equal(record.user.len, 0);
	assert_int_equal(reader_left(&r), 0);
}

static void reads_both_layouts(void **state)
{
	(void)state;
	check_wtmp("formats-utmp/wtmp", UTMP_32);
	check_wtmp("formats-utmp/wtmp64", UTMP_64);
}

static void agrees_with_the_c_library(void **state)
{
	(void)state;
#if defined(__GLIBC__)
	assert_int_equal(sizeof(struct utmp), utmp_size(UTMP_NATIVE));
#endif
}

static void takes_times_after_2038_and_names_without_an_end(void **state)
{
	struct reader r = reader_over(fixture("formats-utmp/btmp"));
	struct utmp_record record = parse(&r, UTMP_32);

	(void)state;
	assert_true(span_is(record.line, "ssh:notty"));
	assert_int_equal(parse(&r, UTMP_32).at_ms, 4000000000999);
	r = reader_over(fixture("formats-utmp/bad"));
	assert_int_equal(utmp_parse(reader_bytes(&r, UTMP_32_SIZE), UTMP_32, &record),
			 ERR_MALFORMED);
}

static void truncated(struct span part)
{
	struct utmp_record record;

	assert_int_equal(utmp_parse(part, UTMP_32, &record), ERR_MALFORMED);
	assert_int_equal(utmp_parse(part, UTMP_64, &record), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(span_first(fixture("formats-utmp/wtmp"), UTMP_32_SIZE), truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_layouts),
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(takes_times_after_2038_and_names_without_an_end),
		cmocka_unit_test(refuses_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
