/* conclude.c - vulnerabilities that follow from what is offered. */
#include <stdio.h>

#include "scan/tls/assessment.h"

void finding_set(struct tls_result *result, enum tls_vulnerability vulnerability,
		 enum tls_fact fact, const char *detail)
{
	struct tls_finding *finding = &result->vulnerabilities[vulnerability];

	finding->fact = fact;
	(void)snprintf(finding->detail, sizeof finding->detail, "%s", detail);
}

/* What counts over versions: which suites there are. */
struct seen {
	unsigned suites;
	char example[TLS_SUITE_NAME_SIZE];
};

static struct seen count_suites(const struct tls_result *result, enum tls_version from,
				enum tls_version to, bool (*is_it)(const struct tls_suite *))
{
	struct seen seen = { 0 };
	struct tls_suite suite;

	for (unsigned v = from; v <= to; v++) {
		for (unsigned i = 0; i < result->versions[v].count; i++) {
			(void)tls_suites_find(result->versions[v].suites[i].id, &suite);
			if (!is_it(&suite)) {
				continue;
			}
			if (seen.suites++ == 0) {
				(void)snprintf(seen.example, sizeof seen.example, "%s", suite.name);
			}
		}
	}
	return seen;
}

/* No suite of the kind is a no only where all were tried, or those were asked for. */
static bool is_known(const struct tls_result *result, enum tls_version from, enum tls_version to)
{
	for (unsigned v = from; v <= to; v++) {
		if (result->versions[v].offered == TLS_UNKNOWN ||
		    (result->versions[v].offered == TLS_YES && !result->versions[v].is_complete &&
		     !result->is_quick)) {
			return false;
		}
	}
	return true;
}

static void by_suites(struct tls_result *result, enum tls_vulnerability vulnerability,
		      enum tls_version from, enum tls_version to,
		      bool (*is_it)(const struct tls_suite *))
{
	struct seen seen = count_suites(result, from, to, is_it);
	char detail[TLS_RESULT_DETAIL_SIZE] = "";

	if (seen.suites == 1) {
		(void)snprintf(detail, sizeof detail, "%s", seen.example);
	} else if (seen.suites > 1) {
		(void)snprintf(detail, sizeof detail, "%s and %u more", seen.example,
			       seen.suites - 1);
	}
	finding_set(result, vulnerability,
		    seen.suites > 0              ? TLS_YES
		    : is_known(result, from, to) ? TLS_NO
						 : TLS_UNKNOWN,
		    detail);
}

static bool is_cbc(const struct tls_suite *suite)
{
	return suite->mode == TLS_MODE_CBC;
}

static bool is_rc4(const struct tls_suite *suite)
{
	return suite->cipher[0] == 'R' && suite->cipher[1] == 'C' && suite->cipher[2] == '4';
}

static bool is_64_bit_block(const struct tls_suite *suite)
{
	return suite->block_bits == 64 && suite->mode == TLS_MODE_CBC;
}

static bool is_export_rsa(const struct tls_suite *suite)
{
	return suite->kex == TLS_KEX_RSA && suite->export_bits != 0;
}

static bool is_export_dhe(const struct tls_suite *suite)
{
	return suite->kex == TLS_KEX_DHE && suite->export_bits != 0;
}

static void conclude_logjam(struct tls_result *result)
{
	struct seen seen = count_suites(result, TLS_SSL3, TLS_1_2, is_export_dhe);
	char detail[TLS_RESULT_DETAIL_SIZE] = "";
	const char *name = NULL;
	bool is_weak = result->dh_bits_min > 0 && result->dh_bits_min <= 1024;

	for (unsigned i = 0; i < result->prime_count; i++) {
		name = result->primes[i].is_weak_common ? result->primes[i].common_name : name;
	}
	if (seen.suites > 0) {
		(void)snprintf(detail, sizeof detail, "export suites: %s", seen.example);
	} else if (is_weak && name != NULL) {
		(void)snprintf(detail, sizeof detail, "prime of %u bits that many share: %s",
			       result->dh_bits_min, name);
	} else if (is_weak) {
		(void)snprintf(detail, sizeof detail, "prime of %u bits", result->dh_bits_min);
	}
	finding_set(result, TLS_LOGJAM,
		    seen.suites > 0 || is_weak            ? TLS_YES
		    : is_known(result, TLS_SSL3, TLS_1_2) ? TLS_NO
							  : TLS_UNKNOWN,
		    detail);
}

static void conclude_lucky13(struct tls_result *result)
{
	by_suites(result, TLS_LUCKY13, TLS_SSL3, TLS_1_2, is_cbc);
	if (result->vulnerabilities[TLS_LUCKY13].fact == TLS_YES) {
		finding_set(result, TLS_LUCKY13, TLS_YES,
			    result->features.encrypt_then_mac == TLS_YES
				    ? "exposure: CBC suites, but encrypt-then-mac is offered"
				    : "exposure: CBC suites; whether padding is checked in "
				      "constant time cannot be seen");
	}
}

static void conclude_drown(struct tls_result *result)
{
	enum tls_fact offered = result->versions[TLS_SSL2].offered;

	finding_set(result, TLS_DROWN, offered, offered == TLS_YES ? "SSLv2 is offered" : "");
}

static enum tls_fact opposite(enum tls_fact fact)
{
	return fact == TLS_UNKNOWN ? TLS_UNKNOWN : fact == TLS_YES ? TLS_NO : TLS_YES;
}

static void conclude_guard(struct tls_result *result)
{
	const struct tls_features *features = &result->features;
	unsigned versions = 0;

	for (unsigned v = TLS_SSL3; v < TLS_VERSIONS; v++) {
		versions += result->versions[v].offered == TLS_YES;
	}
	if (versions == 1) {
		finding_set(result, TLS_NO_DOWNGRADE_GUARD, TLS_NO, "one version only");
	} else if (features->fallback_scsv == TLS_YES || features->downgrade_sentinel == TLS_YES) {
		finding_set(result, TLS_NO_DOWNGRADE_GUARD, TLS_NO, "");
	} else {
		finding_set(result, TLS_NO_DOWNGRADE_GUARD, opposite(features->fallback_scsv),
			    features->fallback_scsv == TLS_NO ? "TLS_FALLBACK_SCSV is not heeded"
							      : "");
	}
}

static void conclude_tolerance(struct tls_result *result)
{
	const struct tls_features *features = &result->features;

	if (features->grease == TLS_NO) {
		finding_set(result, TLS_VERSION_INTOLERANCE, TLS_YES,
			    "reserved values (GREASE) break the handshake");
	} else if (features->version_tolerance == TLS_NO) {
		finding_set(result, TLS_VERSION_INTOLERANCE, TLS_YES,
			    "a version that it does not know breaks the handshake");
	} else {
		finding_set(result, TLS_VERSION_INTOLERANCE, opposite(features->grease), "");
	}
}

void conclude(struct tls_result *result)
{
	const struct tls_features *features = &result->features;

	if (result->failure != TLS_FINE) {
		return;
	}
	by_suites(result, TLS_POODLE_SSL, TLS_SSL3, TLS_SSL3, is_cbc);
	by_suites(result, TLS_BEAST, TLS_SSL3, TLS_1_0, is_cbc);
	by_suites(result, TLS_RC4, TLS_SSL3, TLS_1_2, is_rc4);
	by_suites(result, TLS_SWEET32, TLS_SSL3, TLS_1_2, is_64_bit_block);
	by_suites(result, TLS_FREAK, TLS_SSL3, TLS_1_2, is_export_rsa);
	conclude_lucky13(result);
	conclude_logjam(result);
	conclude_drown(result);
	finding_set(result, TLS_CRIME,
		    result->versions[TLS_1_3].offered == TLS_YES &&
				    features->compression == TLS_UNKNOWN
			    ? TLS_NO
			    : features->compression,
		    features->compression == TLS_YES ? "DEFLATE is agreed to" : "");
	finding_set(result, TLS_RENEGOTIATION, opposite(features->secure_renegotiation), "");
	if (features->secure_renegotiation == TLS_UNKNOWN &&
	    result->versions[TLS_1_3].offered == TLS_YES) {
		finding_set(result, TLS_RENEGOTIATION, TLS_NO, "TLS 1.3 has none");
	}
	conclude_guard(result);
	conclude_tolerance(result);
}
