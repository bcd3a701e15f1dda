/* sqlite_file_test.c - databases that SQLite and rpm wrote. */
#include "formats/sqlite_file.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "formats/fixture.h"
#include "formats/rpm_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct sqlite_file open_whole(struct span whole)
{
	struct sqlite_file file;

	assert_int_equal(sqlite_file_over(whole, (struct span){ NULL, 0 }, &file), 0);
	return file;
}

static struct sqlite_file_rows rows_of(const struct sqlite_file *file, const char *name)
{
	uint32_t root;

	assert_int_equal(sqlite_file_table(file, name, &root), 0);
	return sqlite_file_rows_over(file, root);
}

static struct sqlite_file_value column(struct sqlite_file_rows *it, size_t number)
{
	struct sqlite_file_value value;

	assert_int_equal(sqlite_file_column(it, number, &value), 0);
	return value;
}

static const char *text(struct sqlite_file_rows *it, size_t number)
{
	static uint8_t bytes[64];
	struct sqlite_file_value value = column(it, number);

	assert_true(value.size <= sizeof bytes);
	assert_int_equal(sqlite_file_read(it, value.offset, bytes, (size_t)value.size), 0);
	return fixture_text((struct span){ bytes, (size_t)value.size });
}

static void reads_every_type(void **state)
{
	struct sqlite_file file = open_whole(fixture("formats-sqlite_file/types.db"));
	struct sqlite_file_rows it = rows_of(&file, "types");
	struct sqlite_file_value value;
	int64_t rowid;

	(void)state;
	assert_true(sqlite_file_rows_next(&it, &rowid));
	assert_int_equal(column(&it, 0).type, SQLITE_FILE_NULL);
	assert_true(column(&it, 1).integer == 0);
	assert_true(column(&it, 2).integer == 1);
	assert_true(column(&it, 3).integer == -1);
	assert_int_equal(sqlite_file_column(&it, 4, &value), ERR_NOT_FOUND); /* added later */
	assert_true(sqlite_file_rows_next(&it, &rowid));
	assert_true(column(&it, 0).integer == 127);
	assert_true(column(&it, 1).integer == -129);
	assert_true(column(&it, 2).integer == 70000);
	assert_true(column(&it, 3).integer == -8388609);
	assert_true(sqlite_file_rows_next(&it, &rowid));
	assert_true(column(&it, 0).integer == INT64_C(1099511627776));
	assert_true(column(&it, 1).integer == INT64_MIN);
	assert_int_equal(column(&it, 2).type, SQLITE_FILE_REAL);
	assert_string_equal(text(&it, 3), "text");
	assert_true(sqlite_file_rows_next(&it, &rowid));
	assert_int_equal(column(&it, 0).type, SQLITE_FILE_BLOB);
	assert_string_equal(text(&it, 0), "blob");
	assert_int_equal(column(&it, 1).size, 3000);
	assert_int_equal(column(&it, 2).size, 0);
	assert_true(rowid == 4);
	assert_false(sqlite_file_rows_next(&it, &rowid));
	assert_int_equal(it.error, 0);
}

static void walks_a_deep_tree_in_order(void **state)
{
	struct sqlite_file file = open_whole(fixture("formats-sqlite_file/many.db"));
	struct sqlite_file_rows it = rows_of(&file, "Packages");
	int64_t rowid;
	int64_t count = 0;
	char wanted[16];

	(void)state;
	while (sqlite_file_rows_next(&it, &rowid)) {
		assert_true(rowid == ++count);
		snprintf(wanted, sizeof wanted, "row %d", (int)count);
		assert_string_equal(text(&it, 1), wanted);
	}
	assert_int_equal(it.error, 0);
	assert_true(count == 2000);
}

static int header_read(void *context, uint64_t offset, uint8_t *to, size_t len)
{
	struct sqlite_file_rows *it = context;

	return sqlite_file_read(it, column(it, 1).offset + offset, to, len);
}

/* What "rpm -qa" with a query format printed of the same database. */
static void reads_the_packages_of_rpm(void **state)
{
	static const char *const lines[] = {
		"tiny|2:1.2-3|noarch|Example|Tests/Formats|tiny-1.2-3.src.rpm|0",
		"tilde|0:1.0~rc1-2^git1|noarch||Unspecified|tilde-1.0~rc1-2^git1.src.rpm|0",
		"plain|0.1-1.el9|noarch||Unspecified|plain-0.1-1.el9.src.rpm|5000",
		"many|3-4|noarch|Example|Unspecified|many-3-4.src.rpm|1092",
	};
	struct sqlite_file file = open_whole(fixture("formats-sqlite_file/rpmdb.sqlite"));
	struct sqlite_file_rows it = rows_of(&file, "Packages");
	int64_t rowid;
	size_t seen = 0;

	(void)state;
	while (sqlite_file_rows_next(&it, &rowid)) {
		uint8_t buffer[512];
		uint8_t line[512];
		struct writer w = writer_over(buffer, sizeof buffer);
		struct writer lw = writer_over(line, sizeof line);
		struct rpm_package package;
		struct rpm_header_source source = { header_read, &it, column(&it, 1).size };
		bool is_known = false;

		assert_int_equal(rpm_header_read(source, &w, &package), 0);
		writer_bytes(&lw, package.name);
		writer_u8(&lw, '|');
		writer_bytes(&lw, package.version);
		writer_u8(&lw, '|');
		writer_bytes(&lw, package.architecture);
		writer_u8(&lw, '|');
		writer_bytes(&lw, package.vendor);
		writer_u8(&lw, '|');
		writer_bytes(&lw, package.group);
		writer_u8(&lw, '|');
		writer_bytes(&lw, package.source_rpm);
		writer_u8(&lw, '|');
		writer_decimal(&lw, package.size_bytes);
		for (size_t i = 0; i < COUNT_OF(lines); i++) {
			is_known = is_known || span_is(writer_span(&lw), lines[i]);
		}
		assert_true(is_known);
		seen++;
	}
	assert_int_equal(it.error, 0);
	assert_int_equal(seen, COUNT_OF(lines));
}

/* One page in memory at a time, wiped before the next: nothing may be kept. */
struct one_page {
	struct span whole;
	uint8_t *page;
	size_t size;
};

static int give_page(void *context, uint32_t number, struct span *out)
{
	struct one_page *one = context;
	struct span page =
		span_first(span_after(one->whole, (size_t)(number - 1) * one->size), one->size);

	free(one->page);
	one->page = malloc(one->size);
	assert_non_null(one->page);
	mem_copy(one->page, page.ptr, page.len);
	*out = (struct span){ one->page, page.len };
	return 0;
}

static void needs_no_page_but_the_last_one(void **state)
{
	struct span whole = fixture("formats-sqlite_file/overflow.db");
	struct one_page one = { .whole = whole, .size = 512 };
	struct sqlite_file_source source = { give_page, &one };
	struct sqlite_file file;
	struct sqlite_file plain = open_whole(whole);
	struct sqlite_file_rows it;
	struct sqlite_file_rows other = rows_of(&plain, "Packages");
	int64_t rowid;
	int64_t other_rowid;

	(void)state;
	assert_int_equal(sqlite_file_from(span_first(whole, SQLITE_FILE_HEADER_SIZE), source,
					  (uint32_t)(whole.len / 512), &file),
			 0);
	it = rows_of(&file, "Packages");
	while (sqlite_file_rows_next(&it, &rowid)) {
		static uint8_t a[4096];
		static uint8_t b[4096];
		struct sqlite_file_value value = column(&it, 1);

		assert_true(sqlite_file_rows_next(&other, &other_rowid));
		assert_true(value.size <= sizeof a && value.size > 1024);
		assert_int_equal(sqlite_file_read(&it, value.offset, a, (size_t)value.size), 0);
		assert_int_equal(sqlite_file_read(&other, value.offset, b, (size_t)value.size), 0);
		assert_memory_equal(a, b, (size_t)value.size);
		/* backwards, byte by byte */
		for (uint64_t i = value.size; i > 0; i--) {
			assert_int_equal(sqlite_file_read(&it, value.offset + i - 1, b, 1), 0);
			assert_int_equal(b[0], a[i - 1]);
		}
	}
	assert_int_equal(it.error, 0);
	free(one.page);
}

static void sees_what_is_only_in_the_log(void **state)
{
	struct span both = fixture("formats-sqlite_file/log.db");
	struct sqlite_file file;
	struct sqlite_file_rows it;
	int64_t rowid;
	size_t count = 1;

	(void)state;
	assert_int_equal(sqlite_file_over(span_first(both, 1536), span_after(both, 1536), &file),
			 0);
	it = rows_of(&file, "Packages");
	assert_true(sqlite_file_rows_next(&it, &rowid));
	assert_true(rowid == 1);
	assert_string_equal(text(&it, 1), "new");
	while (sqlite_file_rows_next(&it, &rowid)) {
		assert_true(rowid >= 3);
		count++;
	}
	assert_int_equal(it.error, 0);
	assert_int_equal(count, 58);
}

static void leaves_out_what_the_log_has_not_committed(void **state)
{
	struct span both = fixture("formats-sqlite_file/log.db");
	struct span wal = span_after(both, 1536);
	size_t last = 0;

	(void)state;
	/* with every cut of the log, the rows are those of some moment: never fewer than before */
	for (size_t cut = 0; cut <= wal.len; cut += 67) {
		struct sqlite_file file;
		struct sqlite_file_rows it;
		int64_t rowid;
		size_t count = 0;

		assert_int_equal(
			sqlite_file_over(span_first(both, 1536), span_first(wal, cut), &file), 0);
		it = rows_of(&file, "Packages");
		while (sqlite_file_rows_next(&it, &rowid)) {
			count++;
		}
		assert_int_equal(it.error, 0);
		assert_true(count + 1 >= last); /* one row was deleted */
		last = count;
	}
}

static void names_what_it_cannot_read(void **state)
{
	struct sqlite_file file = open_whole(fixture("formats-sqlite_file/types.db"));
	uint32_t root;

	(void)state;
	assert_int_equal(sqlite_file_table(&file, "none", &root), ERR_NOT_FOUND);
	assert_int_equal(sqlite_file_table(&file, "kv", &root), ERR_UNSUPPORTED);
}

static void refuses_cycles(void **state)
{
	struct sqlite_file file = open_whole(fixture("formats-sqlite_file/cycle.db"));
	struct sqlite_file_rows it = sqlite_file_rows_over(&file, 1);
	int64_t rowid;

	(void)state;
	while (sqlite_file_rows_next(&it, &rowid)) {
	}
	assert_true(it.error == ERR_MALFORMED || it.error == ERR_LIMIT);
}

static void walk(struct span part)
{
	struct sqlite_file file;
	struct sqlite_file_rows it;
	int64_t rowid;
	uint32_t root;

	if (sqlite_file_over(part, (struct span){ NULL, 0 }, &file) != 0 ||
	    sqlite_file_table(&file, "Packages", &root) != 0) {
		return;
	}
	it = sqlite_file_rows_over(&file, root);
	while (sqlite_file_rows_next(&it, &rowid)) {
		struct sqlite_file_value value;
		uint8_t byte;

		if (sqlite_file_column(&it, 1, &value) == 0) {
			(void)!sqlite_file_read(&it, value.offset + value.size - 1, &byte, 1);
		}
	}
}

static void survives_every_truncation_and_changed_byte(void **state)
{
	struct span good = fixture("formats-sqlite_file/overflow.db");
	uint8_t *bytes = malloc(good.len);

	(void)state;
	assert_non_null(bytes);
	fixture_truncate(good, walk);
	for (size_t i = 0; i < good.len; i++) {
		mem_copy(bytes, good.ptr, good.len);
		bytes[i] ^= 0xff;
		walk((struct span){ bytes, good.len });
	}
	free(bytes);
}

/* What opening the types database says after one byte of its header was changed. */
static int open_after(size_t at, uint8_t value)
{
	static uint8_t bytes[SQLITE_FILE_HEADER_SIZE];
	struct sqlite_file_source source = { give_page, NULL };
	struct sqlite_file file;

	mem_copy(bytes, fixture("formats-sqlite_file/types.db").ptr, sizeof bytes);
	bytes[at] = value;
	return sqlite_file_from((struct span){ bytes, sizeof bytes }, source, 1, &file);
}

static void checks_the_header(void **state)
{
	struct span good = fixture("formats-sqlite_file/overflow.db");
	struct sqlite_file file;

	(void)state;
	assert_int_equal(open_after(0, 'S'), 0);
	assert_int_equal(open_after(0, 's'), ERR_MALFORMED);
	assert_int_equal(open_after(16, 3), ERR_MALFORMED); /* page size 768 */
	assert_int_equal(open_after(16, 1), ERR_MALFORMED); /* 256 */
	assert_int_equal(open_after(16, 2), 0);
	assert_int_equal(open_after(19, 3), ERR_UNSUPPORTED);
	assert_int_equal(open_after(59, 2), ERR_UNSUPPORTED); /* UTF-16 */
	assert_int_equal(open_after(59, 0), 0);
	for (size_t len = 0; len < SQLITE_FILE_HEADER_SIZE; len++) {
		assert_int_equal(
			sqlite_file_over(span_first(good, len), (struct span){ NULL, 0 }, &file),
			ERR_MALFORMED);
	}
}

static void refuses_pages_that_are_not_there(void **state)
{
	struct sqlite_file file = open_whole(fixture("formats-sqlite_file/types.db"));
	static const uint32_t bad[] = { 0, 10, UINT32_MAX };
	int64_t rowid;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct sqlite_file_rows it = sqlite_file_rows_over(&file, bad[i]);

		assert_false(sqlite_file_rows_next(&it, &rowid));
		assert_int_equal(it.error, ERR_MALFORMED);
	}
}

static void reads_nothing_outside_of_a_row(void **state)
{
	struct sqlite_file file = open_whole(fixture("formats-sqlite_file/types.db"));
	struct sqlite_file_rows it = rows_of(&file, "types");
	uint8_t byte;
	int64_t rowid;

	(void)state;
	assert_true(sqlite_file_rows_next(&it, &rowid));
	assert_int_equal(sqlite_file_read(&it, it.payload_size, &byte, 0), 0);
	assert_int_equal(sqlite_file_read(&it, it.payload_size, &byte, 1), ERR_MALFORMED);
	assert_int_equal(sqlite_file_read(&it, UINT64_MAX, &byte, 1), ERR_MALFORMED);
	assert_int_equal(sqlite_file_read(&it, 1, &byte, SIZE_MAX), ERR_MALFORMED);
	while (sqlite_file_rows_next(&it, &rowid)) {
	}
	assert_int_equal(sqlite_file_read(&it, 0, &byte, 1), ERR_MALFORMED);
}

/* Pages whose nth request fails, or gives a page that is too short. */
struct failing {
	struct span whole;
	size_t requests_left;
	int error;
};

static int give_or_fail(void *context, uint32_t number, struct span *out)
{
	struct failing *failing = context;
	struct span page = span_first(span_after(failing->whole, (size_t)(number - 1) * 512), 512);

	if (failing->requests_left-- == 0) {
		*out = span_first(page, 100);
		return failing->error;
	}
	*out = page;
	return 0;
}

/* Reads the first byte and the last of every package. */
static int read_all(const struct sqlite_file *file)
{
	struct sqlite_file_rows it;
	uint32_t root;
	int64_t rowid;
	int error = sqlite_file_table(file, "Packages", &root);

	if (error != 0) {
		return error;
	}
	it = sqlite_file_rows_over(file, root);
	while (sqlite_file_rows_next(&it, &rowid)) {
		struct sqlite_file_value value;
		uint8_t byte;

		error = sqlite_file_column(&it, 1, &value);
		if (error == 0) {
			error = sqlite_file_read(&it, value.offset, &byte, 1);
		}
		if (error == 0) {
			error = sqlite_file_read(&it, value.offset + value.size - 1, &byte, 1);
		}
		if (error != 0) {
			return error;
		}
	}
	return it.error;
}

static void hands_on_every_error_of_its_source(void **state)
{
	static const int errors[][2] = { { ERR_IO, ERR_IO }, { 0, ERR_MALFORMED } };
	struct span whole = fixture("formats-sqlite_file/overflow.db");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		struct failing failing = { .whole = whole, .error = errors[i][0] };
		struct sqlite_file_source source = { give_or_fail, &failing };
		size_t requests = 0;
		struct sqlite_file file;
		int error;

		assert_int_equal(sqlite_file_from(span_first(whole, SQLITE_FILE_HEADER_SIZE),
						  source, (uint32_t)(whole.len / 512), &file),
				 0);
		do {
			failing.requests_left = requests++;
			error = read_all(&file);
			assert_true(error == 0 || error == errors[i][1]);
		} while (error != 0);
		assert_true(requests > 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(walks_a_deep_tree_in_order),
		cmocka_unit_test(reads_the_packages_of_rpm),
		cmocka_unit_test(needs_no_page_but_the_last_one),
		cmocka_unit_test(sees_what_is_only_in_the_log),
		cmocka_unit_test(leaves_out_what_the_log_has_not_committed),
		cmocka_unit_test(names_what_it_cannot_read),
		cmocka_unit_test(refuses_cycles),
		cmocka_unit_test(survives_every_truncation_and_changed_byte),
		cmocka_unit_test(checks_the_header),
		cmocka_unit_test(refuses_pages_that_are_not_there),
		cmocka_unit_test(reads_nothing_outside_of_a_row),
		cmocka_unit_test(hands_on_every_error_of_its_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
