/* est_request_test.c - requests of RFC 7030, whole, cut and wrong. */
#include "server/ingest/est_request.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const char enrolment[] = "POST /.well-known/est/simpleenroll HTTP/1.1\r\n"
				"Host: server.example:7443\r\n"
				"Authorization: Basic c2Vuc29yOmJ0ZV94\r\n"
				"Content-Type: application/pkcs10\r\n"
				"Content-Transfer-Encoding: base64\r\n"
				"Content-Length: 10\r\n"
				"\r\n"
				"MIIB\r\nAgM=";

static struct est_request request;
static struct est_refusal refusal;

static void an_enrolment_yields_token_and_request(void **state)
{
	static const uint8_t der[] = { 0x30, 0x82, 0x01, 0x02, 0x03 };

	(void)state;
	assert_int_equal(est_request_parse(span_of(enrolment), false, &request, &refusal), 0);
	assert_int_equal(request.operation, EST_ENROL);
	assert_true(span_is(request.token, "bte_x"));
	assert_true(span_equal(request.request, (struct span){ der, sizeof der }));
}

static void every_truncation_asks_for_more(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof enrolment - 1; len++) {
		assert_int_equal(est_request_parse(span_first(span_of(enrolment), len), false,
						   &request, &refusal),
				 ERR_AGAIN);
	}
}

static void renewal_needs_no_token_and_cacerts_no_body(void **state)
{
	(void)state;
	assert_int_equal(est_request_parse(span_of("POST /.well-known/est/simplereenroll HTTP/1.1"
						   "\r\nHost: x\r\nContent-Length: 4\r\n\r\nAQID"),
					   false, &request, &refusal),
			 0);
	assert_int_equal(request.operation, EST_REENROL);
	assert_int_equal(request.token.len, 0);
	assert_int_equal(request.request.len, 3);
	assert_int_equal(
		est_request_parse(
			span_of("GET /.well-known/est/cacerts HTTP/1.1\r\nHost: x\r\n\r\n"), false,
			&request, &refusal),
		0);
	assert_int_equal(request.operation, EST_CACERTS);
}

static void who_is_known_may_enrol_without_a_token(void **state)
{
	const struct span text =
		span_of("POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n"
			"Content-Length: 4\r\n\r\nAQID");
	const struct span bad = span_of("POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n"
					"Authorization: Bearer x\r\nContent-Length: 4\r\n\r\nAQID");

	(void)state;
	assert_int_equal(est_request_parse(text, false, &request, &refusal), ERR_DENIED);
	assert_int_equal(refusal.status, 401);
	assert_int_equal(est_request_parse(text, true, &request, &refusal), 0);
	assert_int_equal(request.operation, EST_ENROL);
	assert_int_equal(request.token.len, 0);
	assert_int_equal(est_request_parse(bad, true, &request, &refusal), ERR_DENIED);
}

static void each_fault_has_its_status(void **state)
{
	static const struct {
		const char *text;
		unsigned status;
	} cases[] = {
		{ "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
		{ "DELETE /.well-known/est/cacerts HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "GET /.well-known/est/cacerts HTTP/2.0\r\nHost: x\r\n\r\n", 400 },
		{ "POST /.well-known/est/simplereenroll HTTP/1.1\r\nHost: x\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n",
		  400 },
		{ "POST /.well-known/est/simplereenroll HTTP/1.1\r\nHost: x\r\n\r\n", 411 },
		{ "POST /.well-known/est/simplereenroll HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 16385\r\n\r\n",
		  413 },
		{ "POST /.well-known/est/simplereenroll HTTP/1.1\r\nHost: x\r\n"
		  "Content-Type: text/html\r\nContent-Length: 4\r\n\r\nAQID",
		  400 },
		{ "POST /.well-known/est/simplereenroll HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 0\r\n\r\n",
		  400 },
		{ "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n"
		  "Authorization: Basic c2Vuc29yOg==\r\nContent-Length: 4\r\n\r\nAQID",
		  401 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
			est_request_parse(span_of(cases[i].text), false, &request, &refusal),
			ERR_DENIED);
		assert_int_equal(refusal.status, cases[i].status);
	}
}

static void a_head_without_an_end_is_too_large(void **state)
{
	static uint8_t large[HTTP_HEAD_MAX + 10];

	(void)state;
	memset(large, 'a', sizeof large);
	assert_int_equal(
		est_request_parse((struct span){ large, sizeof large }, false, &request, &refusal),
		ERR_DENIED);
	assert_int_equal(refusal.status, 431);
}

static void responses_are_requests_in_reverse(void **state)
{
	static const unsigned statuses[] = { 400, 401, 403, 404, 405, 408, 411, 413, 431, 503 };
	uint8_t room[2048];
	struct http_head head;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct writer w = writer_over(room, sizeof room);
		const struct est_refusal r = { statuses[i], "a sentence" };

		est_write_refusal(&w, &r);
		assert_true(writer_ok(&w));
		assert_int_equal(http_head_parse_response(writer_span(&w), &head), 0);
		assert_int_equal(head.status, statuses[i]);
		assert_int_equal(head.length + head.content_length, writer_used(&w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_enrolment_yields_token_and_request),
		cmocka_unit_test(every_truncation_asks_for_more),
		cmocka_unit_test(renewal_needs_no_token_and_cacerts_no_body),
		cmocka_unit_test(who_is_known_may_enrol_without_a_token),
		cmocka_unit_test(each_fault_has_its_status),
		cmocka_unit_test(a_head_without_an_end_is_too_large),
		cmocka_unit_test(responses_are_requests_in_reverse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
