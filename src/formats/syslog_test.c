/* syslog_test.c - the forms of log lines. */
#include "formats/syslog.h"

#include "base/error.h"
#include "base/reader.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct syslog_line parse(const char *text)
{
	struct syslog_line line = { .pid = 0 };

	assert_int_equal(syslog_parse(span_of(text), &line), 0);
	return line;
}

static void reads_the_traditional_form(void **state)
{
	struct syslog_line line = parse("<38>Nov  2 03:11:09 host sshd[12]: a: b");

	(void)state;
	assert_int_equal(line.when.year, 0);
	assert_int_equal(line.when.month, 11);
	assert_int_equal(line.when.day, 2);
	assert_int_equal(line.when.second, 9);
	assert_false(line.has_offset);
	assert_true(span_is(line.host, "host"));
	assert_true(span_is(line.program, "sshd"));
	assert_int_equal(line.pid, 12);
	assert_true(span_is(line.message, "a: b"));
	line = parse("Nov 22 03:11:00 host auth.info login[13]: x");
	assert_true(span_is(line.program, "login"));
	assert_int_equal(line.pid, 13);
}

static void reads_times_of_iso_8601(void **state)
{
	struct syslog_line line = parse("2026-11-22T03:11:09.5+01:30 host su: x");

	(void)state;
	assert_int_equal(line.when.year, 2026);
	assert_int_equal(line.millisecond, 500);
	assert_true(line.has_offset);
	assert_int_equal(line.offset_seconds, 5400);
	line = parse("2026-11-22T03:11:09-0500 host su: x");
	assert_int_equal(line.offset_seconds, -18000);
	assert_int_equal(parse("2026-11-22T03:11:09Z host su: x").offset_seconds, 0);
	assert_false(parse("2026-11-22T03:11:09 host su: x").has_offset);
}

static void reads_rfc_5424(void **state)
{
	struct syslog_line line =
		parse("<34>1 2026-11-22T03:11:00.003Z h su 12 ID47 [a@1 b=\"c\\\"]d\"][e] text");

	(void)state;
	assert_true(span_is(line.program, "su"));
	assert_int_equal(line.pid, 12);
	assert_int_equal(line.millisecond, 3);
	assert_true(span_is(line.message, "text"));
	assert_true(span_is(parse("<34>1 2026-11-22T03:11:00Z h su - - - x").message, "x"));
}

static void refuses_what_is_no_line_of_a_log(void **state)
{
	static const char *const bad[] = {
		"",
		"Nov",
		"Nov 32 03:11:00 h p: m",
		"Nov 22 24:11:00 h p: m",
		"Nox 22 03:11:00 h p: m",
		"2026-13-22T03:11:00 h p: m",
		"2026-02-30T03:11:00 h p: m",
		"Nov 22 03:11:00 h no tag",
		"Nov 22 03:11:00 h : m",
		"    at java.lang.Thread.run(Thread.java:829)",
		"<34>1 2026-11-22T03:11:00Z h su - - [unended x",
	};
	struct syslog_line line;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(syslog_parse(span_of(bad[i]), &line), ERR_MALFORMED);
	}
}

static void parse_lines(struct span part)
{
	struct reader r = reader_over(part);
	struct syslog_line line;

	while (reader_left(&r) > 0) {
		(void)!syslog_parse(reader_line(&r), &line);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-syslog/forms"), parse_lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_traditional_form),
		cmocka_unit_test(reads_times_of_iso_8601),
		cmocka_unit_test(reads_rfc_5424),
		cmocka_unit_test(refuses_what_is_no_line_of_a_log),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
