/* grade_test.c - an excellent server, spoiled in one point each. */
#include "scan/tls/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ECDHE_RSA_AES128_GCM 0xc02f
#define ECDHE_RSA_AES256_GCM 0xc030
#define ECDHE_RSA_AES128_CBC 0xc013
#define DHE_RSA_AES128_GCM   0x009e
#define RSA_AES128_GCM       0x009c
#define RSA_AES256_CBC       0x0035
#define RSA_3DES             0x000a
#define RSA_RC4              0x0005
#define RSA_NULL             0x0002
#define RSA_EXPORT_RC4       0x0003
#define RSA_DES              0x0009
#define ADH_AES128           0x0034
#define AECDH_AES128         0xc018
#define TLS13_AES128         0x1301
#define TLS13_AES256         0x1302
#define GROUP_X25519         29
#define GROUP_HYBRID         4588

struct server {
	struct tls_result *result;
	struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES];
};

static struct server s;
static struct tls_grade grade;

static void offer(enum tls_version version, uint32_t suite)
{
	struct tls_version_result *v = &s.result->versions[version];

	v->offered = TLS_YES;
	v->suites[v->count++].id = suite;
}

static void withdraw(enum tls_version version)
{
	s.result->versions[version] = (struct tls_version_result){ .offered = TLS_NO };
}

/* TLS 1.2 with that one alone; no TLS 1.3. */
static void only(uint32_t suite)
{
	withdraw(TLS_1_3);
	withdraw(TLS_1_2);
	offer(TLS_1_2, suite);
}

static int set_up(void **state)
{
	struct tls_chain_facts *chain = &s.chains[TLS_CERTIFICATE_RSA];

	(void)state;
	memset(s.chains, 0, sizeof s.chains);
	s.result = calloc(1, sizeof *s.result);
	assert_non_null(s.result);
	for (int v = 0; v < TLS_VERSIONS; v++) {
		withdraw((enum tls_version)v);
	}
	offer(TLS_1_2, ECDHE_RSA_AES128_GCM);
	offer(TLS_1_2, ECDHE_RSA_AES256_GCM);
	offer(TLS_1_3, TLS13_AES128);
	offer(TLS_1_3, TLS13_AES256);
	s.result->groups.is_complete = true;
	s.result->groups.count = 2;
	s.result->groups.ids[0] = GROUP_HYBRID;
	s.result->groups.ids[1] = GROUP_X25519;
	s.result->ecdh_bits_min = 253;
	s.result->features.secure_renegotiation = TLS_YES;
	s.result->features.client_renegotiation = TLS_NO;
	s.result->features.compression = TLS_NO;
	s.result->features.fallback_scsv = TLS_YES;
	s.result->http =
		(struct tls_http){ .answered = TLS_YES, .hsts = TLS_YES, .max_age_s = 31536000 };
	for (int v = 0; v < TLS_VULNERABILITIES; v++) {
		s.result->vulnerabilities[v].fact = TLS_NO;
	}
	*chain = (struct tls_chain_facts){ .is_present = true,
					   .is_readable = true,
					   .key_bits = 2048,
					   .key_strength = 2048,
					   .days_left = 60,
					   .match = X509_MATCH_NAME,
					   .is_for_servers = true };
	chain->lifetime.fits_next = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(s.result);
	return 0;
}

static const struct tls_reason *reason(const char *id)
{
	for (unsigned i = 0; i < grade.count; i++) {
		if (strcmp(grade.reasons[i].rule->id, id) == 0) {
			return &grade.reasons[i];
		}
	}
	return NULL;
}

static const char *letter(void)
{
	tls_grade(s.result, s.chains, &grade);
	return tls_letter_text(grade.letter);
}

/* The letter is that, and this is among the reasons. */
static void assert_capped(const char *wanted, const char *id)
{
	assert_string_equal(letter(), wanted);
	if (reason(id) == NULL) {
		fail_msg("%s is not among the reasons", id);
	}
}

static void an_excellent_server_is_without_reasons(void **state)
{
	(void)state;
	assert_string_equal(letter(), "A+");
	assert_int_equal(grade.count, 0);
	assert_int_equal(grade.protocol, 100);
	assert_int_equal(grade.key_exchange, 90);
	assert_int_equal(grade.cipher, 90);
	assert_int_equal(grade.score, 93);
	assert_int_equal(grade.unknown, 0);
}

static void without_tls_there_is_no_letter(void **state)
{
	(void)state;
	withdraw(TLS_1_2);
	withdraw(TLS_1_3);
	assert_string_equal(letter(), "-");
	assert_int_equal(grade.count, 0);
}

static void old_protocols_cap(void **state)
{
	(void)state;
	offer(TLS_1_1, ECDHE_RSA_AES128_CBC);
	assert_capped("B", "tls-1.1");
	assert_int_equal(grade.protocol, 97);
	offer(TLS_1_0, ECDHE_RSA_AES128_CBC);
	assert_capped("B", "tls-1.0");
	assert_int_equal(grade.protocol, 95);
	offer(TLS_SSL3, ECDHE_RSA_AES128_CBC);
	assert_capped("B", "ssl-3");
	s.result->vulnerabilities[TLS_POODLE_SSL].fact = TLS_YES;
	assert_capped("C", "poodle-ssl");
	offer(TLS_SSL2, RSA_RC4);
	assert_capped("F", "ssl-2");
	assert_int_equal(grade.protocol, 50);
}

static void missing_protocols_cap(void **state)
{
	(void)state;
	withdraw(TLS_1_3);
	assert_capped("A-", "no-tls-1.3");
	withdraw(TLS_1_2);
	offer(TLS_1_1, ECDHE_RSA_AES128_CBC);
	assert_capped("C", "no-tls-1.2");
	withdraw(TLS_1_1);
	offer(TLS_SSL3, ECDHE_RSA_AES128_CBC);
	assert_capped("F", "ssl-3-best");
}

static void tls_1_3_alone_is_excellent(void **state)
{
	(void)state;
	withdraw(TLS_1_2);
	s.result->features.fallback_scsv = TLS_UNKNOWN;
	s.result->features.secure_renegotiation = TLS_NO; /* there is none in 1.3 */
	assert_string_equal(letter(), "A+");
}

struct suite_case {
	uint32_t suite;
	const char *letter;
	const char *rule;
};

static void suites_cap(void **state)
{
	static const struct suite_case cases[] = {
		{ RSA_NULL, "F", "null-cipher" },  { ADH_AES128, "F", "anonymous" },
		{ RSA_EXPORT_RC4, "F", "export" }, { RSA_DES, "F", "weak-cipher" },
		{ RSA_RC4, "C", "rc4-modern" },    { RSA_3DES, "C", "small-blocks" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tls_version_result *v = &s.result->versions[TLS_1_2];

		offer(TLS_1_2, cases[i].suite);
		assert_capped(cases[i].letter, cases[i].rule);
		v->count--;
	}
}

static void single_kinds_of_suites_cap(void **state)
{
	(void)state;
	only(RSA_RC4);
	assert_capped("F", "rc4-only");
	only(AECDH_AES128);
	assert_capped("F", "no-forward-secrecy"); /* with whom? */
	only(RSA_AES128_GCM);
	assert_capped("B", "no-forward-secrecy");
	only(ECDHE_RSA_AES128_CBC);
	assert_capped("B", "no-aead");
	assert_null(reason("no-forward-secrecy"));
}

static void rc4_with_old_protocols_only_is_less_bad(void **state)
{
	(void)state;
	offer(TLS_1_0, RSA_RC4);
	assert_capped("B", "rc4");
	assert_null(reason("rc4-modern"));
	assert_null(reason("rc4-only"));
}

static void small_blocks_with_old_protocols_only_are_less_bad(void **state)
{
	(void)state;
	offer(TLS_1_0, RSA_3DES);
	assert_string_equal(letter(), "B");
	assert_null(reason("small-blocks"));
}

static void a_server_that_prefers_no_forward_secrecy_is_capped(void **state)
{
	struct tls_version_result *v = &s.result->versions[TLS_1_2];

	(void)state;
	offer(TLS_1_2, RSA_AES256_CBC);
	v->chosen = RSA_AES256_CBC;
	v->preference = TLS_PREFERENCE_SERVER;
	assert_string_equal(letter(), "A+"); /* with 1.3 nobody gets it */
	withdraw(TLS_1_3);
	assert_capped("B", "no-forward-secrecy");
	v->preference = TLS_PREFERENCE_CLIENT;
	assert_capped("A-", "no-tls-1.3");
}

static void vulnerabilities_cap(void **state)
{
	static const struct {
		enum tls_vulnerability vulnerability;
		const char *letter;
		const char *rule;
	} cases[] = {
		{ TLS_HEARTBLEED, "F", "heartbleed" },
		{ TLS_CCS_INJECTION, "F", "ccs-injection" },
		{ TLS_ROBOT, "F", "robot" },
		{ TLS_POODLE_TLS, "F", "poodle-tls" },
		{ TLS_PADDING_ORACLE, "F", "padding-oracle" },
		{ TLS_TICKETBLEED, "F", "ticketbleed" },
		{ TLS_DROWN, "F", "drown" },
		{ TLS_CRIME, "C", "crime" },
		{ TLS_POODLE_SSL, "C", "poodle-ssl" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct tls_finding *finding = &s.result->vulnerabilities[cases[i].vulnerability];

		finding->fact = TLS_YES;
		snprintf(finding->detail, sizeof finding->detail, "how it showed");
		assert_capped(cases[i].letter, cases[i].rule);
		assert_string_equal(reason(cases[i].rule)->detail, "how it showed");
		finding->fact = TLS_UNKNOWN;
		assert_string_equal(letter(), "A+"); /* unknown is not held against anybody */
		assert_int_equal(grade.unknown, 1);
		finding->fact = TLS_NO;
	}
}

static void keys_and_parameters_cap(void **state)
{
	struct tls_chain_facts *chain = &s.chains[TLS_CERTIFICATE_RSA];

	(void)state;
	chain->key_strength = 1024;
	assert_capped("B", "key-weak");
	assert_int_equal(grade.key_exchange, 80);
	chain->key_strength = 2047;
	assert_capped("B", "key-weak");
	assert_int_equal(grade.key_exchange, 80);
	chain->key_strength = 1023;
	assert_capped("F", "key-insecure");
	assert_int_equal(grade.key_exchange, 40);
	chain->key_strength = 4096;
	s.result->ecdh_bits_min = 384;
	assert_string_equal(letter(), "A+");
	assert_int_equal(grade.key_exchange, 100);
	s.result->dh_bits_min = 1024;
	assert_capped("B", "dh-weak");
	s.result->dh_bits_min = 768;
	assert_capped("F", "dh-insecure");
	s.result->dh_bits_min = 2048;
	assert_string_equal(letter(), "A+");
	s.result->ecdh_bits_min = 192;
	assert_capped("B", "curve-weak");
}

static void the_weakest_of_all_certificates_counts(void **state)
{
	(void)state;
	s.chains[TLS_CERTIFICATE_ECDSA] = s.chains[TLS_CERTIFICATE_RSA];
	s.chains[TLS_CERTIFICATE_ECDSA].key_strength = 3072;
	assert_string_equal(letter(), "A+");
	s.chains[TLS_CERTIFICATE_RSA].key_strength = 1024;
	assert_capped("B", "key-weak");
}

static void bad_keys_and_signatures_cap(void **state)
{
	struct tls_chain_facts *chain = &s.chains[TLS_CERTIFICATE_RSA];
	struct tls_chain_facts good = *chain;

	(void)state;
	chain->is_roca = true;
	assert_capped("F", "roca");
	*chain = good;
	chain->is_exponent_one = true;
	assert_capped("F", "exponent-one");
	*chain = good;
	chain->is_known_key = true;
	assert_capped("F", "known-key");
	assert_int_equal(grade.key_exchange, 0);
	assert_int_equal(grade.score, 0);
	*chain = good;
	chain->signature = TLS_SIGNATURE_BROKEN;
	assert_capped("F", "broken-signature");
	*chain = good;
	chain->issuer_signature = TLS_SIGNATURE_BROKEN;
	assert_capped("F", "broken-signature");
	*chain = good;
	chain->signature = TLS_SIGNATURE_SHA1;
	assert_capped("T", "sha-1");
	*chain = good;
	chain->issuer_signature = TLS_SIGNATURE_SHA1;
	assert_capped("T", "sha-1-issuer");
}

static void trust_replaces_the_letter(void **state)
{
	static const struct {
		unsigned problems;
		const char *rule;
	} cases[] = {
		{ TRUST_EXPIRED, "expired" },          { TRUST_NOT_YET, "not-yet-valid" },
		{ TRUST_SELF_SIGNED, "self-signed" },  { TRUST_UNKNOWN_ROOT, "unknown-root" },
		{ TRUST_NO_ISSUER, "unknown-issuer" }, { TRUST_ISSUER_EXPIRED, "issuer-expired" },
		{ TRUST_BAD_SIGNATURE, "not-valid" },  { TRUST_NOT_A_SERVER, "not-valid" },
		{ TRUST_OTHER, "not-valid" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		s.chains[TLS_CERTIFICATE_RSA].trust.problems = cases[i].problems;
		assert_capped("T", cases[i].rule);
		assert_int_equal(grade.without_trust, TLS_LETTER_A_PLUS);
	}
}

static void revocation_counts_where_it_is_stapled(void **state)
{
	struct tls_chain_facts *chain = &s.chains[TLS_CERTIFICATE_RSA];

	(void)state;
	chain->staple.status = TRUST_STATUS_REVOKED;
	assert_string_equal(letter(), "A+");
	chain->is_stapled = true;
	assert_capped("T", "revoked");
}

static void an_incomplete_chain_is_no_untrusted_one(void **state)
{
	struct tls_chain_facts *chain = &s.chains[TLS_CERTIFICATE_RSA];

	(void)state;
	chain->trust.problems = TRUST_NO_ISSUER;
	chain->is_incomplete = true;
	assert_capped("B", "incomplete-chain");
	assert_string_equal(reason("incomplete-chain")->detail, "");
	assert_null(reason("unknown-issuer"));
	snprintf(chain->issuer_url, sizeof chain->issuer_url, "http://ca.test/intermediate.der");
	assert_capped("B", "incomplete-chain");
	assert_string_equal(reason("incomplete-chain")->detail,
			    "the certificate names it: http://ca.test/intermediate.der");
}

static void a_wrong_name_is_m_unless_worse(void **state)
{
	struct tls_chain_facts *chain = &s.chains[TLS_CERTIFICATE_RSA];

	(void)state;
	chain->match = X509_MATCH_NONE;
	snprintf(chain->subject, sizeof chain->subject, "CN=other.test");
	assert_capped("M", "name-mismatch");
	assert_string_equal(reason("name-mismatch")->detail, "CN=other.test");
	chain->trust.problems = TRUST_EXPIRED;
	assert_capped("T", "name-mismatch");
	offer(TLS_1_2, RSA_NULL);
	assert_capped("F", "expired");
}

static void less_than_excellent_is_a_or_a_minus(void **state)
{
	(void)state;
	s.result->http.max_age_s = 86400;
	assert_capped("A", "hsts-short");
	s.result->http.max_age_s = 0;
	assert_capped("A", "no-hsts");
	s.result->http.hsts = TLS_NO;
	assert_capped("A", "no-hsts");
	s.result->features.fallback_scsv = TLS_NO;
	assert_capped("A", "no-fallback-scsv");
	s.result->features.fallback_scsv = TLS_YES;
	s.result->vulnerabilities[TLS_NO_DOWNGRADE_GUARD].fact = TLS_YES;
	assert_capped("A", "no-fallback-scsv");
	s.result->vulnerabilities[TLS_NO_DOWNGRADE_GUARD].fact = TLS_NO;
	(void)letter();
	assert_null(reason("no-fallback-scsv"));
	s.result->features.secure_renegotiation = TLS_NO;
	assert_capped("A-", "no-secure-renegotiation");
	s.result->features.client_renegotiation = TLS_YES;
	assert_capped("F", "insecure-renegotiation");
}

static void who_speaks_no_http_needs_no_hsts(void **state)
{
	(void)state;
	s.result->http = (struct tls_http){ .answered = TLS_UNKNOWN };
	assert_capped("A", "no-hsts");
	s.result->http.answered = TLS_NO;
	assert_string_equal(letter(), "A+");
}

static void advice_is_given_and_not_counted(void **state)
{
	struct tls_chain_facts *chain = &s.chains[TLS_CERTIFICATE_RSA];

	(void)state;
	chain->days_left = 3;
	assert_capped("A+", "expires-soon");
	chain->is_must_staple = true;
	assert_capped("A+", "must-staple");
	chain->lifetime.fits_next = false;
	assert_capped("A+", "lifetime-next");
	chain->lifetime.is_over = true;
	assert_capped("A+", "lifetime");
	assert_null(reason("lifetime-next"));
	chain->is_wrong_order = true;
	assert_capped("A+", "wrong-order");
	chain->superfluous = 2;
	assert_capped("A+", "superfluous");
	s.result->groups.ids[0] = GROUP_X25519;
	assert_capped("A+", "no-post-quantum");
	s.result->groups.is_complete = false;
	assert_string_equal(letter(), "A+");
	assert_null(reason("no-post-quantum"));
}

static void a_certificate_that_was_not_seen_is_told(void **state)
{
	(void)state;
	s.chains[TLS_CERTIFICATE_RSA].is_present = false;
	s.chains[TLS_CERTIFICATE_RSA].key_strength = 0;
	assert_capped("A+", "certificate-unseen");
	assert_string_equal(reason("certificate-unseen")->detail, "");
	s.result->certificates_cut = 9930421;
	assert_capped("A+", "certificate-unseen");
	assert_non_null(strstr(reason("certificate-unseen")->detail, "9930421 octets"));
}

static void the_worst_reason_comes_first(void **state)
{
	(void)state;
	s.result->http.hsts = TLS_NO;
	s.chains[TLS_CERTIFICATE_RSA].match = X509_MATCH_NONE;
	s.chains[TLS_CERTIFICATE_RSA].trust.problems = TRUST_EXPIRED;
	offer(TLS_1_0, RSA_3DES);
	offer(TLS_1_2, RSA_NULL);
	(void)letter();
	assert_string_equal(grade.reasons[0].rule->id, "null-cipher");
	assert_string_equal(grade.reasons[1].rule->id, "expired");
	assert_string_equal(grade.reasons[2].rule->id, "name-mismatch");
	assert_string_equal(grade.reasons[3].rule->id, "tls-1.0");
	assert_string_equal(grade.reasons[4].rule->id, "no-hsts");
}

static void the_score_alone_can_lower_the_letter(void **state)
{
	(void)state;
	withdraw(TLS_1_3);
	withdraw(TLS_1_2);
	offer(TLS_1_0, RSA_3DES); /* protocol 90, key 90, cipher 20 */
	(void)letter();
	assert_int_equal(grade.cipher, 20);
	assert_int_equal(grade.score, (90 * 30 + 90 * 30 + 20 * 40) / 100);
	assert_string_equal(tls_letter_text(grade.letter), "C");
}

static void every_rule_says_what_how_and_is_found_by_one_name(void **state)
{
	size_t count;
	const struct tls_rule *rules = tls_rules(&count);

	(void)state;
	assert_true(count <= TLS_REASONS_MAX);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(rules[i].id);
		assert_true(strlen(rules[i].sentence) > 10);
		assert_true(strlen(rules[i].fix) > 5);
		for (size_t other = 0; other < i; other++) {
			assert_string_not_equal(rules[i].id, rules[other].id);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_excellent_server_is_without_reasons),
		TEST(without_tls_there_is_no_letter),
		TEST(old_protocols_cap),
		TEST(missing_protocols_cap),
		TEST(tls_1_3_alone_is_excellent),
		TEST(suites_cap),
		TEST(single_kinds_of_suites_cap),
		TEST(rc4_with_old_protocols_only_is_less_bad),
		TEST(small_blocks_with_old_protocols_only_are_less_bad),
		TEST(a_server_that_prefers_no_forward_secrecy_is_capped),
		TEST(vulnerabilities_cap),
		TEST(keys_and_parameters_cap),
		TEST(the_weakest_of_all_certificates_counts),
		TEST(bad_keys_and_signatures_cap),
		TEST(trust_replaces_the_letter),
		TEST(revocation_counts_where_it_is_stapled),
		TEST(an_incomplete_chain_is_no_untrusted_one),
		TEST(a_wrong_name_is_m_unless_worse),
		TEST(less_than_excellent_is_a_or_a_minus),
		TEST(who_speaks_no_http_needs_no_hsts),
		TEST(advice_is_given_and_not_counted),
		TEST(a_certificate_that_was_not_seen_is_told),
		TEST(the_worst_reason_comes_first),
		TEST(the_score_alone_can_lower_the_letter),
		TEST(every_rule_says_what_how_and_is_found_by_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
