/* os_release_test.c - os-release(5). */
#include "formats/os_release.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[256];

static const char *found(struct span file, const char *name)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	return os_release_find(file, name, &w) == 0 ? fixture_text(writer_span(&w)) : "none";
}

static void reads_debians(void **state)
{
	struct span file = fixture("formats-os_release/debian");

	(void)state;
	assert_string_equal(found(file, "PRETTY_NAME"), "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(found(file, "ID"), "debian");
	assert_string_equal(found(file, "VERSION_ID"), "12");
	assert_string_equal(found(file, "ID_LIKE"), "none");
}

static void undoes_quotes_and_escapes_as_a_shell(void **state)
{
	struct span file = fixture("formats-os_release/quotes");

	(void)state;
	assert_string_equal(found(file, "A"), "single $x \"y\"");
	assert_string_equal(found(file, "B"), "double \"q\" $x ` \\ \\n");
	assert_string_equal(found(file, "C"), "un quoted");
	assert_string_equal(found(file, "D"), "mixedandmore");
	assert_string_equal(found(file, "ID"), "last");
}

static void skips_and_counts_malformed_lines(void **state)
{
	struct os_release_iterator it = os_release_over(fixture("formats-os_release/quotes"));
	struct os_release_entry entry;
	size_t good = 0;

	(void)state;
	while (os_release_next(&it, &entry)) {
		good++;
	}
	assert_int_equal(good, 6);
	assert_int_equal(it.malformed, 4);
}

static void appends_nothing_where_it_does_not_fit(void **state)
{
	struct writer w = writer_over(buffer, 4);

	(void)state;
	assert_int_equal(os_release_write(span_of("'12345'"), &w), ERR_FULL);
	assert_int_equal(writer_used(&w), 0);
	assert_int_equal(os_release_write(span_of("'1234'"), &w), 0);
	assert_int_equal(os_release_write(span_of("'"), &w), ERR_MALFORMED);
}

static void walk(struct span part)
{
	struct os_release_iterator it = os_release_over(part);
	struct os_release_entry entry;

	while (os_release_next(&it, &entry)) {
		assert_true(entry.name.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-os_release/quotes"), walk);
}

static void knows_the_characters_of_names(void **state)
{
	struct os_release_iterator it = os_release_over(
		span_of("AZaz_09=1\n@=1\n[=1\n`=1\n{=1\n0=1\nA:=1\nA/=1\nA-B=1\nA=\\\n"));
	struct os_release_entry entry;

	(void)state;
	assert_true(os_release_next(&it, &entry));
	assert_true(span_is(entry.name, "AZaz_09"));
	assert_false(os_release_next(&it, &entry));
	assert_int_equal(it.malformed, 9);
}

static void refuses_lines_beyond_the_limit(void **state)
{
	static uint8_t line[OS_RELEASE_LINE_MAX + 1] = "A=";
	struct os_release_iterator it;
	struct os_release_entry entry;

	(void)state;
	for (size_t i = 2; i < sizeof line; i++) {
		line[i] = 'x';
	}
	it = os_release_over((struct span){ line, sizeof line });
	assert_false(os_release_next(&it, &entry));
	it = os_release_over((struct span){ line, sizeof line - 1 });
	assert_true(os_release_next(&it, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_debians),
		cmocka_unit_test(undoes_quotes_and_escapes_as_a_shell),
		cmocka_unit_test(skips_and_counts_malformed_lines),
		cmocka_unit_test(appends_nothing_where_it_does_not_fit),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(knows_the_characters_of_names),
		cmocka_unit_test(refuses_lines_beyond_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
