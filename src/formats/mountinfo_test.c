/* mountinfo_test.c - /proc/PID/mountinfo. */
#include "formats/mountinfo.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[256];

static const char *unescaped(struct span raw)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	mountinfo_write(raw, &w);
	return fixture_text(writer_span(&w));
}

static const char *options_of(const struct mountinfo_entry *entry)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	mountinfo_write_options(entry, &w);
	return fixture_text(writer_span(&w));
}

static void reads_mounts_and_merges_options_as_findmnt(void **state)
{
	struct mountinfo_iterator it = mountinfo_over(fixture("formats-mountinfo/mountinfo"));
	struct mountinfo_entry entry;

	(void)state;
	assert_true(mountinfo_next(&it, &entry));
	assert_int_equal(entry.id, 21);
	assert_int_equal(entry.parent, 26);
	assert_int_equal(entry.minor, 20);
	assert_true(span_is(entry.type, "proc"));
	assert_string_equal(options_of(&entry), "rw,nosuid,nodev,noexec,relatime");
	assert_true(mountinfo_next(&it, &entry));
	assert_int_equal(entry.major, 254);
	assert_string_equal(options_of(&entry), "rw,relatime,errors=remount-ro");
	assert_false(mountinfo_is_read_only(&entry));
	assert_true(mountinfo_next(&it, &entry));
	assert_string_equal(unescaped(entry.target), "/mnt/with blank\\and\ttab");
	assert_int_equal(entry.source.len, 0);
	assert_true(mountinfo_is_read_only(&entry));
	assert_string_equal(options_of(&entry), "ro,relatime,size=1024k");
	assert_true(mountinfo_next(&it, &entry));
	assert_true(span_is(entry.root, "/sub"));
	assert_true(mountinfo_is_read_only(&entry)); /* by its file system */
	assert_string_equal(options_of(&entry), "ro,relatime,lowerdir=/a,b");
	assert_false(mountinfo_next(&it, &entry));
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_malformed_lines(void **state)
{
	struct mountinfo_iterator it = mountinfo_over(fixture("formats-mountinfo/bad"));
	struct mountinfo_entry entry;

	(void)state;
	assert_true(mountinfo_next(&it, &entry));
	assert_string_equal(unescaped(entry.target), "\\0"); /* no three octal digits */
	assert_string_equal(unescaped(entry.source), "\\777");
	assert_false(mountinfo_next(&it, &entry));
	assert_int_equal(it.malformed, 4);
}

static void walk(struct span part)
{
	struct mountinfo_iterator it = mountinfo_over(part);
	struct mountinfo_entry entry;

	while (mountinfo_next(&it, &entry)) {
		assert_true(entry.target.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-mountinfo/mountinfo"), walk);
}

static void wants_every_field_but_the_source(void **state)
{
	static const char *const bad[] = {
		"21 26 0:20 /  rw - proc proc rw",
		"21 26 0:20 / /proc  - proc proc rw",
		"21 26 0:20 / /proc rw -  proc rw",
		"21 26 0:20 / /proc rw - proc proc ",
		"21 26 0:20 / /proc rw proc proc rw",
		"21 26 :20 / /proc rw - proc proc rw",
		"4294967296 26 0:20 / /proc rw - proc proc rw",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct mountinfo_iterator it = mountinfo_over(span_of(bad[i]));
		struct mountinfo_entry entry;

		assert_false(mountinfo_next(&it, &entry));
		assert_int_equal(it.malformed, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_mounts_and_merges_options_as_findmnt),
		cmocka_unit_test(skips_and_counts_malformed_lines),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(wants_every_field_but_the_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
