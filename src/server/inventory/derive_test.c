/* derive_test.c - derived tables: exactly what was said, in the same transaction, in the history.
 */
#include "server/inventory/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/inventory/fixture.h"

static uint32_t finding(struct fixture *f, const char *id, const char *package)
{
	struct row row;
	struct why why;
	uint32_t number;

	row_init(&row, schema_by_number(TABLE_VULNERABILITIES));
	row_set_text(&row, VULNERABILITIES_ID, span_of(id));
	row_set_text(&row, VULNERABILITIES_PACKAGE, span_of(package));
	assert_int_equal(inventory_derived_row(f->inv, &row, &number, &why), 0);
	return number;
}

static struct inventory_result derive(struct fixture *f, uint32_t asset, const uint32_t *rows,
				      size_t count)
{
	struct inventory_result result;
	struct why why;

	assert_int_equal(inventory_derive(f->inv, asset, TABLE_VULNERABILITIES, rows, count, 100,
					  &result, &why),
			 0);
	return result;
}

struct listing {
	uint32_t rows[16];
	size_t count;
};

static void list_row(void *context, uint32_t row)
{
	struct listing *l = context;

	l->rows[l->count++] = row;
}

static struct listing held(struct fixture *f, uint32_t asset, uint16_t table)
{
	struct listing l = { .count = 0 };

	inventory_each_held(f->inv, asset, table, list_row, &l);
	return l;
}

static void a_row_is_stored_once_and_read_as_it_was_written(void **state)
{
	struct fixture f;
	struct row row;
	struct why why;
	uint32_t first;

	(void)state;
	fixture_open(&f);
	first = finding(&f, "CVE-1", "bash");
	assert_int_equal(finding(&f, "CVE-2", "bash"), first + 1);
	assert_int_equal(finding(&f, "CVE-1", "bash"), first);
	assert_int_equal(inventory_row(f.inv, TABLE_VULNERABILITIES, first + 1, &row, &why), 0);
	assert_true(span_is(row.values[VULNERABILITIES_ID].text, "CVE-2"));
	assert_int_equal(row.values[VULNERABILITIES_STATUS].kind, VALUE_NULL);
	assert_int_equal(inventory_row(f.inv, TABLE_VULNERABILITIES, 2, &row, &why), ERR_NOT_FOUND);
	fixture_close(&f);
}

static void only_the_difference_becomes_a_change(void **state)
{
	struct fixture f;
	uint32_t rows[3];
	struct inventory_result result;
	struct listing l;
	struct why why;
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	asset = fixture_asset(&f, 1, 10);
	for (size_t i = 0; i < 3; i++) {
		rows[i] = finding(&f, (const char *[]){ "CVE-1", "CVE-2", "CVE-3" }[i], "bash");
	}
	result = derive(&f, asset, rows, 2);
	assert_int_equal(result.added, 2);
	assert_int_not_equal(result.change_no, 0);
	result = derive(&f, asset, rows, 2);
	assert_int_equal(result.change_no, 0);
	result = derive(&f, asset, rows + 1, 2);
	assert_int_equal(result.added, 1);
	assert_int_equal(result.removed, 1);
	assert_int_equal(inventory_commit(f.inv, &why), 0);
	fixture_crash(&f);
	l = held(&f, asset, TABLE_VULNERABILITIES);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.rows[0], rows[1]);
	assert_int_equal(inventory_verify(f.inv, &why), 0);
	fixture_close(&f);
}

static void rows_that_do_not_rise_are_refused(void **state)
{
	struct fixture f;
	uint32_t rows[2];
	struct inventory_result result;
	struct why why;
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	asset = fixture_asset(&f, 1, 10);
	rows[0] = rows[1] = finding(&f, "CVE-1", "bash");
	assert_int_equal(
		inventory_derive(f.inv, asset, TABLE_VULNERABILITIES, rows, 2, 1, &result, &why),
		ERR_CONFLICT);
	fixture_close(&f);
}

static void a_sensor_may_not_send_a_derived_table_nor_is_told_of_one(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct row row;
	struct message_batch batch;
	struct message_welcome welcome;
	uint32_t number;
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	asset = fixture_asset(&f, 1, 10);
	fixture_rows_init(&rows);
	row_init(&row, schema_by_number(TABLE_VULNERABILITIES));
	row_set_text(&row, VULNERABILITIES_ID, span_of("CVE-1"));
	fixture_add(&rows, &row);
	batch = fixture_delta(TABLE_VULNERABILITIES, 1, NULL, &rows);
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).refuse_code, REFUSE_TABLE);
	number = finding(&f, "CVE-1", "bash");
	derive(&f, asset, &number, 1);
	inventory_welcome(f.inv, asset, &welcome);
	assert_int_equal(welcome.table_count, 0);
	fixture_rows_done(&rows);
	fixture_close(&f);
}

static void which_knowledge_was_followed_survives_a_crash(void **state)
{
	struct fixture f;
	struct why why;

	(void)state;
	fixture_open(&f);
	assert_int_equal(inventory_judged(f.inv), 0);
	assert_int_equal(inventory_begin(f.inv, &why), 0);
	inventory_set_judged(f.inv, 7);
	assert_int_equal(inventory_commit(f.inv, &why), 0);
	fixture_crash(&f);
	assert_int_equal(inventory_judged(f.inv), 7);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_stored_once_and_read_as_it_was_written),
		cmocka_unit_test(only_the_difference_becomes_a_change),
		cmocka_unit_test(rows_that_do_not_rise_are_refused),
		cmocka_unit_test(a_sensor_may_not_send_a_derived_table_nor_is_told_of_one),
		cmocka_unit_test(which_knowledge_was_followed_survives_a_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
