/* writer_test.c - a writer never writes past its buffer. */
#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void writes_numbers_in_both_orders(void **state)
{
	uint8_t buffer[14];
	struct writer w = writer_over(buffer, sizeof buffer);
	static const uint8_t wanted[] = { 1, 0, 2, 4, 3, 2, 1, 0, 0, 0, 0, '4', '0', 0 };

	(void)state;
	writer_u8(&w, 1);
	writer_be16(&w, 2);
	writer_le32(&w, 0x01020304);
	writer_be32(&w, 0);
	writer_decimal(&w, 40);
	assert_true(writer_ok(&w));
	assert_int_equal(writer_left(&w), 1);
	assert_memory_equal(buffer, wanted, 13);
}

static void stays_failed_and_keeps_what_was_written(void **state)
{
	uint8_t buffer[4] = { 9, 9, 9, 9 };
	struct writer w = writer_over(buffer, 3);

	(void)state;
	writer_u8(&w, 1);
	writer_be32(&w, 7);
	writer_u8(&w, 2);
	assert_false(writer_ok(&w));
	assert_int_equal(writer_used(&w), 1);
	assert_int_equal(buffer[1], 9);
	assert_int_equal(buffer[3], 9);
}

static void rewinding_heals(void **state)
{
	uint8_t buffer[4];
	struct writer w = writer_over(buffer, sizeof buffer);

	(void)state;
	writer_u8(&w, 1);
	writer_be64(&w, 7);
	writer_rewind(&w, 1);
	assert_true(writer_ok(&w));
	writer_u8(&w, 5);
	assert_int_equal(writer_span(&w).len, 2);
	assert_int_equal(buffer[1], 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_numbers_in_both_orders),
		cmocka_unit_test(stays_failed_and_keeps_what_was_written),
		cmocka_unit_test(rewinding_heals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
