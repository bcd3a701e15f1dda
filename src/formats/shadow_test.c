/* shadow_test.c - shadow(5). The hashes in the corpus are of no password. */
#include "formats/shadow.h"

#include "base/writer.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct shadow_entry only(const char *line)
{
	struct shadow_iterator it = shadow_over(span_of(line));
	struct shadow_entry entry;
	struct shadow_entry second;

	assert_true(shadow_next(&it, &entry));
	assert_false(shadow_next(&it, &second));
	assert_int_equal(it.malformed, 0);
	return entry;
}

static void reads_accounts_and_their_days(void **state)
{
	struct shadow_iterator it = shadow_over(fixture("formats-shadow/shadow"));
	struct shadow_entry entry;

	(void)state;
	assert_true(shadow_next(&it, &entry));
	assert_true(span_is(entry.name, "root"));
	assert_false(entry.is_locked);
	assert_true(entry.has_password);
	assert_string_equal(entry.algorithm, "yescrypt");
	assert_int_equal(entry.last_change, 19700);
	assert_int_equal(entry.min_days, 0);
	assert_int_equal(entry.max_days, 99999);
	assert_int_equal(entry.warn_days, 7);
	assert_int_equal(entry.inactive_days, SHADOW_NONE);
	assert_int_equal(entry.expires, SHADOW_NONE);
	assert_true(shadow_next(&it, &entry));
	assert_true(span_is(entry.name, "daemon"));
	assert_true(entry.is_locked);
	assert_false(entry.has_password);
	assert_null(entry.algorithm);
	assert_true(shadow_next(&it, &entry));
	assert_true(span_is(entry.name, "anna"));
	assert_true(entry.is_locked);
	assert_true(entry.has_password);
	assert_string_equal(entry.algorithm, "sha512");
	assert_int_equal(entry.inactive_days, 14);
	assert_int_equal(entry.expires, 20000);
	assert_false(shadow_next(&it, &entry));
	assert_int_equal(it.malformed, 0);
}

static void names_the_algorithms_of_crypt(void **state)
{
	static const char *const cases[][2] = {
		{ "a:$y$j9T$x$y:1::::::", "yescrypt" }, { "a:$gy$j9T$x:1::::::", "gost-yescrypt" },
		{ "a:$7$x:1::::::", "scrypt" },         { "a:$2b$05$x:1::::::", "bcrypt" },
		{ "a:$2y$05$x:1::::::", "bcrypt" },     { "a:$6$x$y:1::::::", "sha512" },
		{ "a:$5$x$y:1::::::", "sha256" },       { "a:$1$x$y:1::::::", "md5" },
		{ "a:$sha1$1$x:1::::::", "sha1" },      { "a:$md5,rounds=1$x:1::::::", "sunmd5" },
		{ "a:ab01234567890:1::::::", "des" },   { "a:_J9..x:1::::::", "bsdi-des" },
		{ "a:x:1::::::", "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_string_equal(only(cases[i][0]).algorithm, cases[i][1]);
	}
}

static void tells_locked_from_open_without_a_password(void **state)
{
	struct shadow_entry open = only("a::1::::::");

	(void)state;
	assert_false(open.is_locked);
	assert_false(open.has_password);
	assert_true(only("a:!:1::::::").is_locked);
	assert_false(only("a:!!:1::::::").has_password);
	assert_true(only("a:!*:1::::::").is_locked);
	assert_false(only("a:!*:1::::::").has_password);
	assert_true(only("a:*:1::::::").is_locked);
	assert_int_equal(only("a:*:0::::::").last_change, 0);
	assert_int_equal(only("a:*:::::::").last_change, SHADOW_NONE);
}

static void skips_and_counts_malformed_lines(void **state)
{
	struct shadow_iterator it = shadow_over(fixture("formats-shadow/bad"));
	struct shadow_entry entry;

	(void)state;
	assert_false(shadow_next(&it, &entry));
	assert_int_equal(it.malformed, 6);
}

static void refuses_lines_beyond_the_limit(void **state)
{
	static uint8_t line[SHADOW_LINE_MAX + 20];
	struct writer w = writer_over(line, sizeof line);
	struct shadow_iterator it;
	struct shadow_entry entry;

	(void)state;
	while (writer_used(&w) < SHADOW_LINE_MAX) {
		writer_u8(&w, 's');
	}
	writer_text(&w, ":*:1::::::");
	it = shadow_over(writer_span(&w));
	assert_false(shadow_next(&it, &entry));
	assert_int_equal(it.malformed, 1);
}

static void walk(struct span part)
{
	struct shadow_iterator it = shadow_over(part);
	struct shadow_entry entry;

	while (shadow_next(&it, &entry)) {
		assert_true(entry.name.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-shadow/shadow"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_accounts_and_their_days),
		cmocka_unit_test(names_the_algorithms_of_crypt),
		cmocka_unit_test(tells_locked_from_open_without_a_password),
		cmocka_unit_test(skips_and_counts_malformed_lines),
		cmocka_unit_test(refuses_lines_beyond_the_limit),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
