#include "formats/scope_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define OURS  SCOPE_PROOF_PREFIX TOKEN

static struct scope_proof plan(const char *name, enum scope_proof_method method)
{
	struct scope_proof proof;
	struct scope_name scope;

	assert_int_equal(scope_name_read(span_of(name), &scope), 0);
	scope_proof_plan(&scope, method, &proof);
	return proof;
}

static void assert_place(const char *name, enum scope_proof_method method, size_t n,
			 const char *expected)
{
	struct scope_proof proof = plan(name, method);
	char place[SCOPE_PROOF_PLACE_SIZE];

	assert_true(n < proof.count);
	scope_proof_place(&proof, n, place);
	assert_string_equal(place, expected);
}

static bool judge(const char *name, enum scope_proof_method method, const char *outcome,
		  char failure[SCOPE_FAILURE_SIZE])
{
	struct scope_proof proof = plan(name, method);

	return scope_proof_judge(&proof, TOKEN, span_of(outcome), failure);
}

static void assert_fails(const char *name, enum scope_proof_method method, const char *outcome,
			 const char *words)
{
	char failure[SCOPE_FAILURE_SIZE];

	assert_false(judge(name, method, outcome, failure));
	if (strstr(failure, words) == NULL) {
		fail_msg("'%s' does not say '%s'", failure, words);
	}
}

static void a_record_stands_at_the_name_or_in_the_reverse_zone(void **state)
{
	(void)state;
	assert_place("example.org", SCOPE_PROOF_DNS, 0, "_bartizan-challenge.example.org");
	assert_place("192.0.2.0/24", SCOPE_PROOF_DNS, 0,
		     "_bartizan-challenge.2.0.192.in-addr.arpa");
	assert_place("172.16.0.0/16", SCOPE_PROOF_DNS, 0,
		     "_bartizan-challenge.16.172.in-addr.arpa");
	assert_place("10.0.0.0/8", SCOPE_PROOF_DNS, 0, "_bartizan-challenge.10.in-addr.arpa");
	assert_place("192.0.2.77", SCOPE_PROOF_DNS, 0,
		     "_bartizan-challenge.77.2.0.192.in-addr.arpa");
	assert_place("2001:db8:12::/48", SCOPE_PROOF_DNS, 0,
		     "_bartizan-challenge.2.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	assert_place("2001:db8::ab", SCOPE_PROOF_DNS, 0,
		     "_bartizan-challenge.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d."
		     "0.1.0.0.2.ip6.arpa");
}

static void between_two_boundaries_each_zone_needs_a_record(void **state)
{
	(void)state;
	assert_int_equal(plan("192.0.4.0/22", SCOPE_PROOF_DNS).count, 4);
	assert_place("192.0.4.0/22", SCOPE_PROOF_DNS, 0,
		     "_bartizan-challenge.4.0.192.in-addr.arpa");
	assert_place("192.0.4.0/22", SCOPE_PROOF_DNS, 3,
		     "_bartizan-challenge.7.0.192.in-addr.arpa");
	assert_place("192.0.2.240/28", SCOPE_PROOF_DNS, 15,
		     "_bartizan-challenge.255.2.0.192.in-addr.arpa");
	assert_int_equal(plan("2001:db8::/33", SCOPE_PROOF_DNS).count, 8);
	assert_place("2001:db8:8000::/33", SCOPE_PROOF_DNS, 7,
		     "_bartizan-challenge.f.8.b.d.0.1.0.0.2.ip6.arpa");
	assert_place("2001:db8::/34", SCOPE_PROOF_DNS, 3,
		     "_bartizan-challenge.3.8.b.d.0.1.0.0.2.ip6.arpa");
}

static void what_has_too_many_zones_is_refused_with_advice(void **state)
{
	(void)state;
	assert_int_equal(plan("192.0.2.0/25", SCOPE_PROOF_DNS).count, 0);
	assert_non_null(strstr(plan("192.0.2.0/25", SCOPE_PROOF_DNS).refusal, "/28"));
	assert_non_null(strstr(plan("192.0.0.0/19", SCOPE_PROOF_DNS).refusal, "/20"));
	assert_non_null(strstr(plan("8.0.0.0/9", SCOPE_PROOF_DNS).refusal, "/12"));
	assert_int_equal(plan("192.0.0.0/20", SCOPE_PROOF_DNS).count, 16);
}

static void the_longest_name_has_no_room_for_a_label(void **state)
{
	char name[254];

	(void)state;
	memset(name, 'a', sizeof name - 1);
	name[253] = '\0';
	for (size_t i = 50; i < 253; i += 51) {
		name[i] = '.';
	}
	assert_int_equal(plan(name, SCOPE_PROOF_DNS).count, 0);
	assert_non_null(plan(name, SCOPE_PROOF_DNS).refusal);
	assert_int_equal(plan(name + 20, SCOPE_PROOF_DNS).count, 1);
	assert_int_equal(plan(name + 19, SCOPE_PROOF_DNS).count, 0);
	assert_int_equal(plan(name, SCOPE_PROOF_HTTPS).count, 1);
}

static bool address_of(const char *name, char out[SCOPE_NAME_SIZE])
{
	struct scope_proof proof = plan(name, SCOPE_PROOF_HTTPS);

	return scope_proof_address(&proof.scope, out);
}

static void a_file_proves_a_name_or_one_address(void **state)
{
	char address[SCOPE_NAME_SIZE];

	(void)state;
	assert_place("Example.ORG.", SCOPE_PROOF_HTTPS, 0,
		     "https://example.org/.well-known/bartizan-scope.txt");
	assert_place("192.0.2.7", SCOPE_PROOF_HTTPS, 0,
		     "https://192.0.2.7/.well-known/bartizan-scope.txt");
	assert_place("2001:db8::7/128", SCOPE_PROOF_HTTPS, 0,
		     "https://[2001:db8::7]/.well-known/bartizan-scope.txt");
	assert_int_equal(plan("192.0.2.0/31", SCOPE_PROOF_HTTPS).count, 0);
	assert_non_null(plan("192.0.2.0/31", SCOPE_PROOF_HTTPS).refusal);
	assert_true(address_of("2001:db8::7", address));
	assert_string_equal(address, "2001:db8::7");
	assert_false(address_of("192.0.2.0/31", address));
	assert_false(address_of("example.org", address));
}

static void the_token_at_every_place_proves(void **state)
{
	char failure[SCOPE_FAILURE_SIZE];

	(void)state;
	assert_true(judge("example.org", SCOPE_PROOF_DNS,
			  "record 0 " SCOPE_PROOF_PREFIX OTHER "\nrecord 0 " OURS
			  "\nseen 0 5\ndone\n",
			  failure));
	assert_string_equal(failure, "");
	assert_true(judge("192.0.2.0/23", SCOPE_PROOF_DNS,
			  "record 1 " OURS "\nseen 1 1\nrecord 0 " OURS "\nseen 0 1\ndone\n",
			  failure));
	assert_fails("192.0.2.0/23", SCOPE_PROOF_DNS,
		     "record 1 " OURS "\nseen 1 1\nseen 0 0\ndone\n",
		     "no TXT record at _bartizan-challenge.2.0.192.in-addr.arpa");
	assert_true(
		judge("example.org", SCOPE_PROOF_HTTPS, "line a\nline " TOKEN "\ndone\n", failure));
	assert_true(judge("example.org", SCOPE_PROOF_HTTPS, "line " OURS "\ndone\n", failure));
}

static void one_zone_does_not_speak_for_the_others(void **state)
{
	(void)state;
	assert_fails("192.0.2.0/23", SCOPE_PROOF_DNS,
		     "record 0 " OURS "\nseen 0 1\nseen 1 0\ndone\n",
		     "no TXT record at _bartizan-challenge.3.0.192.in-addr.arpa");
}

static void what_is_missing_is_said_in_words(void **state)
{
	(void)state;
	assert_fails(
		"example.org", SCOPE_PROOF_DNS, "seen 0 0\ndone\n",
		"no TXT record at _bartizan-challenge.example.org: publish one that says " OURS);
	assert_fails("example.org", SCOPE_PROOF_DNS, "seen 0 3\ndone\n", "None of the 3 TXT");
	assert_fails("example.org", SCOPE_PROOF_DNS,
		     "record 0 " SCOPE_PROOF_PREFIX OTHER "\nseen 0 1\ndone\n",
		     "says '" SCOPE_PROOF_PREFIX OTHER "'; it must say " OURS);
	assert_fails("example.org", SCOPE_PROOF_HTTPS, "line <html>\nline b\ndone\n",
		     "does not have the line " TOKEN "; its first one is '<html>'");
	assert_fails("example.org", SCOPE_PROOF_HTTPS, "done\n", "is empty");
	assert_fails("example.org", SCOPE_PROOF_HTTPS, "reason example.org: HTTP 404\n",
		     "example.org: HTTP 404");
	assert_fails("example.org", SCOPE_PROOF_HTTPS, "", "ended early");
	assert_fails("192.0.2.0/25", SCOPE_PROOF_DNS, "record 0 " OURS "\nseen 0 1\ndone\n",
		     "ended early");
}

static void nothing_else_proves(void **state)
{
	static const char *const hostile[] = {
		"record 0 " OURS "\n",                    /* it did not come to the end */
		"record 0 " OURS "\nreason away\ndone\n", /* and failed */
		"record 1 " OURS "\ndone\n",              /* of no place */
		"record 18446744073709551616 " OURS "\ndone\n",
		"record -0 " OURS "\ndone\n",
		"record 0  " OURS "\ndone\n",
		"record 0 " OURS "0\ndone\n",
		"record 0 " SCOPE_PROOF_PREFIX "\ndone\n",
		"record 0 " TOKEN "\ndone\n", /* without its prefix */
		"record 0 " SCOPE_PROOF_PREFIX "0123456789ABCDEF0123456789abcdef\ndone\n",
		"line " TOKEN "\ndone\n", /* of the other method */
		"record 0 " OURS,
		"record\n0 " OURS "\ndone\n",
		" record 0 " OURS "\ndone\n",
	};
	char failure[SCOPE_FAILURE_SIZE];
	struct scope_proof proof = plan("example.org", SCOPE_PROOF_DNS);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		if (judge("example.org", SCOPE_PROOF_DNS, hostile[i], failure)) {
			fail_msg("'%s' proves", hostile[i]);
		}
		assert_true(failure[0] != '\0');
	}
	assert_fails("example.org", SCOPE_PROOF_HTTPS, "line x" TOKEN "\ndone\n", "its first one");
	assert_fails("example.org", SCOPE_PROOF_HTTPS, "record 0 " OURS "\ndone\n", "is empty");
	assert_false(scope_proof_judge(&proof, "", span_of("record 0 bartizan-scope=\ndone\n"),
				       failure));
}

static void every_truncation_is_judged_and_proves_nothing(void **state)
{
	static const char whole[] = "record 0 " OURS "\nseen 0 1\ndone\n";
	struct scope_proof proof = plan("example.org", SCOPE_PROOF_DNS);
	char failure[SCOPE_FAILURE_SIZE];

	(void)state;
	for (size_t len = 0; len < sizeof whole - 2; len++) {
		assert_false(scope_proof_judge(
			&proof, TOKEN, (struct span){ (const uint8_t *)whole, len }, failure));
	}
}

static void what_strangers_publish_stays_on_its_line(void **state)
{
	static const uint8_t record[] = "bartizan-scope=a\ndone\nrecord 0 " OURS;
	static const uint8_t body[] = "\xef\xbb\xbf" TOKEN " \r\n\r\n\x1b[31m\xc3\xa4\n\n  x\0y";
	uint8_t room[SCOPE_OUTCOME_MAX];
	struct writer w = writer_over(room, sizeof room);

	(void)state;
	assert_true(scope_outcome_record(&w, 3, (struct span){ record, sizeof record - 1 }));
	assert_false(scope_outcome_record(&w, 3, span_of("v=spf1 -all")));
	scope_outcome_seen(&w, 3, 2);
	assert_true(span_is(writer_span(&w),
			    "record 3 bartizan-scope=a?done?record 0 " OURS "\nseen 3 2\n"));
	writer_rewind(&w, 0);
	scope_outcome_body(&w, (struct span){ body, sizeof body - 1 });
	scope_outcome_done(&w);
	assert_true(span_is(writer_span(&w), "line " TOKEN "\nline ?[31m??\nline x?y\ndone\n"));
	writer_rewind(&w, 0);
	scope_outcome_reason(&w, "two\nlines");
	assert_true(span_is(writer_span(&w), "reason two?lines\n"));
}

static void the_largest_outcome_fits(void **state)
{
	uint8_t room[SCOPE_OUTCOME_MAX];
	uint8_t body[SCOPE_PROOF_BODY_MAX];
	struct writer w = writer_over(room, sizeof room);

	(void)state;
	for (size_t i = 0; i < sizeof body; i++) {
		body[i] = i % 2 == 0 ? 'x' : '\n';
	}
	scope_outcome_body(&w, (struct span){ body, sizeof body });
	scope_outcome_done(&w);
	assert_true(writer_ok(&w));
	writer_rewind(&w, 0);
	memset(body, 'y', sizeof body);
	mem_copy(body, SCOPE_PROOF_PREFIX, sizeof SCOPE_PROOF_PREFIX - 1);
	for (size_t n = 0; n < SCOPE_PROOF_PLACES_MAX; n++) {
		for (size_t i = 0; i < SCOPE_PROOF_RECORDS_MAX; i++) {
			(void)scope_outcome_record(&w, n, (struct span){ body, sizeof body });
		}
		scope_outcome_seen(&w, n, SIZE_MAX);
	}
	scope_outcome_done(&w);
	assert_true(writer_ok(&w));
}

static void methods_have_words(void **state)
{
	enum scope_proof_method method;

	(void)state;
	assert_int_equal(scope_proof_method_read(span_of("https"), &method), 0);
	assert_int_equal(method, SCOPE_PROOF_HTTPS);
	assert_int_equal(scope_proof_method_read(span_of("statement"), &method), ERR_MALFORMED);
	assert_string_equal(scope_proof_method_word(SCOPE_PROOF_DNS), "dns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_stands_at_the_name_or_in_the_reverse_zone),
		cmocka_unit_test(between_two_boundaries_each_zone_needs_a_record),
		cmocka_unit_test(what_has_too_many_zones_is_refused_with_advice),
		cmocka_unit_test(the_longest_name_has_no_room_for_a_label),
		cmocka_unit_test(a_file_proves_a_name_or_one_address),
		cmocka_unit_test(the_token_at_every_place_proves),
		cmocka_unit_test(one_zone_does_not_speak_for_the_others),
		cmocka_unit_test(what_is_missing_is_said_in_words),
		cmocka_unit_test(nothing_else_proves),
		cmocka_unit_test(every_truncation_is_judged_and_proves_nothing),
		cmocka_unit_test(what_strangers_publish_stays_on_its_line),
		cmocka_unit_test(the_largest_outcome_fits),
		cmocka_unit_test(methods_have_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
