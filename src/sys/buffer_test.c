/* buffer_test.c - a buffer keeps its bytes in order and its maximum. */
#include "sys/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/error.h"

static void refuses_whole_what_would_pass_the_maximum(void **state)
{
	OWNED(buffer_done) struct buffer b;

	(void)state;
	buffer_init(&b, 5);
	assert_int_equal(buffer_append(&b, span_of("abc")), 0);
	assert_int_equal(buffer_append(&b, span_of("def")), ERR_FULL);
	assert_true(span_is(buffer_span(&b), "abc"));
	assert_null(buffer_reserve(&b, 3));
	assert_null(buffer_reserve(&b, SIZE_MAX));
	assert_int_equal(buffer_append(&b, span_of("de")), 0);
	assert_true(span_is(buffer_span(&b), "abcde"));
	buffer_consume(&b, 2);
	assert_int_equal(buffer_append(&b, span_of("fg")), 0);
	assert_true(span_is(buffer_span(&b), "cdefg"));
}

static void keeps_order_through_many_appends_and_consumptions(void **state)
{
	OWNED(buffer_done) struct buffer b;
	unsigned in = 0;
	unsigned out = 0;

	(void)state;
	buffer_init(&b, 1000);
	for (unsigned round = 0; round < 20000; round++) {
		size_t len = (round * 7919u) % 301;
		uint8_t *at = buffer_reserve(&b, len);
		size_t taken;

		if (at != NULL) {
			for (size_t i = 0; i < len; i++) {
				at[i] = (uint8_t)in++;
			}
			buffer_grow(&b, len);
		}
		taken = (round * 104729u) % (b.len + 1);
		for (size_t i = 0; i < taken; i++) {
			assert_int_equal(buffer_span(&b).ptr[i], (uint8_t)out);
			out++;
		}
		buffer_consume(&b, taken);
		assert_int_equal(b.len, in - out);
		assert_true(b.capacity <= 1250);
	}
}

static void gives_memory_back_only_where_it_is_empty(void **state)
{
	OWNED(buffer_done) struct buffer b;

	(void)state;
	buffer_init(&b, SIZE_MAX);
	assert_null(b.bytes);
	assert_int_equal(buffer_append(&b, span_of("x")), 0);
	buffer_trim(&b);
	assert_true(span_is(buffer_span(&b), "x"));
	buffer_clear(&b);
	buffer_trim(&b);
	assert_null(b.bytes);
	assert_int_equal(buffer_append(&b, span_of("y")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_whole_what_would_pass_the_maximum),
		cmocka_unit_test(keeps_order_through_many_appends_and_consumptions),
		cmocka_unit_test(gives_memory_back_only_where_it_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
