/* known_keys_test.c - lists of keys, good and broken. */
#include "scan/tls/known_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/error.h"

/* SHA-256 of "abc" and of the empty text */
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void finds_what_is_listed(void **state)
{
	struct known_keys *keys = NULL;

	(void)state;
	assert_int_equal(known_keys_parse(span_of("# list\n\n" ABC " leaked 2008\n" EMPTY "\n"),
					  &keys, NULL),
			 0);
	assert_true(known_keys_have(keys, span_of("abc")));
	assert_true(known_keys_have(keys, span_of("")));
	assert_false(known_keys_have(keys, span_of("abd")));
	known_keys_free(&keys);
	assert_null(keys);
}

static void an_empty_list_has_nothing(void **state)
{
	struct known_keys *keys = NULL;

	(void)state;
	assert_false(known_keys_have(NULL, span_of("abc")));
	assert_int_equal(known_keys_parse(span_of(""), &keys, NULL), 0);
	assert_false(known_keys_have(keys, span_of("abc")));
	known_keys_free(&keys);
}

static void says_which_line_is_broken(void **state)
{
	struct known_keys *keys = NULL;
	struct why why;

	(void)state;
	assert_int_equal(known_keys_parse(span_of(ABC "\nabc\n"), &keys, &why), ERR_MALFORMED);
	assert_string_equal(why.text, "line 2 does not begin with 64 digits");
	assert_null(keys);
	assert_int_equal(known_keys_parse(span_of(ABC "00\n"), &keys, &why), ERR_MALFORMED);
	assert_int_equal(known_keys_read("/nonexistent/list", &keys, &why), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_listed),
		cmocka_unit_test(an_empty_list_has_nothing),
		cmocka_unit_test(says_which_line_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
