/* group_test.c - group(5). */
#include "formats/group.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_groups_and_members(void **state)
{
	struct group_iterator it = group_over(fixture("formats-group/group"));
	struct group_entry entry;
	struct reader members;
	struct span name;

	(void)state;
	assert_true(group_next(&it, &entry));
	assert_true(span_is(entry.name, "root"));
	assert_int_equal(entry.gid, 0);
	members = reader_over(entry.members);
	assert_false(group_members_next(&members, &name));
	assert_true(group_next(&it, &entry));
	assert_int_equal(entry.gid, 27);
	members = reader_over(entry.members);
	assert_true(group_members_next(&members, &name));
	assert_true(span_is(name, "anna"));
	assert_true(group_members_next(&members, &name));
	assert_true(span_is(name, "bob"));
	assert_false(group_members_next(&members, &name));
	assert_true(group_next(&it, &entry));
	members = reader_over(entry.members);
	assert_false(group_members_next(&members, &name));
	assert_false(group_next(&it, &entry));
	assert_int_equal(it.nis, 1);
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_malformed_lines(void **state)
{
	struct group_iterator it = group_over(fixture("formats-group/bad"));
	struct group_entry entry;

	(void)state;
	assert_false(group_next(&it, &entry));
	assert_int_equal(it.malformed, 4);
}

static void walk(struct span part)
{
	struct group_iterator it = group_over(part);
	struct group_entry entry;

	while (group_next(&it, &entry)) {
		assert_true(entry.name.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-group/group"), walk);
}

static void passes_over_comments_and_blank_lines(void **state)
{
	struct group_iterator it = group_over(span_of("# a:b:1:c\n\n \nroot:x:0:\n"));
	struct group_entry entry;

	(void)state;
	assert_true(group_next(&it, &entry));
	assert_true(span_is(entry.name, "root"));
	assert_int_equal(it.malformed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_groups_and_members),
		cmocka_unit_test(skips_and_counts_malformed_lines),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(passes_over_comments_and_blank_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
