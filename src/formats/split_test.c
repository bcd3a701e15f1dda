/* split_test.c - words and fields. */
#include "formats/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void takes_words_between_blanks(void **state)
{
	struct reader r = reader_over(span_of(" one\t two  "));
	struct span word;

	(void)state;
	assert_true(split_word(&r, &word));
	assert_true(span_is(word, "one"));
	assert_true(split_word(&r, &word));
	assert_true(span_is(word, "two"));
	assert_false(split_word(&r, &word));
	assert_true(reader_done(&r));
}

static void takes_exactly_as_many_fields_as_wanted(void **state)
{
	struct span fields[3];

	(void)state;
	assert_true(split_fields(span_of("a::c"), ':', fields, 3));
	assert_true(span_is(fields[0], "a"));
	assert_true(span_is(fields[1], ""));
	assert_true(span_is(fields[2], "c"));
	assert_false(split_fields(span_of("a:b"), ':', fields, 3));
	assert_false(split_fields(span_of("a:b:c:d"), ':', fields, 3));
	assert_false(split_fields(span_of(""), ':', fields, 3));
}

static void knows_blank_lines(void **state)
{
	(void)state;
	assert_true(split_is_blank(span_of("")));
	assert_true(split_is_blank(span_of(" \t\r")));
	assert_false(split_is_blank(span_of(" x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_words_between_blanks),
		cmocka_unit_test(takes_exactly_as_many_fields_as_wanted),
		cmocka_unit_test(knows_blank_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
