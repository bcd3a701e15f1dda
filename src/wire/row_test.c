/* row_test.c - equal rows have equal bytes, and nothing else decodes. */
#include "wire/row.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t big[ROW_BYTES_MAX];

static void a_row_comes_back_as_it_was(void **state)
{
	const struct table *table = schema_by_number(TABLE_CERTIFICATES);
	const struct span names[] = { span_of("a.example"), span_of("b.example") };
	struct row row;
	struct row back;
	struct writer w = writer_over(big, sizeof big);
	struct writer again;
	uint8_t room[256];
	size_t at = 0;
	struct span item;

	(void)state;
	row_init(&row, table);
	row_set_text(&row, CERTIFICATES_PATH, span_of("/etc/ssl/x.pem"));
	row_set_list(&row, CERTIFICATES_NAMES, names, 2);
	row_set_integer(&row, CERTIFICATES_NOT_AFTER, -5);
	row_set_boolean(&row, CERTIFICATES_IS_CA, true);
	assert_int_equal(row_encode(&row, &w), 0);
	assert_int_equal(row_decode(table, writer_span(&w), &back), 0);
	assert_true(span_is(back.values[CERTIFICATES_PATH].text, "/etc/ssl/x.pem"));
	assert_int_equal(back.values[CERTIFICATES_NOT_AFTER].number, -5);
	assert_int_equal(back.values[CERTIFICATES_IS_CA].number, 1);
	assert_int_equal(back.values[CERTIFICATES_SUBJECT].kind, VALUE_NULL);
	assert_int_equal(back.values[CERTIFICATES_NAMES].item_count, 2);
	assert_true(row_list_next(&back.values[CERTIFICATES_NAMES], &at, &item));
	assert_true(span_is(item, "a.example"));
	assert_true(row_list_next(&back.values[CERTIFICATES_NAMES], &at, &item));
	assert_true(span_is(item, "b.example"));
	assert_false(row_list_next(&back.values[CERTIFICATES_NAMES], &at, &item));
	/* and encodes to the same bytes again, or not at all */
	again = writer_over(room, 8);
	assert_int_equal(row_encode(&back, &again), ERR_FULL);
	assert_int_equal(writer_used(&again), 0);
	again = writer_over(room, sizeof room);
	assert_int_equal(row_encode(&back, &again), 0);
	assert_true(span_equal(writer_span(&w), writer_span(&again)));
}

/* What a package of yesterday's sensor was hashed as it is today. */
static void an_appended_column_that_is_null_leaves_a_row_as_it_was(void **state)
{
	const struct table *table = schema_by_number(TABLE_PACKAGES);
	struct table before = *table;
	struct row row;
	struct row back;
	struct writer w = writer_over(big, sizeof big);
	uint8_t room[256];
	struct writer old = writer_over(room, sizeof room);

	(void)state;
	before.column_count = PACKAGES_MODULE;
	before.appended_count = 0;
	row_init(&row, &before);
	row_set_text(&row, PACKAGES_NAME, span_of("bash"));
	assert_int_equal(row_encode(&row, &old), 0);
	row_init(&row, table);
	row_set_text(&row, PACKAGES_NAME, span_of("bash"));
	assert_int_equal(row_encode(&row, &w), 0);
	assert_true(span_equal(writer_span(&w), writer_span(&old)));
	row_set_text(&row, PACKAGES_MODULE, span_of("nodejs:18"));
	w = writer_over(big, sizeof big);
	assert_int_equal(row_encode(&row, &w), 0);
	assert_int_equal(row_decode(table, writer_span(&w), &back), 0);
	assert_true(span_is(back.values[PACKAGES_MODULE].text, "nodejs:18"));
	assert_int_equal(row_decode(&before, writer_span(&w), &back), 0); /* an older server */
	assert_true(span_is(back.values[PACKAGES_NAME].text, "bash"));
}

static void refuses_every_truncation(void **state)
{
	const struct table *table = schema_by_number(TABLE_USERS);
	struct row row;
	struct writer w = writer_over(big, sizeof big);

	(void)state;
	row_init(&row, table);
	row_set_text(&row, USERS_NAME, span_of("ada"));
	row_set_integer(&row, USERS_UID, 1000);
	assert_int_equal(row_encode(&row, &w), 0);
	for (size_t len = 0; len < writer_used(&w); len++) {
		assert_int_equal(row_decode(table, (struct span){ big, len }, &row), ERR_MALFORMED);
	}
}

static void a_type_that_the_schema_does_not_say_is_refused(void **state)
{
	const struct table *table = schema_by_number(TABLE_GROUPS);
	static const uint8_t number_for_text[] = { 0x81, 0x01 };
	static const uint8_t list_of_numbers[] = { 0x83, 0xf6, 0xf6, 0x81, 0x01 };
	struct row row;

	(void)state;
	assert_int_equal(row_decode(table, (struct span){ number_for_text, 2 }, &row),
			 ERR_MALFORMED);
	assert_int_equal(row_decode(table, (struct span){ list_of_numbers, 5 }, &row),
			 ERR_MALFORMED);
}

static void a_newer_sensors_columns_are_ignored_and_an_older_ones_are_null(void **state)
{
	const struct table *table = schema_by_number(TABLE_GROUPS);
	static const uint8_t newer[] = { 0x84, 0x61, 'a', 0x01, 0xf6, 0xa1, 0x01, 0x02 };
	static const uint8_t older[] = { 0x81, 0x61, 'a' };
	struct row row;

	(void)state;
	assert_int_equal(row_decode(table, (struct span){ newer, sizeof newer }, &row), 0);
	assert_int_equal(row.values[GROUPS_GID].number, 1);
	assert_int_equal(row_decode(table, (struct span){ older, sizeof older }, &row), 0);
	assert_int_equal(row.values[GROUPS_GID].kind, VALUE_NULL);
}

static void what_is_too_long_is_cut_until_the_row_fits(void **state)
{
	const struct table *table = schema_by_number(TABLE_GROUPS);
	static uint8_t longest[2 * ROW_TEXT_MAX];
	static struct span items[2 * ROW_LIST_MAX];
	static uint8_t out[2 * ROW_BYTES_MAX];
	struct writer w = writer_over(out, sizeof out);
	struct row row;

	(void)state;
	for (size_t i = 0; i < sizeof longest; i++) {
		longest[i] = 'x';
	}
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		items[i] = (struct span){ longest, sizeof longest };
	}
	row_init(&row, table);
	row_set_text(&row, GROUPS_NAME, (struct span){ longest, sizeof longest });
	row_set_list(&row, GROUPS_MEMBERS, items, COUNT_OF(items));
	assert_int_equal(row_encode(&row, &w), 0);
	assert_true(writer_used(&w) <= ROW_BYTES_MAX);
	assert_int_equal(row_decode(table, writer_span(&w), &row), 0);
	assert_true(row.values[GROUPS_MEMBERS].item_count > 0);
}

static void bytes_that_are_not_text_are_mended(void **state)
{
	const struct table *table = schema_by_number(TABLE_GROUPS);
	struct writer w = writer_over(big, sizeof big);
	struct row row;

	(void)state;
	row_init(&row, table);
	row_set_text(&row, GROUPS_NAME, span_of("a\xff"));
	assert_int_equal(row_encode(&row, &w), 0);
	assert_int_equal(row_decode(table, writer_span(&w), &row), 0);
	assert_true(span_is(row.values[GROUPS_NAME].text, "a\xef\xbf\xbd"));
}

static void keys_tell_rows_apart(void **state)
{
	const struct table *table = schema_by_number(TABLE_LISTENERS);
	uint8_t key[64];
	struct writer w = writer_over(key, sizeof key);
	struct row a;
	struct row b;

	(void)state;
	row_init(&a, table);
	row_set_text(&a, LISTENERS_PROTOCOL, span_of("tcp"));
	row_set_text(&a, LISTENERS_ADDRESS, span_of("::"));
	row_set_integer(&a, LISTENERS_PORT, 22);
	b = a;
	row_set_text(&b, LISTENERS_PROCESS, span_of("sshd"));
	assert_true(row_same_key(&a, &b));
	row_set_integer(&b, LISTENERS_PORT, 23);
	assert_false(row_same_key(&a, &b));
	row_write_key(&a, &w);
	assert_true(span_is(writer_span(&w), "tcp :: 22"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_comes_back_as_it_was),
		cmocka_unit_test(an_appended_column_that_is_null_leaves_a_row_as_it_was),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(a_type_that_the_schema_does_not_say_is_refused),
		cmocka_unit_test(a_newer_sensors_columns_are_ignored_and_an_older_ones_are_null),
		cmocka_unit_test(what_is_too_long_is_cut_until_the_row_fits),
		cmocka_unit_test(bytes_that_are_not_text_are_mended),
		cmocka_unit_test(keys_tell_rows_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
