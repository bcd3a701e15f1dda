/* pulse_test.c - counts of servers, and what comes back from a file. */
#include "scan/tls/pulse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"

#define ECDHE_RSA_AES128_GCM 0xc02f
#define RSA_AES128_GCM       0x009c
#define GROUP_HYBRID         4588

static struct tls_result *server;
static struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES];
static struct tls_grade grade;
static struct tls_pulse pulse;
static struct buffer out;

static int set_up(void **state)
{
	struct tls_version_result *v;

	(void)state;
	server = calloc(1, sizeof *server);
	assert_non_null(server);
	v = &server->versions[TLS_1_2];
	v->offered = TLS_YES;
	v->suites[v->count++].id = ECDHE_RSA_AES128_GCM;
	server->groups.is_complete = true;
	server->groups.count = 1;
	server->groups.ids[0] = GROUP_HYBRID;
	server->http =
		(struct tls_http){ .answered = TLS_YES, .hsts = TLS_YES, .max_age_s = 86400 };
	server->vulnerabilities[TLS_LUCKY13].fact = TLS_YES;
	memset(chains, 0, sizeof chains);
	chains[TLS_CERTIFICATE_RSA] = (struct tls_chain_facts){
		.is_present = true,
		.is_readable = true,
		.key_type = "rsa",
		.key_bits = 2048,
		.signature_name = "sha256WithRSAEncryption",
		.days_left = 20,
		.match = X509_MATCH_NAME,
		.lifetime = { .days = 90 },
	};
	grade = (struct tls_grade){ .letter = TLS_LETTER_B };
	memset(&pulse, 0, sizeof pulse);
	pulse.time_s = 1795340000;
	buffer_init(&out, 64 << 10);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(server);
	buffer_done(&out);
	return 0;
}

static void add(void)
{
	tls_pulse_add(&pulse, server, chains, &grade);
}

static void every_fact_of_a_server_is_counted(void **state)
{
	(void)state;
	add();
	assert_int_equal(tls_pulse_count(&pulse, "grade", "B"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "protocol", "TLSv1.2"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "best_protocol", "TLSv1.2"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "key", "rsa_2048"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "signature", "sha256"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "forward_secrecy", "with_all_suites"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "post_quantum", "yes"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "hsts", "short"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "certificate", "fine"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "lifetime", "100_days"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "expiry", "within_30_days"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "vulnerability", "lucky13"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "nonsense", "B"), 0);
	assert_int_equal(tls_pulse_count(&pulse, "grade", "nonsense"), 0);
}

static void borders_of_times_are_where_they_should_be(void **state)
{
	struct tls_chain_facts *chain = &chains[TLS_CERTIFICATE_RSA];

	(void)state;
	chain->lifetime.days = 47;
	chain->days_left = -1;
	add();
	chain->lifetime.days = 48;
	chain->days_left = 0;
	add();
	chain->lifetime.days = 399;
	chain->days_left = 90;
	add();
	assert_int_equal(tls_pulse_count(&pulse, "lifetime", "47_days"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "lifetime", "100_days"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "lifetime", "longer"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "expiry", "over"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "expiry", "within_7_days"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "expiry", "later"), 1);
}

static void forward_secrecy_has_three_shades(void **state)
{
	struct tls_version_result *v = &server->versions[TLS_1_2];

	(void)state;
	v->suites[v->count++].id = RSA_AES128_GCM;
	add();
	v->suites[0].id = RSA_AES128_GCM;
	add();
	assert_int_equal(tls_pulse_count(&pulse, "forward_secrecy", "with_some_suites"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "forward_secrecy", "no"), 1);
}

static void who_has_no_tls_is_counted_as_that_alone(void **state)
{
	(void)state;
	grade.letter = TLS_LETTER_NONE;
	server->failure = TLS_REFUSED;
	add();
	assert_int_equal(tls_pulse_count(&pulse, "grade", "none"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "failure", "refused"), 1);
	assert_int_equal(tls_pulse_count(&pulse, "protocol", "TLSv1.2"), 0);
}

static const char *text(void)
{
	assert_int_equal(buffer_append(&out, (struct span){ (const uint8_t *)"", 1 }), 0);
	return (const char *)buffer_span(&out).ptr;
}

static void json_comes_back_as_it_was(void **state)
{
	struct tls_pulse again;

	(void)state;
	add();
	add();
	assert_int_equal(tls_pulse_write_json(&pulse, &out), 0);
	assert_int_equal(tls_pulse_parse(buffer_span(&out), &again), 0);
	assert_memory_equal(&again, &pulse, sizeof pulse);
	assert_non_null(strstr(text(), "{\"time\":1795340000,\"servers\":2,\"graded\":2,\"grade\":"
				       "{\"none\":0,\"A+\":0,"));
}

static void refuses_every_truncation_of_a_line(void **state)
{
	struct tls_pulse again;
	struct span line;

	(void)state;
	add();
	assert_int_equal(tls_pulse_write_json(&pulse, &out), 0);
	line = buffer_span(&out);
	for (size_t len = 0; len + 2 < line.len; len++) {
		assert_int_equal(tls_pulse_parse(span_first(line, len), &again), ERR_MALFORMED);
	}
}

static void counters_of_other_versions_are_passed_over(void **state)
{
	struct tls_pulse again;

	(void)state;
	assert_int_equal(
		tls_pulse_parse(span_of("{\"new\":{\"a\":[1]},\"time\":7,\"grade\":{\"A\":3,\"Z\":"
					"9,\"F\":{\"x\":1},\"B\":-4},\"key\":5}"),
				&again),
		0);
	assert_int_equal(again.time_s, 7);
	assert_int_equal(tls_pulse_count(&again, "grade", "A"), 3);
	assert_int_equal(tls_pulse_count(&again, "grade", "B"), 0);
	assert_int_equal(tls_pulse_parse(span_of("{\"grade\":{}}"), &again), ERR_MALFORMED);
	assert_int_equal(tls_pulse_parse(span_of("[]"), &again), ERR_MALFORMED);
}

static void text_shows_shares_and_what_changed(void **state)
{
	struct tls_pulse before;
	const char *shown;

	(void)state;
	add();
	before = pulse;
	grade.letter = TLS_LETTER_A;
	add();
	assert_int_equal(tls_pulse_write_text(&pulse, &before, &out), 0);
	shown = text();
	assert_non_null(strstr(shown, "2 servers, 2 graded\n"));
	assert_non_null(strstr(shown, "A                                 1   50.0%  +50.0\n"));
	assert_non_null(strstr(shown, "B                                 1   50.0%  -50.0\n"));
	assert_null(strstr(shown, "TLSv1.3"));
}

static void a_history_grows_by_a_line_a_run(void **state)
{
	char path[] = "/tmp/pulse-XXXXXX";
	struct tls_pulse_history history;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	add();
	assert_int_equal(tls_pulse_history_append(path, &pulse, NULL), 0);
	assert_int_equal(write(fd, "", 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END) > 0, 1);
	assert_int_equal(write(fd, "{\"time\":1,\n", 11), 11); /* a run that was cut off */
	close(fd);
	pulse.time_s += 86400;
	assert_int_equal(tls_pulse_history_append(path, &pulse, NULL), 0);
	assert_int_equal(tls_pulse_history_read(path, &history, NULL), 0);
	assert_int_equal(history.count, 2);
	assert_int_equal(history.skipped, 1);
	assert_int_equal(history.runs[1].time_s - history.runs[0].time_s, 86400);
	assert_int_equal(tls_pulse_write_trend(history.runs, history.count, &out), 0);
	assert_non_null(strstr(text(), "\n2026-11-23        1    0.0%  100.0%"));
	tls_pulse_history_done(&history);
	unlink(path);
	assert_int_equal(tls_pulse_history_read(path, &history, NULL), 0);
	assert_int_equal(history.count, 0);
}

static void a_history_that_cannot_be_written_is_told(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(tls_pulse_history_append("/nonexistent/history", &pulse, &why), ERR_IO);
	assert_non_null(strstr(why.text, "/nonexistent/history"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_fact_of_a_server_is_counted),
		TEST(borders_of_times_are_where_they_should_be),
		TEST(forward_secrecy_has_three_shades),
		TEST(who_has_no_tls_is_counted_as_that_alone),
		TEST(json_comes_back_as_it_was),
		TEST(refuses_every_truncation_of_a_line),
		TEST(counters_of_other_versions_are_passed_over),
		TEST(text_shows_shares_and_what_changed),
		TEST(a_history_grows_by_a_line_a_run),
		TEST(a_history_that_cannot_be_written_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
