/* est_test.c - enrolment and renewal over real TLS on loopback, with a real engine behind the bus.
 */
#include "base/text.h"
#include "schema/schema.h"
#include "server/ingest/fixture.h"
#include "server/ingest/limits.h"
#include "server/inventory/fixture.h"
#include "sys/clock.h"
#include "sys/pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* --- HTTP --- */

/* Sends a request on a connection of its own and returns the response's status. */
static unsigned http(struct world *w, const struct harness_sensor *sensor, const char *alpn,
		     struct span request, struct buffer *response)
{
	struct client c;
	unsigned status = 0;

	client_open(w, &c, sensor, alpn);
	assert_int_equal(tls_send(c.stream, request), 0);
	turn_until(w, &c.is_closed);
	buffer_clear(response);
	assert_int_equal(buffer_append(response, buffer_span(&c.received)), 0);
	client_free(&c);
	if (span_starts_with(buffer_span(response), "HTTP/1.1 ")) {
		uint64_t number;

		assert_int_equal(text_to_u64(span_first(span_after(buffer_span(response), 9), 3),
					     999, &number),
				 0);
		status = (unsigned)number;
	}
	return status;
}

static struct span body_of(const struct buffer *response)
{
	struct span bytes = buffer_span(response);

	for (size_t i = 0; i + 4 <= bytes.len; i++) {
		if (span_starts_with(span_after(bytes, i), "\r\n\r\n")) {
			return span_after(bytes, i + 4);
		}
	}
	return (struct span){ 0 };
}

static bool has_text(const struct buffer *response, const char *text)
{
	struct span bytes = buffer_span(response);

	for (size_t i = 0; i < bytes.len; i++) {
		if (span_starts_with(span_after(bytes, i), text)) {
			return true;
		}
	}
	return false;
}

static struct span est_post(const char *operation, const char *token, struct span der,
			    char out[16384])
{
	struct buffer body;
	struct buffer basic;
	char plain[128];
	int len;

	buffer_init(&body, 65536);
	buffer_init(&basic, 65536);
	assert_int_equal(pki_base64(der, &body, NULL), 0);
	snprintf(plain, sizeof plain, "sensor:%s", token == NULL ? "" : token);
	assert_int_equal(pki_base64(span_of(plain), &basic, NULL), 0);
	len = snprintf(out, 16384, "POST /.well-known/est/%s HTTP/1.1\r\nHost: x\r\n", operation);
	if (token != NULL) {
		len += snprintf(out + len, (size_t)(16384 - len), "Authorization: Basic %.*s\r\n",
				(int)basic.len, (const char *)buffer_span(&basic).ptr);
	}
	len += snprintf(out + len, (size_t)(16384 - len),
			"Content-Type: application/pkcs10\r\nContent-Transfer-Encoding: base64\r\n"
			"Content-Length: %zu\r\n\r\n%.*s",
			body.len, (int)body.len, (const char *)buffer_span(&body).ptr);
	buffer_done(&body);
	buffer_done(&basic);
	return (struct span){ (const uint8_t *)out, (size_t)len };
}

/* Enrols as an agent does: over EST. */
static void enrol_over_est(struct world *w, struct harness_sensor *sensor)
{
	static char request[16384];
	char token[TOKEN_TEXT_SIZE];
	struct buffer response;

	buffer_init(&response, 65536);
	harness_sensor_init(sensor);
	harness_token(&w->h, "default", 1, token);
	assert_int_equal(
		http(w, NULL, "http/1.1",
		     est_post("simpleenroll", token, buffer_span(&sensor->request), request),
		     &response),
		200);
	assert_int_equal(pki_certs_only_first(body_of(&response), &sensor->certificate, NULL), 0);
	buffer_done(&response);
}

/* --- EST --- */

static void an_agent_enrols_says_hello_and_its_batch_is_acknowledged(void **state)
{
	struct world *w = *state;
	struct harness_sensor sensor;
	struct fixture_rows rows;
	struct client c;
	struct message m = { .kind = MESSAGE_BATCH };

	enrol_over_est(w, &sensor);
	fixture_rows_init(&rows);
	fixture_add_package(&rows, "bash", "5.2");
	fixture_add_package(&rows, "openssl", "3.0.15");
	fixture_sort(&rows);

	client_open(w, &c, &sensor, MESSAGE_ALPN);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	m.batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &rows);
	m.batch.has_digest = true;
	m.batch.digest = fixture_digest(&rows);
	m.batch.rows = (struct row_list){ 0 };
	client_send(&c, &m);
	m = client_receive(&c);
	assert_int_equal(m.kind, MESSAGE_WANT);
	assert_int_equal(hash_list_count(m.want.hashes), 2);
	m = (struct message){ .kind = MESSAGE_ROWS,
			      .rows = { .table = TABLE_PACKAGES,
					.seq = 1,
					.rows = { buffer_span(&rows.list), rows.count } } };
	client_send(&c, &m);
	m = client_receive(&c);
	assert_int_equal(m.kind, MESSAGE_ACK);
	assert_int_equal(m.ack.seq, 1);
	client_free(&c);
	fixture_rows_done(&rows);
	harness_sensor_done(&sensor);
}

static void the_ca_is_given_to_anyone(void **state)
{
	struct world *w = *state;
	struct buffer response;
	struct buffer der;
	struct buffer ca;

	buffer_init(&response, 65536);
	buffer_init(&der, 65536);
	buffer_init(&ca, 65536);
	assert_int_equal(http(w, NULL, NULL,
			      span_of("GET /.well-known/est/cacerts HTTP/1.1\r\nHost: x\r\n\r\n"),
			      &response),
			 200);
	assert_true(has_text(&response, "application/pkcs7-mime"));
	assert_int_equal(pki_certs_only_first(body_of(&response), &der, NULL), 0);
	assert_int_equal(pki_pem_to_der(buffer_span(&w->ca), &ca, NULL), 0);
	assert_true(span_equal(buffer_span(&der), buffer_span(&ca)));
	buffer_done(&response);
	buffer_done(&der);
	buffer_done(&ca);
}

static void what_is_wrong_with_a_request_is_said(void **state)
{
	static const struct {
		const char *request;
		unsigned status;
		const char *holds;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "text/plain" },
		{ "GET /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow" },
		{ "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n\r\n", 401,
		  "WWW-Authenticate: Basic" },
		{ "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n"
		  "Authorization: Bearer x\r\n\r\n",
		  401, "WWW-Authenticate" },
		{ "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n"
		  "Authorization: Basic eDp5\r\n\r\n",
		  411, "Content-Length" },
		{ "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n"
		  "Authorization: Basic eDp5\r\nContent-Length: 999999\r\n\r\n",
		  413, "16384" },
		{ "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\n"
		  "Authorization: Basic eDp5\r\nContent-Length: 4\r\n\r\n!!!!",
		  400, "base64" },
		{ "POST /.well-known/est/simplereenroll HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 4\r\n\r\neDp5",
		  403, "certificate" },
		{ "complete nonsense\r\n\r\n", 400, "text/plain" },
	};
	struct world *w = *state;
	struct buffer response;

	buffer_init(&response, 65536);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		unsigned status = http(w, NULL, "http/1.1", span_of(cases[i].request), &response);

		assert_int_equal(status, cases[i].status);
		assert_true(has_text(&response, cases[i].holds));
	}
	buffer_done(&response);
}

static void a_wrong_token_is_refused_and_the_next_attempt_waits(void **state)
{
	static char request[16384];
	struct world *w = *state;
	struct harness_sensor sensor;
	struct buffer response;
	struct span post;
	int64_t started_ms;

	buffer_init(&response, 65536);
	harness_sensor_init(&sensor);
	post = est_post("simpleenroll", "bte_wrong", buffer_span(&sensor.request), request);
	assert_int_equal(http(w, NULL, "http/1.1", post, &response), 401);
	assert_true(has_text(&response, "WWW-Authenticate"));
	started_ms = clock_ms();
	assert_int_equal(http(w, NULL, "http/1.1", post, &response), 401);
	assert_true(clock_ms() - started_ms >= PENALTY_FIRST_MS);
	buffer_done(&response);
	harness_sensor_done(&sensor);
}

static void a_copied_certificate_enrols_anew_without_a_token(void **state)
{
	static char request[16384];
	struct world *w = *state;
	struct harness_sensor sensor;
	struct harness_sensor copy;
	struct pki_certificate_facts facts;
	struct buffer response;
	struct client c;

	buffer_init(&response, 65536);
	harness_enrol(&w->h, "default", &sensor);
	harness_sensor_init(&copy);
	assert_int_equal(http(w, &sensor, "http/1.1",
			      est_post("simpleenroll", NULL, buffer_span(&copy.request), request),
			      &response),
			 200);
	assert_int_equal(pki_certs_only_first(body_of(&response), &copy.certificate, NULL), 0);
	assert_int_equal(pki_certificate_facts(buffer_span(&copy.certificate), &facts, NULL), 0);
	assert_string_equal(facts.common_name, copy.id);
	assert_string_not_equal(facts.common_name, sensor.id);
	client_open(w, &c, &copy, MESSAGE_ALPN);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	client_free(&c);
	buffer_done(&response);
	harness_sensor_done(&sensor);
	harness_sensor_done(&copy);
}

static void a_certificate_renews_itself(void **state)
{
	static char request[16384];
	struct world *w = *state;
	struct harness_sensor sensor;
	struct harness_sensor renewed;
	struct pki_certificate_facts facts;
	struct buffer response;
	struct client c;

	buffer_init(&response, 65536);
	harness_enrol(&w->h, "default", &sensor);
	harness_sensor_init(&renewed); /* a new key: the id stays */
	assert_int_equal(
		http(w, &sensor, "http/1.1",
		     est_post("simplereenroll", NULL, buffer_span(&renewed.request), request),
		     &response),
		200);
	assert_int_equal(pki_certs_only_first(body_of(&response), &renewed.certificate, NULL), 0);
	assert_int_equal(pki_certificate_facts(buffer_span(&renewed.certificate), &facts, NULL), 0);
	assert_string_equal(facts.common_name, sensor.id);
	assert_string_equal(facts.organization, "default");
	client_open(w, &c, &renewed, MESSAGE_ALPN);
	assert_int_equal(client_greet(&c).kind, MESSAGE_WELCOME);
	client_free(&c);
	buffer_done(&response);
	harness_sensor_done(&sensor);
	harness_sensor_done(&renewed);
}

static void without_the_engine_enrolment_says_try_again(void **state)
{
	static char request[16384];
	struct world *w = *state;
	struct harness_sensor sensor;
	struct buffer response;

	buffer_init(&response, 65536);
	harness_sensor_init(&sensor);
	engine_link_close(&w->link);
	bus_server_free(&w->bus);
	loop_turn(w->loop, 10);
	assert_int_equal(
		http(w, NULL, "http/1.1",
		     est_post("simpleenroll", "bte_x", buffer_span(&sensor.request), request),
		     &response),
		503);
	assert_true(has_text(&response, "Retry-After"));
	buffer_done(&response);
	harness_sensor_done(&sensor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_agent_enrols_says_hello_and_its_batch_is_acknowledged),
		TEST(the_ca_is_given_to_anyone),
		TEST(what_is_wrong_with_a_request_is_said),
		TEST(a_wrong_token_is_refused_and_the_next_attempt_waits),
		TEST(a_copied_certificate_enrols_anew_without_a_token),
		TEST(a_certificate_renews_itself),
		TEST(without_the_engine_enrolment_says_try_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
