/* emit_test.c - JSON that every reader accepts, whatever goes in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

#include "server/api/emit.h"

static struct buffer out;

static int set_up(void **state)
{
	(void)state;
	buffer_init(&out, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buffer_done(&out);
	return 0;
}

static void assert_written(const char *expected)
{
	struct span written = buffer_span(&out);

	if (!span_is(written, expected)) {
		print_message("written: %.*s\n", (int)written.len, (const char *)written.ptr);
	}
	assert_true(span_is(written, expected));
}

static void puts_commas_between_items_and_nowhere_else(void **state)
{
	struct emit j = emit_over(&out);

	(void)state;
	emit_object(&j);
	emit_key(&j, "a");
	emit_array(&j);
	emit_array_end(&j);
	emit_key(&j, "b");
	emit_array(&j);
	emit_integer(&j, 1);
	emit_object(&j);
	emit_object_end(&j);
	emit_null(&j);
	emit_array_end(&j);
	emit_key(&j, "c");
	emit_boolean(&j, true);
	emit_object_end(&j);
	assert_true(emit_ok(&j));
	assert_written("{\"a\":[],\"b\":[1,{},null],\"c\":true}");
}

static void escapes_what_may_not_stand_in_a_string(void **state)
{
	struct emit j = emit_over(&out);

	(void)state;
	emit_text(&j, "a\"b\\c\n\t\r\b\f\x01\x1f/\x7f");
	assert_written("\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f/\x7f\"");
}

static void writes_nul_within_a_span(void **state)
{
	static const uint8_t bytes[] = { 'a', 0, 'b' };
	struct emit j = emit_over(&out);

	(void)state;
	emit_span(&j, (struct span){ bytes, sizeof bytes });
	assert_written("\"a\\u0000b\"");
}

static void keeps_good_utf8_and_mends_bad(void **state)
{
	struct emit j = emit_over(&out);

	(void)state;
	emit_array(&j);
	emit_text(&j, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8f\xb0");
	emit_text(&j, "x\xff\xc3y\xed\xa0\x80z");
	emit_array_end(&j);
	assert_written("[\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x8f\xb0\",\"x\xef\xbf\xbd\xef\xbf\xbdy"
		       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"]");
}

static void writes_numbers_in_full(void **state)
{
	struct emit j = emit_over(&out);

	(void)state;
	emit_array(&j);
	emit_integer(&j, INT64_MIN);
	emit_integer(&j, INT64_MAX);
	emit_real(&j, 0.1);
	emit_real(&j, 1.0 / 3.0);
	emit_real(&j, NAN);
	emit_real(&j, -INFINITY);
	emit_array_end(&j);
	assert_written(
		"[-9223372036854775808,9223372036854775807,0.1,0.33333333333333331,null,null]");
}

static void writes_times_and_bytes_as_text(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0xff };
	struct emit j = emit_over(&out);

	(void)state;
	emit_array(&j);
	emit_time(&j, 1763726400123);
	emit_hex(&j, (struct span){ bytes, sizeof bytes });
	emit_text(&j, NULL);
	emit_array_end(&j);
	assert_written("[\"2025-11-21T12:00:00.123Z\",\"00ff\",null]");
}

static void fails_for_good_where_the_buffer_is_full(void **state)
{
	struct buffer small;
	struct emit j;

	(void)state;
	buffer_init(&small, 8);
	j = emit_over(&small);
	emit_array(&j);
	emit_text(&j, "far too long for it");
	emit_array_end(&j);
	assert_false(emit_ok(&j));
	buffer_done(&small);
}

static void is_not_done_while_something_is_open(void **state)
{
	struct emit j = emit_over(&out);

	(void)state;
	emit_object(&j);
	assert_false(emit_ok(&j));
	emit_object_end(&j);
	assert_true(emit_ok(&j));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(puts_commas_between_items_and_nowhere_else),
		TEST(escapes_what_may_not_stand_in_a_string),
		TEST(writes_nul_within_a_span),
		TEST(keeps_good_utf8_and_mends_bad),
		TEST(writes_numbers_in_full),
		TEST(writes_times_and_bytes_as_text),
		TEST(fails_for_good_where_the_buffer_is_full),
		TEST(is_not_done_while_something_is_open),
	};

	return cmocka_run_group_tests_name("emit", tests, NULL, NULL);
}
