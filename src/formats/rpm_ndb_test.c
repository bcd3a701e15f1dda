/* rpm_ndb_test.c - a file laid out as rpm's rpmpkg.c writes it. */
#include "formats/rpm_ndb.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* The next package's number, and its header in whole; 0 at the end. */
static uint32_t next_of(struct rpm_ndb *db, struct span *out_header)
{
	static uint8_t bytes[16384];
	struct rpm_header_source header;
	uint32_t package;

	if (!rpm_ndb_next(db, &package, &header)) {
		return 0;
	}
	assert_true(header.size <= sizeof bytes);
	assert_int_equal(header.read(header.context, 0, bytes, (size_t)header.size), 0);
	*out_header = (struct span){ bytes, (size_t)header.size };
	return package;
}

static void finds_every_package(void **state)
{
	struct span file = fixture("formats-rpm_ndb/Packages.db");
	struct rpm_ndb db;
	struct span header;

	(void)state;
	assert_int_equal(rpm_ndb_open(rpm_header_source_over(&file), &db), 0);
	assert_int_equal(next_of(&db, &header), 1);
	assert_true(span_equal(header, fixture("formats-rpm_header/tiny")));
	assert_int_equal(next_of(&db, &header), 3);
	assert_true(span_equal(header, fixture("formats-rpm_header/plain")));
	assert_int_equal(next_of(&db, &header), 0);
	assert_int_equal(db.malformed, 0);
	assert_int_equal(db.error, 0);
}

static void counts_blobs_that_are_cut(void **state)
{
	struct span file = fixture("formats-rpm_ndb/bad");
	struct rpm_ndb db;
	struct span header;

	(void)state;
	assert_int_equal(rpm_ndb_open(rpm_header_source_over(&file), &db), 0);
	assert_int_equal(next_of(&db, &header), 0);
	assert_int_equal(db.malformed, 2);
}

static int open_result(struct span file)
{
	struct rpm_ndb db;

	return rpm_ndb_open(rpm_header_source_over(&file), &db);
}

static void refuses_other_files_and_versions(void **state)
{
	static uint8_t bytes[4096] = "RpmP\1";

	(void)state;
	assert_int_equal(open_result(fixture("formats-rpm_ndb/short")), ERR_MALFORMED);
	assert_int_equal(open_result(fixture("formats-rpm_header/tiny")), ERR_MALFORMED);
	bytes[12] = 1;
	assert_int_equal(open_result((struct span){ bytes, sizeof bytes }), ERR_UNSUPPORTED);
	bytes[4] = 0;
	assert_int_equal(open_result((struct span){ bytes, sizeof bytes }), 0);
	assert_int_equal(open_result((struct span){ bytes, sizeof bytes - 1 }), ERR_MALFORMED);
	bytes[15] = 1;
	assert_int_equal(open_result((struct span){ bytes, sizeof bytes }), ERR_LIMIT);
}

static void walk(struct span part)
{
	struct rpm_ndb db;
	struct span header;

	if (rpm_ndb_open(rpm_header_source_over(&part), &db) == 0) {
		while (next_of(&db, &header) != 0) {
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
	struct span file = { bytes, good.len };
	struct rpm_ndb db;
	struct span header;

	assert_true(good.len <= sizeof bytes);
	mem_copy(bytes, good.ptr, good.len);
	bytes[at] = value;
	assert_int_equal(rpm_ndb_open(rpm_header_source_over(&file), &db), 0);
	while (next_of(&db, &header) != 0) {
	}
	assert_int_equal(db.error, 0);
	return db.malformed;
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

/* Slots on two pages, as a thousand packages have them: the second page is the first one's copy,
 * but for the file's header. */
static void goes_on_with_the_next_page_of_slots(void **state)
{
	static uint8_t bytes[3 * 4096];
	struct span file = { bytes, sizeof bytes };
	struct span header;
	struct rpm_ndb db;

	(void)state;
	for (size_t at = 0; at < 8192; at += 16) {
		mem_copy(bytes + at, "Slot", 4);
	}
	mem_copy(bytes, "RpmP\0\0\0\0\7\0\0\0\2\0\0\0", 16);
	mem_copy(bytes + 8192 - 16, "Slot\5\0\0\0\0\2\0\0\2\0\0\0", 16);
	mem_copy(bytes + 8192, "BlbS\5\0\0\0\0\0\0\0\4\0\0\0data____\4\0\0\0BlbE", 32);
	assert_int_equal(rpm_ndb_open(rpm_header_source_over(&file), &db), 0);
	assert_int_equal(next_of(&db, &header), 5);
	assert_true(span_is(header, "data"));
	assert_int_equal(next_of(&db, &header), 0);
	assert_int_equal(db.malformed, 0);
}

static void notices_that_rpm_wrote_meanwhile(void **state)
{
	static uint8_t bytes[4096] = "RpmP";
	struct span file = { bytes, sizeof bytes };
	struct rpm_ndb db;

	(void)state;
	bytes[12] = 1;
	assert_int_equal(rpm_ndb_open(rpm_header_source_over(&file), &db), 0);
	assert_false(rpm_ndb_has_changed(&db));
	bytes[8]++;
	assert_true(rpm_ndb_has_changed(&db));
}

static int fail_behind_slots(void *context, uint64_t offset, uint8_t *to, size_t len)
{
	struct span file = fixture("formats-rpm_ndb/Packages.db");

	(void)context;
	if (offset >= 4096) {
		return ERR_IO;
	}
	mem_copy(to, file.ptr + offset, len);
	return 0;
}

static void a_disk_that_fails_is_no_package_less(void **state)
{
	struct rpm_header_source file = { fail_behind_slots, NULL,
					  fixture("formats-rpm_ndb/Packages.db").len };
	struct rpm_ndb db;
	struct span header;

	(void)state;
	assert_int_equal(rpm_ndb_open(file, &db), 0);
	assert_int_equal(next_of(&db, &header), 0);
	assert_int_equal(db.error, ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_package),
		cmocka_unit_test(counts_blobs_that_are_cut),
		cmocka_unit_test(refuses_other_files_and_versions),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(checks_slots_and_both_ends_of_a_blob),
		cmocka_unit_test(goes_on_with_the_next_page_of_slots),
		cmocka_unit_test(notices_that_rpm_wrote_meanwhile),
		cmocka_unit_test(a_disk_that_fails_is_no_package_less),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
