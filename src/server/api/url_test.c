/* url_test.c - targets as browsers, programs and strangers send them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "server/api/url.h"

static void splits_path_and_query(void **state)
{
	struct url url;

	(void)state;
	assert_int_equal(url_parse(span_of("/a/b?x=1&y=2?3"), &url), 0);
	assert_true(span_is(url.path, "/a/b"));
	assert_true(span_is(url.query, "x=1&y=2?3"));
	assert_int_equal(url_parse(span_of("/"), &url), 0);
	assert_true(span_is(url.path, "/"));
	assert_int_equal(url.query.len, 0);
}

static void refuses_targets_that_do_not_begin_with_a_slash(void **state)
{
	struct url url;

	(void)state;
	assert_int_equal(url_parse(span_of(""), &url), ERR_MALFORMED);
	assert_int_equal(url_parse(span_of("*"), &url), ERR_MALFORMED);
	assert_int_equal(url_parse(span_of("http://x/"), &url), ERR_MALFORMED);
	assert_int_equal(url_parse(span_of("?a=/"), &url), ERR_MALFORMED);
}

static void refuses_too_long_targets_and_too_many_parameters(void **state)
{
	static char target[URL_TARGET_MAX + 2];
	char many[2 + 2 * (URL_PARAMS_MAX + 1) + 1] = "/?";
	struct url url;

	(void)state;
	memset(target, 'a', sizeof target - 1);
	target[0] = '/';
	assert_int_equal(url_parse(span_of(target), &url), ERR_LIMIT);
	for (size_t i = 0; i < URL_PARAMS_MAX + 1; i++) {
		many[2 + 2 * i] = 'a';
		many[3 + 2 * i] = '&';
	}
	assert_int_equal(url_parse(span_of(many), &url), ERR_LIMIT);
}

static void decodes_percent_and_plus(void **state)
{
	char out[32];

	(void)state;
	assert_int_equal(url_decode(span_of("a%20b+c%2Bd%C3%BC"), true, out, sizeof out), 0);
	assert_string_equal(out, "a b c+d\xc3\xbc");
	assert_int_equal(url_decode(span_of("a+b"), false, out, sizeof out), 0);
	assert_string_equal(out, "a+b");
}

static void refuses_what_cannot_be_decoded(void **state)
{
	static const char *const bad[] = { "%",   "%4",  "%zz", "a%0", "%00",
					   "%0a", "%7f", "%ff", "%c3", "%ed%a0%80" };
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(url_decode(span_of(bad[i]), true, out, sizeof out), ERR_MALFORMED);
	}
}

static void writes_nothing_where_it_does_not_fit(void **state)
{
	char out[4] = "old";

	(void)state;
	assert_int_equal(url_decode(span_of("abcd"), true, out, sizeof out), ERR_LIMIT);
	assert_string_equal(out, "old");
	assert_int_equal(url_decode(span_of("abc"), true, out, sizeof out), 0);
	assert_string_equal(out, "abc");
}

static void finds_a_parameter_that_is_there_once(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(url_param(span_of("a=1&b=x%20y&c"), "b", out, sizeof out), 0);
	assert_string_equal(out, "x y");
	assert_int_equal(url_param(span_of("a=1&b=2&c"), "c", out, sizeof out), 0);
	assert_string_equal(out, "");
	assert_int_equal(url_param(span_of("a=1"), "b", out, sizeof out), ERR_NOT_FOUND);
	assert_int_equal(url_param(span_of("a=1&&a=2"), "a", out, sizeof out), ERR_CONFLICT);
}

static void walks_empty_segments_too(void **state)
{
	struct span rest = span_of("/a//b/");
	struct span segment;

	(void)state;
	assert_true(url_next_segment(&rest, &segment) && span_is(segment, "a"));
	assert_true(url_next_segment(&rest, &segment) && segment.len == 0);
	assert_true(url_next_segment(&rest, &segment) && span_is(segment, "b"));
	assert_true(url_next_segment(&rest, &segment) && segment.len == 0);
	assert_false(url_next_segment(&rest, &segment));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_path_and_query),
		cmocka_unit_test(refuses_targets_that_do_not_begin_with_a_slash),
		cmocka_unit_test(refuses_too_long_targets_and_too_many_parameters),
		cmocka_unit_test(decodes_percent_and_plus),
		cmocka_unit_test(refuses_what_cannot_be_decoded),
		cmocka_unit_test(writes_nothing_where_it_does_not_fit),
		cmocka_unit_test(finds_a_parameter_that_is_there_once),
		cmocka_unit_test(walks_empty_segments_too),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
