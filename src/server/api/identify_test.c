/* identify_test.c - what counts as a token, and as one's own pages. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "server/api/identify.h"

static void takes_the_token_of_a_bearer_header(void **state)
{
	(void)state;
	assert_true(span_is(identify_bearer("Bearer btz_abc"), "btz_abc"));
	assert_true(span_is(identify_bearer("bearer  btz_abc "), "btz_abc"));
	assert_int_equal(identify_bearer("Basic YTpi").len, 0);
	assert_int_equal(identify_bearer("Bearer").len, 0);
	assert_int_equal(identify_bearer("Bearer ").len, 0);
	assert_int_equal(identify_bearer("").len, 0);
}

static void the_origin_must_be_the_host_that_was_asked(void **state)
{
	(void)state;
	assert_true(identify_is_same_origin("https://127.0.0.1:7444", "127.0.0.1:7444"));
	assert_true(identify_is_same_origin("https://Console.Example", "console.example"));
	assert_false(identify_is_same_origin("http://127.0.0.1:7444", "127.0.0.1:7444"));
	assert_false(identify_is_same_origin("https://127.0.0.1:7445", "127.0.0.1:7444"));
	assert_false(identify_is_same_origin("https://evil.example", "127.0.0.1:7444"));
	assert_false(
		identify_is_same_origin("https://127.0.0.1:7444.evil.example", "127.0.0.1:7444"));
	assert_false(identify_is_same_origin("https://", ""));
	assert_false(identify_is_same_origin("null", "127.0.0.1:7444"));
	assert_false(identify_is_same_origin(NULL, "127.0.0.1:7444"));
	assert_false(identify_is_same_origin("https://127.0.0.1:7444", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_token_of_a_bearer_header),
		cmocka_unit_test(the_origin_must_be_the_host_that_was_asked),
	};

	return cmocka_run_group_tests_name("identify", tests, NULL, NULL);
}
