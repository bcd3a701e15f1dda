/* rpm_ndb_test.c - a file laid out as rpm's rpmpkg.c writes it. */
#include "formats/rpm_ndb.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void finds_every_package(void **state)
{
	struct rpm_ndb_iterator it;
	uint32_t package;
	struct span header;

	(void)state;
	assert_int_equal(rpm_ndb_over(fixture("formats-rpm_ndb/Packages.db"), &it), 0);
	assert_true(rpm_ndb_next(&it, &package, &header));
	assert_int_equal(package, 1);
	assert_true(span_equal(header, fixture("formats-rpm_header/tiny")));
	assert_true(rpm_ndb_next(&it, &package, &header));
	assert_int_equal(package, 3);
	assert_true(span_equal(header, fixture("formats-rpm_header/plain")));
	assert_false(rpm_ndb_next(&it, &package, &header));
	assert_int_equal(it.malformed, 0);
}

static void counts_blobs_that_are_cut(void **state)
{
	struct rpm_ndb_iterator it;
	uint32_t package;
	struct span header;

	(void)state;
	assert_int_equal(rpm_ndb_over(fixture("formats-rpm_ndb/bad"), &it), 0);
	assert_false(rpm_ndb_next(&it, &package, &header));
	assert_int_equal(it.malformed, 2);
}

static void refuses_other_files_and_versions(void **state)
{
	struct rpm_ndb_iterator it;
	static uint8_t bytes[4096] = "RpmP\1";

	(void)state;
	assert_int_equal(rpm_ndb_over(fixture("formats-rpm_ndb/short"), &it), ERR_MALFORMED);
	assert_int_equal(rpm_ndb_over(fixture("formats-rpm_header/tiny"), &it), ERR_MALFORMED);
	bytes[12] = 1;
	assert_int_equal(rpm_ndb_over((struct span){ bytes, sizeof bytes }, &it), ERR_UNSUPPORTED);
	bytes[4] = 0;
	bytes[15] = 1;
	assert_int_equal(rpm_ndb_over((struct span){ bytes, sizeof bytes }, &it), ERR_LIMIT);
}

static void walk(struct span part)
{
	struct rpm_ndb_iterator it;
	uint32_t package;
	struct span header;

	if (rpm_ndb_over(part, &it) == 0) {
		while (rpm_ndb_next(&it, &package, &header)) {
			assert_true(header.len > 0);
		}
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-rpm_ndb/Packages.db"), walk);
}

/* The malformed packages after one byte of the file was changed. */
static size_t malformed_after(size_t at, uint8_t value)
{
	static uint8_t bytes[16384];
	struct span good = fixture("formats-rpm_ndb/Packages.db");
	struct rpm_ndb_iterator it;
	uint32_t package;
	struct span header;

	assert_true(good.len <= sizeof bytes);
	mem_copy(bytes, good.ptr, good.len);
	bytes[at] = value;
	assert_int_equal(rpm_ndb_over((struct span){ bytes, good.len }, &it), 0);
	while (rpm_ndb_next(&it, &package, &header)) {
	}
	return it.malformed;
}

static void checks_slots_and_both_ends_of_a_blob(void **state)
{
	(void)state;
	assert_int_equal(malformed_after(32, 'x'), 1); /* the slot's magic */
	assert_int_equal(malformed_after(36, 9), 1);   /* its package */
	assert_int_equal(malformed_after(36, 0), 1);
	assert_int_equal(malformed_after(44, 0), 1);        /* its blocks: too few */
	assert_int_equal(malformed_after(45, 9), 1);        /* and too many */
	assert_int_equal(malformed_after(4096, 'x'), 1);    /* the blob's magic */
	assert_int_equal(malformed_after(4096 + 4, 9), 1);  /* its package */
	assert_int_equal(malformed_after(4096 + 12, 0), 1); /* its length */
	assert_int_equal(malformed_after(40, 0), 0);        /* a slot that is free */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_package),
		cmocka_unit_test(counts_blobs_that_are_cut),
		cmocka_unit_test(refuses_other_files_and_versions),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(checks_slots_and_both_ends_of_a_blob),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
