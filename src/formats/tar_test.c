/* tar_test.c - archives of each kind that writers make, and those that nobody should. */
#include "formats/tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "formats/fixture.h"

#define LISTING_SIZE 16384

static struct tar_entry entry;

static int read_some(void *context, uint8_t *to, size_t len, size_t *out_len)
{
	struct reader *rest = context;
	size_t piece = len < 300 ? len : 300; /* never a whole block at once */
	struct span bytes =
		reader_bytes(rest, piece < reader_left(rest) ? piece : reader_left(rest));

	mem_copy(to, bytes.ptr, bytes.len);
	*out_len = bytes.len;
	return 0;
}

/* "TYPE NAME TARGET SIZE\n" of each; what ended it is returned. */
static int list(struct span archive, char listing[LISTING_SIZE])
{
	static const char types[] = "fdlho";
	struct reader rest = reader_over(archive);
	struct tar tar;
	size_t used = 0;
	int error;

	listing[0] = '\0';
	tar_init(&tar, (struct tar_source){ read_some, &rest });
	while ((error = tar_next(&tar, &entry)) == 0) {
		used += (size_t)snprintf(listing + used, LISTING_SIZE - used, "%c %s %s %llu\n",
					 types[entry.type], entry.name, entry.target,
					 (unsigned long long)entry.size);
		assert_true(used < LISTING_SIZE);
	}
	return error;
}

static const char common[] = "d etc/  0\nf etc/os-release  10\nl lib usr/lib 0\n"
			     "h etc/copy etc/os-release 0\no dev/null  0\no run/pipe  0\n";

static void expect_front(const char *name)
{
	char listing[LISTING_SIZE];

	assert_int_equal(list(fixture(name), listing), ERR_NOT_FOUND);
	/* Python writes folders with a slash at the end, whatever it was given */
	assert_int_equal(strncmp(listing, common, sizeof common - 1), 0);
}

static void every_format_lists_the_same(void **state)
{
	(void)state;
	expect_front("formats-tar/ustar");
	expect_front("formats-tar/gnu");
	expect_front("formats-tar/pax");
}

static void repeated(char *to, char c, size_t count)
{
	memset(to, c, count);
	to[count] = '\0';
}

static void long_names_are_whole(void **state)
{
	char listing[LISTING_SIZE];
	char a[128];
	char b[256];
	char expected[600];

	(void)state;
	repeated(a, 'a', 90);
	repeated(b, 'b', 60);
	snprintf(expected, sizeof expected, "f %s/%s  513\n", a, b);
	(void)list(fixture("formats-tar/ustar"), listing);
	assert_non_null(strstr(listing, expected));
	repeated(a, 'a', 120);
	repeated(b, 'b', 160);
	snprintf(expected, sizeof expected, "f %s/%s  4\n", a, b);
	(void)list(fixture("formats-tar/gnu"), listing);
	assert_non_null(strstr(listing, expected));
	snprintf(expected, sizeof expected, "f %s/\xc3\xbc%s  4\n", a, b);
	(void)list(fixture("formats-tar/pax"), listing);
	assert_non_null(strstr(listing, expected));
}

static void the_old_format_is_read(void **state)
{
	char listing[LISTING_SIZE];

	(void)state;
	assert_int_equal(list(fixture("formats-tar/v7"), listing), ERR_NOT_FOUND);
	assert_string_equal(listing, "f h  5\nl s h 0\n");
}

static void content_is_read_in_pieces_and_at_its_offset(void **state)
{
	struct span archive = fixture("formats-tar/pax");
	struct reader rest = reader_over(archive);
	struct tar tar;
	uint8_t text[64];
	size_t used = 0;
	size_t len = 0;

	(void)state;
	tar_init(&tar, (struct tar_source){ read_some, &rest });
	do {
		assert_int_equal(tar_next(&tar, &entry), 0);
	} while (strcmp(entry.name, "etc/os-release") != 0);
	do {
		assert_int_equal(tar_read(&tar, text + used, 3, &len), 0);
		used += len;
	} while (len > 0);
	assert_true(span_is((struct span){ text, used }, "ID=debian\n"));
	assert_true(
		span_is(span_first(span_after(archive, (size_t)entry.offset), 10), "ID=debian\n"));
	assert_int_equal(tar_next(&tar, &entry), 0);
	assert_string_equal(entry.name, "lib");
}

static void a_size_may_be_binary(void **state)
{
	char listing[LISTING_SIZE];

	(void)state;
	assert_int_equal(list(fixture("formats-tar/base256"), listing), ERR_NOT_FOUND);
	assert_string_equal(listing, "f x  3\n");
}

static void what_no_archive_should_say_is_refused(void **state)
{
	static const struct {
		const char *name;
		int error;
	} hostile[] = {
		{ "formats-tar/huge-size", ERR_LIMIT },
		{ "formats-tar/negative-size", ERR_MALFORMED },
		{ "formats-tar/bad-checksum", ERR_MALFORMED },
		{ "formats-tar/pax-length-lies", ERR_MALFORMED },
		{ "formats-tar/pax-no-newline", ERR_MALFORMED },
		{ "formats-tar/pax-nul", ERR_MALFORMED },
		{ "formats-tar/pax-zero", ERR_MALFORMED },
		{ "formats-tar/pax-big-size", ERR_LIMIT },
		{ "formats-tar/many-extensions", ERR_LIMIT },
		{ "formats-tar/extension-at-the-end", ERR_MALFORMED },
		{ "formats-tar/no-name", ERR_MALFORMED },
	};
	char listing[LISTING_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		if (list(fixture(hostile[i].name), listing) != hostile[i].error) {
			fail_msg("%s: %s", hostile[i].name, listing);
		}
		assert_string_equal(listing, "");
	}
}

static void a_sparse_file_is_passed_over(void **state)
{
	char listing[LISTING_SIZE];

	(void)state;
	assert_int_equal(list(fixture("formats-tar/sparse"), listing), ERR_NOT_FOUND);
	assert_string_equal(listing, "o x  512\nf y  0\n");
}

/* An archive without its end is one whose writer died, or that was cut between entries: what is
 * whole is listed, and a cut within an entry is an error. */
static void every_truncation_is_seen_or_is_between_entries(void **state)
{
	static const char *const names[] = { "formats-tar/ustar", "formats-tar/gnu",
					     "formats-tar/pax" };
	char whole[LISTING_SIZE];
	char listing[LISTING_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct span archive = fixture(names[i]);

		(void)list(archive, whole);
		for (size_t len = 0; len < archive.len; len++) {
			int error = list(span_first(archive, len), listing);

			assert_true(error == ERR_MALFORMED || error == ERR_NOT_FOUND);
			assert_true(error == ERR_MALFORMED || len % TAR_BLOCK_SIZE == 0 ||
				    strcmp(whole, listing) == 0);
			assert_int_equal(strncmp(whole, listing, strlen(listing)), 0);
		}
	}
}

static void tells_whether_its_end_was_marked(void **state)
{
	struct span good = fixture("formats-tar/ustar");
	size_t len = good.len;

	(void)state;
	assert_true(tar_is(good));
	assert_false(tar_is(span_first(good, TAR_BLOCK_SIZE - 1)));
	assert_false(tar_is(span_after(good, 1)));
	for (unsigned is_cut = 0; is_cut < 2; is_cut++) {
		struct reader rest = reader_over(span_first(good, len));
		struct tar tar;
		int error;

		tar_init(&tar, tar_source_over(&rest));
		while ((error = tar_next(&tar, &entry)) == 0) {
		}
		assert_int_equal(error, ERR_NOT_FOUND);
		assert_int_equal(tar_has_end(&tar), is_cut == 0);
		len = tar.offset - (is_cut == 0 ? TAR_BLOCK_SIZE : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_whether_its_end_was_marked),
		cmocka_unit_test(every_format_lists_the_same),
		cmocka_unit_test(long_names_are_whole),
		cmocka_unit_test(the_old_format_is_read),
		cmocka_unit_test(content_is_read_in_pieces_and_at_its_offset),
		cmocka_unit_test(a_size_may_be_binary),
		cmocka_unit_test(what_no_archive_should_say_is_refused),
		cmocka_unit_test(a_sparse_file_is_passed_over),
		cmocka_unit_test(every_truncation_is_seen_or_is_between_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
