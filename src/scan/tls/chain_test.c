/* chain_test.c - certificates made with openssl, put together as servers do, well and badly. */
#include "scan/tls/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/reader.h"
#include "base/writer.h"
#include "sys/trust_files.h"

#define DAY_S 86400

static uint8_t slots[TLS_RESULT_CHAIN_MAX + 1][TRUST_FILE_MAX];
static struct tls_result *result;
static struct trust_store *store;

static struct span file(unsigned slot, const char *name)
{
	return trust_file(slots[slot], name);
}

static int set_up(void **state)
{
	(void)state;
	result = calloc(1, sizeof *result);
	assert_non_null(result);
	snprintf(result->target.host, sizeof result->target.host, "server.lab.test");
	assert_int_equal(trust_store_open(TRUST_FILES "/root.pem", &store, NULL), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(result);
	trust_store_free(&store);
	return 0;
}

/* Files in the order sent, ended by NULL. */
static struct tls_chain_facts facts_of(const char *const *names, int64_t now_s)
{
	struct tls_chain *chain = &result->chains[TLS_CERTIFICATE_ECDSA];
	struct tls_chain_judges judges = { .store = store };
	struct tls_chain_facts facts;

	for (chain->count = 0; names[chain->count] != NULL; chain->count++) {
		chain->certificates[chain->count] = file(chain->count, names[chain->count]);
	}
	tls_chain_analyse(result, TLS_CERTIFICATE_ECDSA, &judges, now_s, &facts);
	return facts;
}

#define FACTS(...) facts_of((const char *const[]){ __VA_ARGS__, NULL }, TRUST_FILES_NOW)

static void a_good_chain_has_nothing_to_complain_of(void **state)
{
	struct tls_chain_facts f = FACTS("good.der", "intermediate.der");

	(void)state;
	assert_string_equal(tls_trust_text(&f), "trusted");
	assert_string_equal(f.subject, "CN=server.lab.test");
	assert_string_equal(f.issuer, "CN=Scenario Intermediate");
	assert_string_equal(f.common_name, "server.lab.test");
	assert_string_equal(f.key_type, "ec");
	assert_int_equal(f.key_bits, 256);
	assert_int_equal(f.key_strength, 3072);
	assert_int_equal(f.names, 3);
	assert_int_equal(f.match, X509_MATCH_NAME);
	assert_int_equal(f.days_left, 89);
	assert_int_equal(f.lifetime.days, 91); /* 90 days and a second */
	assert_false(f.lifetime.is_over);
	assert_true(f.is_issuer_sent && f.is_for_servers);
	assert_false(f.is_incomplete || f.is_wrong_order || f.is_root_sent || f.is_must_staple);
	assert_int_equal(f.superfluous, 0);
	assert_int_equal(f.issuer_key_strength_min, 3072);
}

static void order_and_needless_certificates_are_told(void **state)
{
	struct tls_chain_facts wrong = FACTS("good.der", "root.der", "intermediate.der");
	struct tls_chain_facts extra = FACTS("good.der", "intermediate.der", "other.der");
	struct tls_chain_facts root = FACTS("good.der", "intermediate.der", "root.der");

	(void)state;
	assert_string_equal(tls_trust_text(&wrong), "trusted");
	assert_true(wrong.is_wrong_order && wrong.is_root_sent);
	assert_int_equal(extra.superfluous, 1);
	assert_false(extra.is_wrong_order);
	assert_true(root.is_root_sent);
	assert_false(root.is_wrong_order);
	assert_int_equal(root.superfluous, 0);
}

static void an_incomplete_chain_is_told_from_an_unknown_issuer(void **state)
{
	struct tls_chain_facts incomplete = FACTS("good.der");
	struct tls_chain_facts without_url = FACTS("staple.der");
	struct tls_chain_facts self = FACTS("self.der");

	(void)state;
	assert_true(incomplete.is_incomplete);
	assert_string_equal(incomplete.issuer_url, "http://ca.test/intermediate.der");
	assert_string_equal(without_url.issuer_url, "");
	assert_string_equal(tls_trust_text(&incomplete), "incomplete chain");
	assert_false(without_url.is_incomplete);
	assert_string_equal(tls_trust_text(&without_url), "unknown issuer");
	assert_string_equal(tls_trust_text(&self), "self-signed");
	assert_string_equal(tls_trust_text(&(struct tls_chain_facts){ 0 }), "trusted");
}

static void time_names_and_signatures_are_judged(void **state)
{
	struct tls_chain_facts expired = FACTS("expired.der", "intermediate.der");
	struct tls_chain_facts other = FACTS("other.der", "intermediate.der");
	struct tls_chain_facts sha1 = FACTS("sha1.der", "intermediate.der");
	struct tls_chain_facts lived = FACTS("long.der", "intermediate.der");
	struct tls_chain_facts staple = FACTS("staple.der", "intermediate.der");

	(void)state;
	assert_string_equal(tls_trust_text(&expired), "expired");
	assert_true(expired.days_left < 0);
	assert_int_equal(other.match, X509_MATCH_NONE);
	assert_int_equal(sha1.signature, TLS_SIGNATURE_SHA1);
	assert_true(lived.lifetime.is_over);
	assert_int_equal(lived.lifetime.limit_days, 200);
	assert_true(staple.is_must_staple);
}

static void addresses_are_matched_with_addresses(void **state)
{
	struct tls_chain_facts f;

	(void)state;
	result->target.is_host_address = true;
	snprintf(result->target.address, sizeof result->target.address, "127.0.0.1");
	f = FACTS("good.der", "intermediate.der");
	assert_int_equal(f.match, X509_MATCH_ADDRESS);
	result->target.is_host_address = false;
	snprintf(result->target.host, sizeof result->target.host, "nobody.test");
	f = FACTS("good.der", "intermediate.der");
	assert_int_equal(f.match, X509_MATCH_NONE);
}

static void stapled_answers_belong_to_their_certificate(void **state)
{
	struct tls_chain_facts good;
	struct tls_chain_facts other;

	(void)state;
	result->ocsp_response = file(TLS_RESULT_CHAIN_MAX, "revoked.ocsp");
	good = FACTS("revoked.der", "intermediate.der");
	other = FACTS("good.der", "intermediate.der");
	assert_true(good.is_stapled);
	assert_string_equal(tls_trust_text(&good), "revoked");
	assert_false(other.is_stapled);
	assert_string_equal(tls_trust_text(&other), "trusted");
}

static void timestamps_are_counted_and_logs_told_apart(void **state)
{
	/* a list of two: from two logs, the first of them twice in the other list */
	static uint8_t list[2 + 2 * 57] = { 0, 114 };
	struct tls_chain_facts f;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t *entry = list + 2 + 57 * i;

		entry[1] = 55;
		memset(entry + 3, (int)i + 1, 32);
		entry[2 + 1 + 32 + 8 + 2 + 2 + 1] = 8;
	}
	result->scts = (struct span){ list, sizeof list };
	f = FACTS("good.der", "intermediate.der");
	assert_int_equal(f.transparency.in_extension, 2);
	assert_int_equal(f.transparency.in_certificate, 0);
	assert_int_equal(f.transparency.logs, 2);
	memset(list + 2 + 57 + 3, 1, 32);
	assert_int_equal(FACTS("good.der").transparency.logs, 1);
}

static void what_is_no_certificate_is_told_and_nothing_more(void **state)
{
	struct tls_chain_facts f = FACTS("good.ocsp", "root.pem");

	(void)state;
	assert_true(f.is_present);
	assert_false(f.is_readable);
	assert_string_equal(tls_trust_text(&f), "unreadable");
	result->chains[TLS_CERTIFICATE_ECDSA].count = 0;
	tls_chain_analyse(result, TLS_CERTIFICATE_ECDSA,
			  &(struct tls_chain_judges){ .store = store }, TRUST_FILES_NOW, &f);
	assert_false(f.is_present);
}

static void a_known_key_is_found(void **state)
{
	struct known_keys *keys = NULL;
	struct tls_chain_facts f = FACTS("good.der", "intermediate.der");
	struct tls_chain_judges judges = { .store = store };
	char line[65];

	(void)state;
	assert_false(f.is_known_key);
	for (size_t i = 0; i < 32; i++) {
		snprintf(line + 2 * i, 3, "%02x", f.key_sha256[i]);
	}
	assert_int_equal(known_keys_parse(span_of(line), &keys, NULL), 0);
	judges.known_keys = keys;
	tls_chain_analyse(result, TLS_CERTIFICATE_ECDSA, &judges, TRUST_FILES_NOW, &f);
	known_keys_free(&keys);
	assert_true(f.is_known_key);
}

static void lifetimes_follow_the_schedule(void **state)
{
	static const struct {
		int64_t issued; /* also now */
		unsigned days;
		unsigned limit;
		unsigned next;
	} cases[] = {
		{ 1483228800, 1100, 0, 825 },  /* 2017-01-01 */
		{ 1577836800, 800, 825, 398 }, /* 2020-01-01 */
		{ 1773532799, 398, 398, 200 }, /* a second before 2026-03-15 */
		{ 1773532800, 200, 200, 100 }, { 1805068800, 100, 100, 47 },
		{ 1868227200, 47, 47, 0 },
	};
	struct tls_lifetime life;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t end = cases[i].issued + (int64_t)cases[i].days * DAY_S - 1;

		tls_lifetime_judge(cases[i].issued, end, cases[i].issued, &life);
		assert_int_equal(life.days, cases[i].days);
		assert_int_equal(life.limit_days, cases[i].limit);
		assert_int_equal(life.next_limit_days, cases[i].next);
		assert_false(life.is_over);
		tls_lifetime_judge(cases[i].issued, end + 1, cases[i].issued, &life);
		assert_int_equal(life.is_over, cases[i].limit == cases[i].days);
	}
	tls_lifetime_judge(100, 50, 100, &life); /* ends before it begins */
	assert_int_equal(life.days, 0);
}

static void strengths_of_curves_and_keys_compare(void **state)
{
	(void)state;
	assert_int_equal(tls_key_strength("rsa", 2048), 2048);
	assert_int_equal(tls_key_strength("ec", 256), 3072);
	assert_int_equal(tls_key_strength("ec", 192), 1024);
	assert_int_equal(tls_key_strength("ed448", 456), 7680);
	assert_int_equal(tls_key_strength("1.2.3", 4), 0);
	assert_int_equal(tls_curve_strength(521), 15360);
	assert_int_equal(tls_curve_strength(96), 96);
}

/* What is in it goes behind its head; returns all of it. */
static struct span wrap(uint8_t tag, struct span content, uint8_t *out, size_t capacity)
{
	struct writer w = writer_over(out, capacity);

	writer_u8(&w, tag);
	writer_u8(&w, 0x83);
	writer_u8(&w, (uint8_t)(content.len >> 16));
	writer_be16(&w, (uint16_t)content.len);
	writer_bytes(&w, content);
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

/* The octets behind a head of two octets of length, as both of a certificate's outer ones are. */
static struct span inside(struct span der)
{
	assert_int_equal(der.ptr[1], 0x82);
	return span_first(span_after(der, 4), (size_t)(der.ptr[2] << 8 | der.ptr[3]));
}

#define MANY     11000
#define MANY_MAX 200000

/* good.der with other extensions: one, of MANY names. Nobody has signed that. */
static struct span with_many_names(void)
{
	static uint8_t a[MANY_MAX];
	static uint8_t b[MANY_MAX];
	static const uint8_t oid[] = { 0x06, 0x03, 0x55, 0x1d, 0x11 };
	struct span good = file(0, "good.der");
	struct span tbs = inside(inside(good));
	struct span rest = span_after(inside(good), tbs.len + 4);
	struct writer w = writer_over(a, sizeof a);
	size_t extensions = 0;
	struct span all;

	while (tbs.ptr[extensions] != 0xa3 || (tbs.ptr[extensions + 1] & 0xfc) != 0x80) {
		extensions++;
	}
	for (unsigned i = 0; i < MANY; i++) {
		writer_be16(&w, 0x8206);
		writer_be32(&w, 0x61616161u + i);
		writer_be16(&w, 0x2e78);
	}
	all = wrap(0x30, writer_span(&w), b, sizeof b);
	all = wrap(0x04, all, a, sizeof a);
	w = writer_over(b, sizeof b);
	writer_bytes(&w, (struct span){ oid, sizeof oid });
	writer_bytes(&w, all);
	all = wrap(0x30, writer_span(&w), a, sizeof a);
	all = wrap(0x30, all, b, sizeof b);
	all = wrap(0xa3, all, a, sizeof a);
	w = writer_over(b, sizeof b);
	writer_bytes(&w, span_first(tbs, extensions));
	writer_bytes(&w, all);
	all = wrap(0x30, writer_span(&w), a, sizeof a);
	w = writer_over(b, sizeof b);
	writer_bytes(&w, all);
	writer_bytes(&w, rest);
	return wrap(0x30, writer_span(&w), a, sizeof a);
}

static void names_beyond_the_limit_are_counted_not_compared(void **state)
{
	struct tls_chain *chain = &result->chains[TLS_CERTIFICATE_ECDSA];
	struct tls_chain_judges judges = { .store = store };
	struct tls_chain_facts facts;

	(void)state;
	chain->certificates[0] = with_many_names();
	chain->count = 1;
	tls_chain_analyse(result, TLS_CERTIFICATE_ECDSA, &judges, TRUST_FILES_NOW, &facts);
	assert_true(facts.is_readable);
	assert_int_equal(facts.names, MANY);
	assert_int_equal(facts.names_not_compared, MANY - X509_MATCH_NAMES_MAX);
	assert_int_equal(facts.match, X509_MATCH_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_good_chain_has_nothing_to_complain_of, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(order_and_needless_certificates_are_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_incomplete_chain_is_told_from_an_unknown_issuer,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_names_and_signatures_are_judged, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(addresses_are_matched_with_addresses, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(stapled_answers_belong_to_their_certificate, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(timestamps_are_counted_and_logs_told_apart, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_certificate_is_told_and_nothing_more,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_known_key_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_beyond_the_limit_are_counted_not_compared,
						set_up, tear_down),
		cmocka_unit_test(lifetimes_follow_the_schedule),
		cmocka_unit_test(strengths_of_curves_and_keys_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
