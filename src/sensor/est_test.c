/* est_test.c - what goes to the server, and every answer it may give. */
#include "sensor/est.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/pki.h"

#define BYTES_MAX 65536

static void asks_with_the_token_as_password(void **state)
{
	struct buffer out;
	struct why why;
	char *text;

	(void)state;
	buffer_init(&out, BYTES_MAX);
	assert_int_equal(
		est_request(EST_ENROL, "host.example", "secret", span_of("request"), &out, &why),
		0);
	text = alloc_span(buffer_span(&out));
	assert_string_equal(text, "POST /.well-known/est/simpleenroll HTTP/1.1\r\n"
				  "Host: host.example\r\n"
				  "Content-Type: application/pkcs10\r\n"
				  "Content-Transfer-Encoding: base64\r\n"
				  "Content-Length: 12\r\n"
				  "Connection: close\r\n"
				  "Authorization: Basic ZW5yb2xsOnNlY3JldA==\r\n"
				  "\r\n"
				  "cmVxdWVzdA==");
	alloc_free(&text);
	buffer_done(&out);
}

static void asks_without_a_token_where_the_certificate_speaks(void **state)
{
	struct buffer out;
	struct why why;
	char *text;

	(void)state;
	buffer_init(&out, BYTES_MAX);
	assert_int_equal(est_request(EST_RENEW, "h", NULL, span_of("x"), &out, &why), 0);
	text = alloc_span(buffer_span(&out));
	assert_non_null(strstr(text, "/simplereenroll "));
	assert_null(strstr(text, "Authorization"));
	alloc_free(&text);
	buffer_clear(&out);
	assert_int_equal(est_request(EST_CLONE, "h", NULL, span_of("x"), &out, &why), 0);
	text = alloc_span(buffer_span(&out));
	assert_non_null(strstr(text, "/simpleenroll "));
	assert_null(strstr(text, "Authorization"));
	alloc_free(&text);
	buffer_done(&out);
}

static int answer(const char *text, bool is_end, struct why *why)
{
	struct buffer der;
	int error;

	buffer_init(&der, BYTES_MAX);
	error = est_answer(span_of(text), is_end, &der, why);
	buffer_done(&der);
	return error;
}

static void an_answer_is_awaited_until_it_is_whole(void **state)
{
	static const char whole[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno!!";
	struct why why;

	(void)state;
	for (size_t len = 0; len < sizeof whole - 1; len++) {
		char part[sizeof whole];

		snprintf(part, sizeof part, "%.*s", (int)len, whole);
		assert_int_equal(answer(part, false, &why), ERR_AGAIN);
	}
	assert_int_equal(answer(whole, false, &why), ERR_DENIED);
	assert_string_equal(why.text, "status 401: no!!");
	assert_int_equal(answer("", true, &why), ERR_CLOSED);
}

static void tells_what_a_person_must_mend_from_what_will_pass(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(answer("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", false, &why),
			 ERR_DENIED);
	assert_int_equal(answer("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", false, &why),
			 ERR_TIMEOUT);
	assert_int_equal(answer("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", false, &why),
			 ERR_TIMEOUT);
	assert_int_equal(answer("HTTP/1.1 202 Later\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
				false, &why),
			 ERR_TIMEOUT);
}

static void refuses_nonsense(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(answer("SSH-2.0-OpenSSH_9.2\r\n\r\n", false, &why), ERR_MALFORMED);
	assert_int_equal(answer("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", false, &why),
			 ERR_LIMIT);
	assert_int_not_equal(
		answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nAAAA", false, &why), 0);
	assert_int_not_equal(answer("HTTP/1.1 200 OK\r\n\r\n", true, &why), 0);
}

static void foreign_words_are_shown_escaped(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(answer("HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\n\033[2J", false, &why),
			 ERR_DENIED);
	assert_string_equal(why.text, "status 401: \\x1b[2J");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_with_the_token_as_password),
		cmocka_unit_test(asks_without_a_token_where_the_certificate_speaks),
		cmocka_unit_test(an_answer_is_awaited_until_it_is_whole),
		cmocka_unit_test(tells_what_a_person_must_mend_from_what_will_pass),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(foreign_words_are_shown_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
