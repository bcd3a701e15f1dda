/* crontab_test.c - both kinds of crontab(5). */
#include "formats/crontab.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[256];

static const char *command_of(const struct crontab_entry *entry)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	crontab_write_command(entry->command, &w);
	return fixture_text(writer_span(&w));
}

static const char *schedule_of(const struct crontab_entry *entry)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	crontab_write_schedule(entry->schedule, &w);
	return fixture_text(writer_span(&w));
}

static void reads_a_system_crontab(void **state)
{
	static const char *const jobs[][3] = {
		{ "17 * * * *", "root", "cd / && run-parts --report /etc/cron.hourly" },
		{ "*/5 0-6,20 1 jan mon", "anna", "date +%F" },
		{ "@daily", "root", "/usr/bin/true" },
	};
	static const char *const variables[][2] = { { "SHELL", "/bin/sh" },
						    { "PATH", "/usr/bin:/bin" },
						    { "MAILTO", "" } };
	struct crontab_iterator it =
		crontab_over(fixture("formats-crontab/system"), CRONTAB_SYSTEM);
	struct crontab_entry entry;
	size_t job = 0;
	size_t variable = 0;

	(void)state;
	while (crontab_next(&it, &entry)) {
		if (entry.type == CRONTAB_VARIABLE) {
			assert_true(span_is(entry.name, variables[variable][0]));
			assert_true(span_is(entry.value, variables[variable++][1]));
			continue;
		}
		assert_string_equal(schedule_of(&entry), jobs[job][0]);
		assert_true(span_is(entry.user, jobs[job][1]));
		assert_string_equal(command_of(&entry), jobs[job++][2]);
	}
	assert_int_equal(job, 3);
	assert_int_equal(variable, 3);
	assert_int_equal(it.malformed, 0);
}

static void reads_a_users_crontab(void **state)
{
	struct crontab_iterator it = crontab_over(fixture("formats-crontab/user"), CRONTAB_USER);
	struct crontab_entry entry;

	(void)state;
	assert_true(crontab_next(&it, &entry));
	assert_string_equal(schedule_of(&entry), "@reboot");
	assert_string_equal(command_of(&entry), "/home/anna/start");
	assert_int_equal(entry.user.len, 0);
	assert_true(crontab_next(&it, &entry));
	assert_string_equal(schedule_of(&entry), "-*/10 * * * *");
	assert_true(crontab_next(&it, &entry));
	assert_string_equal(schedule_of(&entry), "0 4 * * 1~5");
	assert_string_equal(command_of(&entry), "tar c . | cat");
	assert_true(crontab_next(&it, &entry));
	assert_int_equal(entry.type, CRONTAB_VARIABLE);
	assert_true(span_is(entry.name, "QUOTED NAME"));
	assert_false(crontab_next(&it, &entry));
	assert_int_equal(it.malformed, 0);
}

static void does_not_take_a_command_for_a_variable(void **state)
{
	struct crontab_iterator it =
		crontab_over(span_of("* * * * * A=1 env\n@daily B=2 env\n"), CRONTAB_USER);
	struct crontab_entry entry;

	(void)state;
	assert_true(crontab_next(&it, &entry));
	assert_int_equal(entry.type, CRONTAB_JOB);
	assert_string_equal(command_of(&entry), "A=1 env");
	assert_true(crontab_next(&it, &entry));
	assert_string_equal(command_of(&entry), "B=2 env");
}

static void skips_and_counts_what_cron_refuses(void **state)
{
	struct crontab_iterator it = crontab_over(fixture("formats-crontab/bad"), CRONTAB_SYSTEM);
	struct crontab_entry entry;

	(void)state;
	assert_false(crontab_next(&it, &entry));
	assert_int_equal(it.malformed, 7);
}

static void walk(struct span part)
{
	struct crontab_iterator it = crontab_over(part, CRONTAB_SYSTEM);
	struct crontab_entry entry;

	while (crontab_next(&it, &entry)) {
		assert_true(entry.type == CRONTAB_VARIABLE || entry.command.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-crontab/system"), walk);
}

static size_t malformed_in(const char *text)
{
	struct crontab_iterator it = crontab_over(span_of(text), CRONTAB_USER);
	struct crontab_entry entry;

	while (crontab_next(&it, &entry)) {
	}
	return it.malformed;
}

static void checks_the_characters_of_fields(void **state)
{
	(void)state;
	assert_int_equal(malformed_in("0-9,*/8 1~2 * AZ az x\n"), 0);
	assert_int_equal(malformed_in("* * * { * x\n* * * [ * x\n* * * @ * x\n* * * ` * x\n"), 4);
	assert_int_equal(malformed_in("* * jan * * x\n: * * * * x\n; * * * * x\n"), 3);
	assert_int_equal(malformed_in("@daily\n@Daily x\n@hourl x\n"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_system_crontab),
		cmocka_unit_test(reads_a_users_crontab),
		cmocka_unit_test(does_not_take_a_command_for_a_variable),
		cmocka_unit_test(skips_and_counts_what_cron_refuses),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(checks_the_characters_of_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
