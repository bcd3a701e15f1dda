/* sudoers_test.c - lines of sudoers(5) and what they grant. */
#include "formats/sudoers.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static uint8_t text[2048];

/* Every grant of a file as "users | hosts | runas | tags | commands", a line each. */
static const char *grants_of(struct span file)
{
	struct sudoers_iterator it = sudoers_over(file);
	struct writer w = writer_over(text, sizeof text);
	struct sudoers_entry entry;

	while (sudoers_next(&it, &entry)) {
		struct sudoers_grants grants = sudoers_grants_over(entry.rest);
		struct sudoers_grant grant;

		while (entry.kind == SUDOERS_RULE && sudoers_grants_next(&grants, &grant)) {
			const struct span parts[] = { entry.users, grant.hosts, grant.runas };

			for (size_t i = 0; i < COUNT_OF(parts); i++) {
				sudoers_write(parts[i], &w);
				writer_text(&w, "|");
			}
			sudoers_write_tags(&grant, &w);
			writer_text(&w, "|");
			sudoers_write(grant.commands, &w);
			writer_text(&w, "\n");
		}
	}
	return fixture_text(writer_span(&w));
}

static void reads_the_rules_of_a_file(void **state)
{
	(void)state;
	assert_string_equal(
		grants_of(fixture("formats-sudoers/sudoers")),
		"root|ALL|ALL:ALL||ALL\n"
		"%sudo|ALL|ALL:ALL||ALL\n"
		"#1000, %#27,ADMINS|ALL||NOPASSWD: SETENV:|/bin/a x\\,y, sha224:abc= /bin/b\n"
		"anna|web1, web2|www||/bin/c\n"
		"anna|web1, web2|:adm|NOPASSWD:|/bin/d, !/bin/e \"q, r\"\n"
		"anna|db|||LOGS\n"
		"\"Anna Example\"|ALL|root|CWD=/tmp NOEXEC:|ALL\n");
}

/* As sudo -l has it: NOEXEC does not end where PASSWD begins. */
static void a_tag_holds_until_its_opposite(void **state)
{
	(void)state;
	assert_string_equal(
		grants_of(span_of("a ALL = NOEXEC: NOPASSWD: CWD=/x /bin/a, PASSWD: /bin/b, CWD=/y "
				  "EXEC: /bin/c, (c) /bin/d\n")),
		"a|ALL||NOEXEC: NOPASSWD: CWD=/x|/bin/a\n"
		"a|ALL||NOEXEC: PASSWD: CWD=/x|/bin/b\n"
		"a|ALL||EXEC: PASSWD: CWD=/y|/bin/c\n"
		"a|ALL|c|EXEC: PASSWD: CWD=/y|/bin/d\n");
}

static void tells_the_kinds_of_lines(void **state)
{
	static const enum sudoers_kind wanted[] = {
		SUDOERS_DEFAULTS, SUDOERS_DEFAULTS, SUDOERS_ALIAS,   SUDOERS_ALIAS,
		SUDOERS_RULE,     SUDOERS_RULE,     SUDOERS_RULE,    SUDOERS_RULE,
		SUDOERS_RULE,     SUDOERS_INCLUDE,  SUDOERS_INCLUDE, SUDOERS_INCLUDE_FOLDER,
	};
	struct sudoers_iterator it = sudoers_over(fixture("formats-sudoers/sudoers"));
	struct sudoers_entry entry;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		assert_true(sudoers_next(&it, &entry));
		assert_int_equal(entry.kind, wanted[i]);
	}
	assert_true(span_is(entry.rest, "/etc/sudoers.d"));
	assert_false(sudoers_next(&it, &entry));
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_what_is_no_rule(void **state)
{
	struct sudoers_iterator it = sudoers_over(fixture("formats-sudoers/bad"));
	struct sudoers_entry entry;
	struct sudoers_grants grants;
	struct sudoers_grant grant;

	(void)state;
	/* brackets that stay open, and no command */
	for (int i = 0; i < 2; i++) {
		assert_true(sudoers_next(&it, &entry));
		grants = sudoers_grants_over(entry.rest);
		assert_false(sudoers_grants_next(&grants, &grant));
		assert_true(grants.is_malformed);
	}
	assert_false(sudoers_next(&it, &entry));
	assert_int_equal(it.malformed, 2);
}

static void walk(struct span part)
{
	(void)grants_of(part);
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-sudoers/sudoers"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_rules_of_a_file),
		cmocka_unit_test(a_tag_holds_until_its_opposite),
		cmocka_unit_test(tells_the_kinds_of_lines),
		cmocka_unit_test(skips_and_counts_what_is_no_rule),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
