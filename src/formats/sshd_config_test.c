/* sshd_config_test.c - keywords, arguments, quotes. */
#include "formats/sshd_config.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char *written(struct span arguments)
{
	static uint8_t bytes[256];
	struct writer w = writer_over(bytes, sizeof bytes);

	return sshd_config_write(arguments, &w) == 0 ? fixture_text(writer_span(&w)) : "(refused)";
}

static void reads_keywords_and_arguments(void **state)
{
	static const char *const wanted[][2] = {
		{ "Include", "/etc/ssh/sshd_config.d/*.conf" },
		{ "Port", "22" },
		{ "PermitRootLogin", "no" },
		{ "AllowUsers", "anna bert@192.0.2.*" },
		{ "Banner", "/etc/issue net" },
		{ "Subsystem", "sftp /usr/lib/openssh/sftp-server" },
		{ "ForceCommand", "echo 'a b'" },
		{ "Match", "User anna" },
		{ "X11Forwarding", "yes" },
	};
	struct sshd_config_iterator it = sshd_config_over(fixture("formats-sshd_config/plain"));
	struct sshd_config_entry entry;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		assert_true(sshd_config_next(&it, &entry));
		assert_true(span_is(entry.keyword, wanted[i][0]));
		assert_string_equal(written(entry.arguments), wanted[i][1]);
	}
	assert_false(sshd_config_next(&it, &entry));
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_lines_without_arguments(void **state)
{
	struct sshd_config_iterator it = sshd_config_over(fixture("formats-sshd_config/bad"));
	struct sshd_config_entry entry;

	(void)state;
	assert_true(sshd_config_next(&it, &entry));
	assert_string_equal(written(entry.arguments), "(refused)");
	assert_false(sshd_config_next(&it, &entry));
	assert_int_equal(it.malformed, 4);
}

static void takes_quotes_and_escapes_as_openssh_does(void **state)
{
	(void)state;
	assert_string_equal(written(span_of("\"a b\" c")), "a b c");
	assert_string_equal(written(span_of("a\\ b")), "a b");
	assert_string_equal(written(span_of("\"a\\\"b\"")), "a\"b");
	assert_string_equal(written(span_of("a\\b")), "a\\b");
	assert_string_equal(written(span_of("a#b # c")), "a#b");
	assert_string_equal(written(span_of("\"\" x")), " x");
	assert_string_equal(written(span_of("'open")), "(refused)");
}

static void leaves_nothing_where_it_does_not_fit(void **state)
{
	uint8_t bytes[4];
	struct writer w = writer_over(bytes, sizeof bytes);

	(void)state;
	assert_int_equal(sshd_config_write(span_of("ab cde"), &w), ERR_FULL);
	assert_int_equal(writer_used(&w), 0);
	assert_int_equal(sshd_config_write(span_of("ab c"), &w), 0);
	assert_int_equal(writer_used(&w), 4);
}

static void walk(struct span part)
{
	struct sshd_config_iterator it = sshd_config_over(part);
	struct sshd_config_entry entry;

	while (sshd_config_next(&it, &entry)) {
		assert_true(entry.keyword.len > 0 && entry.arguments.len > 0);
		(void)written(entry.arguments);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-sshd_config/plain"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_keywords_and_arguments),
		cmocka_unit_test(skips_and_counts_lines_without_arguments),
		cmocka_unit_test(takes_quotes_and_escapes_as_openssh_does),
		cmocka_unit_test(leaves_nothing_where_it_does_not_fit),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
