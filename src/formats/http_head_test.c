/* http_head_test.c - heads that are taken, and those that two programs could read differently. */
#include "formats/http_head.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int request(const char *text)
{
	struct http_head head;

	return http_head_parse_request(span_of(text), &head);
}

static int response(const char *text)
{
	struct http_head head;

	return http_head_parse_response(span_of(text), &head);
}

static void reads_a_request(void **state)
{
	struct span bytes = fixture("formats-http_head/request");
	struct http_head head;
	struct reader r;
	struct http_header header;
	struct span value;
	size_t count = 0;

	(void)state;
	assert_int_equal(http_head_parse_request(bytes, &head), 0);
	assert_true(span_is(head.method, "POST"));
	assert_true(span_is(head.target, "/api/v1/query?x=%20"));
	assert_int_equal(head.minor_version, 1);
	assert_true(head.has_content_length);
	assert_true(head.content_length == 17);
	assert_true(head.keeps_alive);
	assert_true(span_is(span_after(bytes, head.length), "{\"sql\":\"SELECT 1\"}"));
	r = reader_over(head.headers);
	while (http_head_next(&r, &header)) {
		count++;
	}
	assert_int_equal(count, 5);
	assert_int_equal(http_head_find(&head, "aCCEPT", &value), 0);
	assert_true(span_is(value, "a/b,\t*/*"));
	assert_int_equal(http_head_find(&head, "X", &value), ERR_NOT_FOUND);
	assert_int_equal(http_head_find(&head, "Content-Length", &value), ERR_MALFORMED);
}

static void reads_a_response(void **state)
{
	struct http_head head;

	(void)state;
	assert_int_equal(http_head_parse_response(fixture("formats-http_head/response"), &head), 0);
	assert_int_equal(head.status, 200);
	assert_true(span_is(head.reason, "OK"));
	assert_false(head.keeps_alive);
	assert_int_equal(http_head_parse_response(fixture("formats-http_head/response10"), &head),
			 0);
	assert_int_equal(head.status, 404);
	assert_int_equal(head.minor_version, 0);
	assert_true(head.keeps_alive);
}

static void refuses_chunks_as_unsupported(void **state)
{
	struct http_head head;

	(void)state;
	assert_int_equal(http_head_parse_request(fixture("formats-http_head/chunked"), &head),
			 ERR_UNSUPPORTED);
	assert_int_equal(request("GET / HTTP/1.1\r\nHost: x\r\ntransfer-encoding:identity\r\n\r\n"),
			 ERR_UNSUPPORTED);
}

static void refuses_what_smuggles(void **state)
{
	static const char *const bad[] = {
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775808\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\n Host: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n\r\n",
		"GET / HTTP/1.1\nHost: x\n\n",
		"GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA\x01: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\x01\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
		"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /\tHTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
		"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
		"G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(request(bad[i]), ERR_MALFORMED);
	}
}

static void refuses_other_versions_and_statuses(void **state)
{
	(void)state;
	assert_int_equal(request("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), ERR_UNSUPPORTED);
	assert_int_equal(response("HTTP/1.1 20 OK\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(response("HTTP/1.1 600 OK\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(response("HTTP/1.1 099 OK\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(response("ICY 200 OK\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(response("HTTP/1.1 204 \r\n\r\n"), 0);
}

/* A head of lines "a: b", with its blank line. */
static int request_with(size_t headers, size_t value_len)
{
	static uint8_t bytes[2 * HTTP_HEAD_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct http_head head;

	writer_text(&w, "GET / HTTP/1.1\r\nHost: ");
	for (size_t i = 0; i < value_len; i++) {
		writer_u8(&w, 'x');
	}
	writer_text(&w, "\r\n");
	for (size_t i = 1; i < headers; i++) {
		writer_text(&w, "a: b\r\n");
	}
	writer_text(&w, "\r\n");
	assert_true(writer_ok(&w));
	return http_head_parse_request(writer_span(&w), &head);
}

static void keeps_its_limits(void **state)
{
	const size_t around = span_of("GET / HTTP/1.1\r\nHost: \r\n\r\n").len;

	(void)state;
	assert_int_equal(request_with(HTTP_HEAD_HEADERS_MAX, 1), 0);
	assert_int_equal(request_with(HTTP_HEAD_HEADERS_MAX + 1, 1), ERR_LIMIT);
	assert_int_equal(request_with(1, HTTP_HEAD_MAX - around), 0);
	assert_int_equal(request_with(1, HTTP_HEAD_MAX - around + 1), ERR_LIMIT);
}

static void ask_for_more(struct span part)
{
	struct http_head head;

	assert_int_equal(http_head_parse_request(part, &head), ERR_AGAIN);
}

static void asks_for_more_at_every_truncation(void **state)
{
	struct span bytes = fixture("formats-http_head/request");
	struct http_head head;

	(void)state;
	assert_int_equal(http_head_parse_request(bytes, &head), 0);
	fixture_truncate(span_first(bytes, head.length), ask_for_more);
}

static int basic(const char *value, struct http_credentials *out)
{
	static uint8_t buffer[32];

	return http_head_basic(span_of(value), buffer, sizeof buffer, out);
}

static void takes_basic_credentials(void **state)
{
	struct http_credentials credentials;

	(void)state;
	assert_int_equal(basic("Basic YW5uYTpzZWNyZXQ6eA==", &credentials), 0);
	assert_true(span_is(credentials.user, "anna"));
	assert_true(span_is(credentials.password, "secret:x"));
	assert_int_equal(basic("bAsIc  Og==", &credentials), 0);
	assert_int_equal(credentials.user.len, 0);
	assert_int_equal(credentials.password.len, 0);
	assert_int_equal(basic("Bearer YW5uYTpz", &credentials), ERR_UNSUPPORTED);
	assert_int_equal(basic("BasicYW5uYTpz", &credentials), ERR_UNSUPPORTED);
	assert_int_equal(basic("Basic YW5uYQ==", &credentials), ERR_MALFORMED); /* no colon */
	assert_int_equal(basic("Basic YQk6Yg==", &credentials), ERR_MALFORMED); /* a tab */
	assert_int_equal(basic("Basic", &credentials), ERR_MALFORMED);
	assert_int_equal(
		basic("Basic AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &credentials),
		ERR_FULL);
}

static void knows_the_characters_of_names_values_and_targets(void **state)
{
	(void)state;
	assert_int_equal(
		request("GET /~! HTTP/1.1\r\nHost: x\r\nA09Zz!#$%&'*+-.^_`|~: \xff\r\n\r\n"), 0);
	assert_int_equal(request("GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(request("GET  HTTP/1.1\r\nHost: x\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(request("GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(request("GET / HTTP/1.1\r\nHost: x\r\nA/: b\r\n\r\n"), ERR_MALFORMED);
	assert_int_equal(response("HTTP/1.1 100 Continue\r\n\r\n"), 0);
}

static void gives_up_on_a_head_that_fills_the_limit(void **state)
{
	static uint8_t bytes[HTTP_HEAD_MAX];
	struct http_head head;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = 'x';
	}
	assert_int_equal(http_head_parse_request((struct span){ bytes, sizeof bytes - 1 }, &head),
			 ERR_AGAIN);
	assert_int_equal(http_head_parse_request((struct span){ bytes, sizeof bytes }, &head),
			 ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_request),
		cmocka_unit_test(reads_a_response),
		cmocka_unit_test(refuses_chunks_as_unsupported),
		cmocka_unit_test(refuses_what_smuggles),
		cmocka_unit_test(refuses_other_versions_and_statuses),
		cmocka_unit_test(keeps_its_limits),
		cmocka_unit_test(asks_for_more_at_every_truncation),
		cmocka_unit_test(takes_basic_credentials),
		cmocka_unit_test(knows_the_characters_of_names_values_and_targets),
		cmocka_unit_test(gives_up_on_a_head_that_fills_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
