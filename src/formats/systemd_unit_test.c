/* systemd_unit_test.c - unit files. */
#include "formats/systemd_unit.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[256];

static const char *written(struct span raw)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	assert_int_equal(systemd_unit_write(raw, &w), 0);
	return fixture_text(writer_span(&w));
}

static void reads_sections_keys_and_joined_values(void **state)
{
	static const char *const entries[][3] = {
		{ "Unit", "Description", "OpenBSD Secure Shell server" },
		{ "Unit", "Documentation", "man:sshd(8) man:sshd_config(5)" },
		{ "Service", "EnvironmentFile", "-/etc/default/ssh" },
		{ "Service", "ExecStart", "@-/usr/sbin/sshd  -D \"$SSHD_OPTS\"  --x" },
		{ "Service", "User", "root" },
		{ "Install", "Alias", "sshd.service \"a b\" c\\x41\\101\\u00e9" },
	};
	struct systemd_unit_iterator it =
		systemd_unit_over(fixture("formats-systemd_unit/ssh.service"));
	struct systemd_unit_entry entry;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		assert_true(systemd_unit_next(&it, &entry));
		assert_true(span_is(entry.section, entries[i][0]));
		assert_true(span_is(entry.key, entries[i][1]));
		assert_string_equal(written(entry.raw), entries[i][2]);
	}
	assert_false(systemd_unit_next(&it, &entry));
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_malformed_lines(void **state)
{
	struct systemd_unit_iterator it = systemd_unit_over(fixture("formats-systemd_unit/bad"));
	struct systemd_unit_entry entry;

	(void)state;
	assert_true(systemd_unit_next(&it, &entry));
	assert_int_equal(entry.section.len, 0);
	assert_true(systemd_unit_next(&it, &entry));
	assert_true(span_is(entry.key, "Key"));
	assert_string_equal(written(entry.raw), "a\\\\"); /* an escaped backslash does not go on */
	assert_true(systemd_unit_next(&it, &entry));
	assert_true(span_is(entry.key, "Next"));
	assert_true(systemd_unit_next(&it, &entry));
	assert_true(systemd_unit_next(&it, &entry));
	assert_true(span_is(entry.key, "End"));
	assert_string_equal(written(entry.raw), "x");
	assert_false(systemd_unit_next(&it, &entry));
	assert_int_equal(it.malformed, 3);
}

static void keeps_a_value_that_begins_like_a_comment(void **state)
{
	(void)state;
	assert_string_equal(written(span_of("#x")), "#x");
	assert_string_equal(written(span_of("a \\\n ; gone\n\tb")), "a  b");
	assert_string_equal(written(span_of("a \\\n\n")), "a");
}

static void strips_the_prefixes_of_commands(void **state)
{
	(void)state;
	assert_true(span_is(systemd_unit_exec(span_of("-/bin/true")), "/bin/true"));
	assert_true(span_is(systemd_unit_exec(span_of("@!!:+|-/bin/a b -c")), "/bin/a b -c"));
	assert_true(span_is(systemd_unit_exec(span_of(" /bin/true ")), "/bin/true"));
	assert_true(span_is(systemd_unit_exec(span_of("-")), ""));
}

static void takes_words_without_quotes_and_escapes(void **state)
{
	static const char *const words[] = { "sshd.service", "a b", "cAA\xc3\xa9", "it's", "x\ty" };
	struct reader r =
		reader_over(span_of(" sshd.service \"a b\" c\\x41\\101\\u00e9 'it'\"'\"s\tx\\ty "));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct writer w = writer_over(buffer, sizeof buffer);

		assert_int_equal(systemd_unit_next_word(&r, &w), 0);
		assert_string_equal(fixture_text(writer_span(&w)), words[i]);
	}
	assert_int_equal(systemd_unit_next_word(&r, &(struct writer){ 0 }), ERR_NOT_FOUND);
}

static void refuses_words_that_cannot_be(void **state)
{
	static const char *const bad[] = { "\"open", "\\xzz", "\\x4",    "\\400",       "\\000",
					   "\\q",    "\\",    "\\ud800", "\\U00110000", "\\u12" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct reader r = reader_over(span_of(bad[i]));
		struct writer w = writer_over(buffer, sizeof buffer);

		assert_int_equal(systemd_unit_next_word(&r, &w), ERR_MALFORMED);
		assert_int_equal(writer_used(&w), 0);
	}
}

static void appends_nothing_where_it_does_not_fit(void **state)
{
	struct reader r = reader_over(span_of("12345"));
	struct writer w = writer_over(buffer, 4);

	(void)state;
	assert_int_equal(systemd_unit_write(span_of("12345"), &w), ERR_FULL);
	assert_int_equal(systemd_unit_next_word(&r, &w), ERR_FULL);
	assert_int_equal(writer_used(&w), 0);
	assert_true(writer_ok(&w));
}

static void walk(struct span part)
{
	struct systemd_unit_iterator it = systemd_unit_over(part);
	struct systemd_unit_entry entry;

	while (systemd_unit_next(&it, &entry)) {
		assert_true(entry.key.len > 0);
		(void)written(entry.raw);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-systemd_unit/ssh.service"), walk);
	fixture_truncate(fixture("formats-systemd_unit/bad"), walk);
}

static void takes_the_last_characters_of_every_kind(void **state)
{
	struct reader r = reader_over(span_of("\\U0010ffff\\u0001 \\077\\177\r\nz"));
	struct writer w = writer_over(buffer, sizeof buffer);

	(void)state;
	assert_int_equal(systemd_unit_next_word(&r, &w), 0);
	assert_string_equal(fixture_text(writer_span(&w)), "\xf4\x8f\xbf\xbf\x01");
	w = writer_over(buffer, sizeof buffer);
	assert_int_equal(systemd_unit_next_word(&r, &w), 0);
	assert_string_equal(fixture_text(writer_span(&w)), "?\x7f");
	w = writer_over(buffer, sizeof buffer);
	assert_int_equal(systemd_unit_next_word(&r, &w), 0);
	assert_string_equal(fixture_text(writer_span(&w)), "z");
}

static void does_not_heal_a_writer_that_had_failed(void **state)
{
	struct reader r = reader_over(span_of("a"));
	struct writer w = writer_over(buffer, 0);

	(void)state;
	writer_u8(&w, 'x');
	assert_int_equal(systemd_unit_write(span_of(""), &w), ERR_FULL);
	assert_int_equal(systemd_unit_next_word(&r, &w), ERR_FULL);
	assert_false(writer_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sections_keys_and_joined_values),
		cmocka_unit_test(skips_and_counts_malformed_lines),
		cmocka_unit_test(keeps_a_value_that_begins_like_a_comment),
		cmocka_unit_test(strips_the_prefixes_of_commands),
		cmocka_unit_test(takes_words_without_quotes_and_escapes),
		cmocka_unit_test(refuses_words_that_cannot_be),
		cmocka_unit_test(appends_nothing_where_it_does_not_fit),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(takes_the_last_characters_of_every_kind),
		cmocka_unit_test(does_not_heal_a_writer_that_had_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
