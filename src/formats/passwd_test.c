/* passwd_test.c - passwd(5). */
#include "formats/passwd.h"

#include "base/writer.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_accounts_and_the_name_in_gecos(void **state)
{
	struct passwd_iterator it = passwd_over(fixture("formats-passwd/passwd"));
	struct passwd_entry entry;

	(void)state;
	assert_true(passwd_next(&it, &entry));
	assert_true(span_is(entry.name, "root"));
	assert_int_equal(entry.uid, 0);
	assert_true(passwd_next(&it, &entry));
	assert_true(span_is(entry.name, "anna"));
	assert_int_equal(entry.uid, 1000);
	assert_int_equal(entry.gid, 1000);
	assert_true(span_is(entry.full_name, "Anna Example"));
	assert_true(span_is(entry.home, "/home/anna"));
	assert_true(span_is(entry.shell, "/bin/zsh"));
	assert_true(passwd_next(&it, &entry));
	assert_int_equal(entry.uid, 65534);
	assert_false(passwd_next(&it, &entry));
}

static void skips_and_counts_lines_of_nis(void **state)
{
	struct passwd_iterator it = passwd_over(fixture("formats-passwd/passwd"));
	struct passwd_entry entry;

	(void)state;
	while (passwd_next(&it, &entry)) {
	}
	assert_int_equal(it.nis, 2);
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_malformed_lines(void **state)
{
	struct passwd_iterator it = passwd_over(fixture("formats-passwd/bad"));
	struct passwd_entry entry;

	(void)state;
	assert_false(passwd_next(&it, &entry));
	assert_int_equal(it.malformed, 6);
}

static void refuses_lines_beyond_the_limit(void **state)
{
	static uint8_t line[PASSWD_LINE_MAX + 20];
	struct writer w = writer_over(line, sizeof line);
	struct passwd_iterator it;
	struct passwd_entry entry;

	(void)state;
	writer_text(&w, "a:x:1:1::/:");
	while (writer_used(&w) <= PASSWD_LINE_MAX) {
		writer_u8(&w, 's');
	}
	it = passwd_over(writer_span(&w));
	assert_false(passwd_next(&it, &entry));
	assert_int_equal(it.malformed, 1);
	it = passwd_over(span_first(writer_span(&w), PASSWD_LINE_MAX));
	assert_true(passwd_next(&it, &entry));
}

static void walk(struct span part)
{
	struct passwd_iterator it = passwd_over(part);
	struct passwd_entry entry;

	while (passwd_next(&it, &entry)) {
		assert_true(entry.name.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-passwd/passwd"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_accounts_and_the_name_in_gecos),
		cmocka_unit_test(skips_and_counts_lines_of_nis),
		cmocka_unit_test(skips_and_counts_malformed_lines),
		cmocka_unit_test(refuses_lines_beyond_the_limit),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
