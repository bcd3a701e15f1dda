/* schema_test.c - the vocabulary keeps its own rules. */
#include "schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void numbers_rise_and_names_are_found(void **state)
{
	uint16_t last = 0;

	(void)state;
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		const struct table *table = schema_tables[i];

		assert_true(table->number > last);
		assert_true(table->number < SCHEMA_TABLES_MAX);
		last = table->number;
		assert_ptr_equal(schema_find(span_of(table->name)), table);
		assert_ptr_equal(schema_by_number(table->number), table);
	}
	assert_null(schema_find(span_of("package")));
	assert_null(schema_by_number(0));
}

static void every_column_is_named_once_and_explained(void **state)
{
	(void)state;
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		const struct table *table = schema_tables[i];

		assert_in_range(table->column_count, 1, SCHEMA_COLUMNS_MAX);
		for (size_t c = 0; c < table->column_count; c++) {
			assert_non_null(table->columns[c].name);
			assert_non_null(table->columns[c].meaning);
			assert_int_equal(schema_column(table, span_of(table->columns[c].name)), c);
		}
	}
}

/* These name columns of the SQL views themselves. */
static void no_column_hides_one_that_every_view_has(void **state)
{
	(void)state;
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		assert_int_equal(schema_column(schema_tables[i], span_of("asset")), -1);
		assert_int_equal(schema_column(schema_tables[i], span_of("at")), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_rise_and_names_are_found),
		cmocka_unit_test(every_column_is_named_once_and_explained),
		cmocka_unit_test(no_column_hides_one_that_every_view_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
