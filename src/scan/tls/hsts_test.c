/* hsts_test.c - the header in its many spellings. */
#include "scan/tls/hsts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct tls_http parse(const char *head)
{
	struct tls_http http = { 0 };

	hsts_parse(span_of(head), &http);
	return http;
}

static void directives_come_in_any_order_and_case(void **state)
{
	struct tls_http http =
		parse("HTTP/1.1 301 Moved\r\nServer: x\r\nstrict-transport-security: "
		      "PRELOAD; Max-Age=\"31536000\" ;includesubdomains\r\n\r\n");
	(void)state;

	assert_int_equal(http.answered, TLS_YES);
	assert_int_equal(http.status, 301);
	assert_int_equal(http.hsts, TLS_YES);
	assert_int_equal(http.max_age_s, 31536000);
	assert_true(http.includes_subdomains && http.is_preload);
	assert_string_equal(http.server, "x");
}

static void none_and_zero_are_no(void **state)
{
	(void)state;

	assert_int_equal(parse("HTTP/1.1 200 OK\r\n\r\n").hsts, TLS_NO);
	assert_int_equal(
		parse("HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=0\r\n\r\n").hsts,
		TLS_NO);
	assert_int_equal(
		parse("HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=soon\r\n\r\n").hsts,
		TLS_NO);
}

static void only_the_first_header_counts(void **state)
{
	struct tls_http http = parse("HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=5\r\n"
				     "Strict-Transport-Security: max-age=9\r\n\r\n");
	(void)state;

	assert_int_equal(http.max_age_s, 5);
}

static void what_is_no_http_says_nothing(void **state)
{
	(void)state;

	assert_int_equal(parse("220 mail ESMTP\r\n\r\n").answered, TLS_NO);
	assert_int_equal(parse("220 mail ESMTP\r\n\r\n").hsts, TLS_UNKNOWN);
	assert_int_equal(parse("").answered, TLS_UNKNOWN);
	assert_false(hsts_is_whole(span_of("HTTP/1.1 200 OK\r\n\r")));
	assert_true(hsts_is_whole(span_of("HTTP/1.1 200 OK\r\n\r\nbody")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directives_come_in_any_order_and_case),
		cmocka_unit_test(none_and_zero_are_no),
		cmocka_unit_test(only_the_first_header_counts),
		cmocka_unit_test(what_is_no_http_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
