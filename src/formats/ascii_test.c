/* ascii_test.c - case of ASCII, and of nothing else. */
#include "formats/ascii.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void ignores_the_case_of_letters_only(void **state)
{
	(void)state;
	assert_true(ascii_same(span_of("Content-LENGTH"), "content-Length"));
	assert_true(ascii_same(span_of(""), ""));
	assert_false(ascii_same(span_of("ab"), "abc"));
	assert_false(ascii_same(span_of("[z"), "{z"));
	assert_false(ascii_same(span_of("\xc3\x84"), "\xc3\xa4")); /* umlauts are not ASCII */
	assert_int_equal(ascii_lower('Z'), 'z');
	assert_int_equal(ascii_lower('@'), '@');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ignores_the_case_of_letters_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
