/* reader_test.c - a reader never reads what is not there. */
#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const uint8_t eight[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void reads_numbers_in_both_orders(void **state)
{
	struct reader r = reader_over((struct span){ eight, sizeof eight });

	(void)state;
	assert_int_equal(reader_be16(&r), 0x0102);
	assert_int_equal(reader_le16(&r), 0x0403);
	assert_int_equal(reader_be32(&r), 0x05060708);
	assert_true(reader_done(&r));
	r = reader_over((struct span){ eight, sizeof eight });
	assert_true(reader_le64(&r) == 0x0807060504030201);
	r = reader_over((struct span){ eight, sizeof eight });
	assert_true(reader_be64(&r) == 0x0102030405060708);
}

static void stays_failed_after_reading_past_the_end(void **state)
{
	struct reader r = reader_over((struct span){ eight, 3 });

	(void)state;
	assert_int_equal(reader_be32(&r), 0);
	assert_false(reader_ok(&r));
	assert_int_equal(reader_u8(&r), 0);
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(reader_bytes(&r, 0).len, 0);
	assert_false(reader_ok(&r));
	assert_false(reader_done(&r));
}

static void gives_an_empty_span_where_fewer_remain(void **state)
{
	struct reader r = reader_over((struct span){ eight, sizeof eight });

	(void)state;
	assert_int_equal(reader_bytes(&r, SIZE_MAX).len, 0);
	assert_false(reader_ok(&r));
}

static void splits_lines_with_and_without_carriage_returns(void **state)
{
	struct reader r = reader_over(span_of("one\r\ntwo\n\nlast"));

	(void)state;
	assert_true(span_is(reader_line(&r), "one"));
	assert_true(span_is(reader_line(&r), "two"));
	assert_true(span_is(reader_line(&r), ""));
	assert_true(span_is(reader_line(&r), "last"));
	assert_true(reader_done(&r));
	assert_int_equal(reader_line(&r).len, 0);
	assert_true(reader_ok(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers_in_both_orders),
		cmocka_unit_test(stays_failed_after_reading_past_the_end),
		cmocka_unit_test(gives_an_empty_span_where_fewer_remain),
		cmocka_unit_test(splits_lines_with_and_without_carriage_returns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
