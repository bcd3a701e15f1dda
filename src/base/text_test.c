/* text_test.c - conversions accept exactly what they say. */
#include "base/text.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void refuses_numbers_that_are_not_whole(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "1x", "0x10" };
	uint64_t value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(text_to_u64(span_of(bad[i]), UINT64_MAX, &value), ERR_MALFORMED);
	}
	assert_true(value == 77);
	assert_int_equal(text_to_u64(span_of("18446744073709551616"), UINT64_MAX, &value),
			 ERR_LIMIT);
	assert_int_equal(text_to_u64(span_of("65536"), 65535, &value), ERR_LIMIT);
	assert_int_equal(text_to_u64(span_of("18446744073709551615"), UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
}

static void reads_the_smallest_signed_number(void **state)
{
	int64_t value;

	(void)state;
	assert_int_equal(text_to_i64(span_of("-9223372036854775808"), &value), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(text_to_i64(span_of("9223372036854775808"), &value), ERR_LIMIT);
	assert_int_equal(text_to_i64(span_of("-"), &value), ERR_MALFORMED);
}

static void hexadecimal_goes_both_ways(void **state)
{
	uint8_t bytes[3];
	char hex[7];

	(void)state;
	assert_int_equal(text_from_hex(span_of("00aBff"), bytes, 3), 0);
	text_to_hex((struct span){ bytes, 3 }, hex);
	assert_string_equal(hex, "00abff");
	assert_int_equal(text_from_hex(span_of("00abf"), bytes, 3), ERR_MALFORMED);
	assert_int_equal(text_from_hex(span_of("00abfg"), bytes, 3), ERR_MALFORMED);
}

/* Both look at eight bytes at a time: every place in and behind them counts. */
static void a_byte_is_found_at_every_place(void **state)
{
	uint8_t bytes[40];

	(void)state;
	for (size_t len = 0; len <= sizeof bytes; len++) {
		memset(bytes, 'a', sizeof bytes);
		assert_int_equal(text_plain_length((struct span){ bytes, len }), len);
		assert_int_equal(span_find((struct span){ bytes, len }, 0xb1), len);
		for (size_t i = 0; i < len; i++) {
			static const uint8_t odd[] = { 0, 0x80, 0xff, 0xb1 };

			for (size_t k = 0; k < sizeof odd; k++) {
				bytes[i] = odd[k];
				assert_int_equal(text_plain_length((struct span){ bytes, len }), i);
				assert_int_equal(span_find((struct span){ bytes, len }, odd[k]), i);
			}
			bytes[i] = 1;
			assert_int_equal(text_plain_length((struct span){ bytes, len }), len);
			assert_int_equal(span_find((struct span){ bytes, len }, 0), len);
		}
	}
}

static void knows_well_formed_utf8(void **state)
{
	(void)state;
	assert_true(text_is_utf8(span_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")));
	assert_false(text_is_utf8(span_of("\xc0\x80")));         /* overlong */
	assert_false(text_is_utf8(span_of("\xed\xa0\x80")));     /* surrogate */
	assert_false(text_is_utf8(span_of("\xf4\x90\x80\x80"))); /* past U+10FFFF */
	assert_false(text_is_utf8(span_of("\xe2\x82")));
}

static void mends_and_cuts_between_characters(void **state)
{
	uint8_t buffer[32];
	struct writer w = writer_over(buffer, sizeof buffer);

	(void)state;
	text_write_utf8(&w, span_of("a\xff\xe2\x82\xac"), 6);
	assert_true(span_is(writer_span(&w), "a\xef\xbf\xbd"));
}

static void a_terminal_obeys_nothing(void **state)
{
	uint8_t buffer[64];
	struct writer w = writer_over(buffer, sizeof buffer);

	(void)state;
	text_write_escaped(&w, span_of("\x1b[31m\xc2\x9b!\xff\xc3\xa9"));
	assert_true(span_is(writer_span(&w), "\\x1b[31m\\xc2\\x9b!\\xff\xc3\xa9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_numbers_that_are_not_whole),
		cmocka_unit_test(reads_the_smallest_signed_number),
		cmocka_unit_test(hexadecimal_goes_both_ways),
		cmocka_unit_test(a_byte_is_found_at_every_place),
		cmocka_unit_test(knows_well_formed_utf8),
		cmocka_unit_test(mends_and_cuts_between_characters),
		cmocka_unit_test(a_terminal_obeys_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
