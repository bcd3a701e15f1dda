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
	const struct tls_version_result *ssl2 = &result->versions[TLS_SSL2];
	const char *export_kind = NULL;
	struct tls_suite suite;
	char detail[TLS_RESULT_DETAIL_SIZE] = "";

	for (unsigned i = 0; i < ssl2->count && export_kind == NULL; i++) {
		(void)tls_suites_find(ssl2->suites[i].id, &suite);
		export_kind = suite.bits == 40 ? suite.name : NULL;
	}
	if (ssl2->offered == TLS_YES) {
		(void)snprintf(detail, sizeof detail, "SSLv2 is offered%s%s",
			       export_kind != NULL ? ", with export ciphers: " : "",
			       export_kind != NULL ? export_kind : "");
	}
	finding_set(result, TLS_DROWN, ssl2->offered, detail);
}

static enum tls_fact opposite(enum tls_fact fact)
{
	return fact == TLS_UNKNOWN ? TLS_UNKNOWN : fact == TLS_YES ? TLS_NO : TLS_YES;
}

/* RFC 8446, 4.1.3: who can do 1.3 says so in the random of every version below, with one value
 * for TLS 1.2 and another for what is older. version: the first that lacks it. */
static enum tls_fact sentinel_of(const struct tls_result *result, enum tls_version *version)
{
	enum tls_fact fact = TLS_UNKNOWN;

	if (result->versions[TLS_1_3].offered != TLS_YES) {
		return TLS_UNKNOWN;
	}
	for (unsigned v = TLS_1_2; v >= TLS_1_0; v--) {
		const struct tls_version_result *of = &result->versions[v];
		bool is_wrong = v == TLS_1_2 ? of->is_sentinel_tls11 : of->is_sentinel_tls12;

		if (of->offered == TLS_YES && (is_wrong || of->is_without_sentinel)) {
			*version = v;
			return TLS_NO;
		}
		if (of->offered == TLS_YES) {
			fact = TLS_YES;
		}
	}
	return fact;
}

static unsigned count_versions(const struct tls_result *result, enum tls_version from,
			       enum tls_version to)
{
	unsigned count = 0;

	for (unsigned v = from; v <= to; v++) {
		count += result->versions[v].offered == TLS_YES;
	}
	return count;
}

/* Two guards, for two kinds of clients: the sentinel for those that know TLS 1.3; the signal for
 * those that come again with less. RFC 8996 gave the latter up with the versions that it was for:
 * where nothing is older than TLS 1.2, the former is enough. */
static void conclude_guard(struct tls_result *result)
{
	const struct tls_features *features = &result->features;
	bool has_old = count_versions(result, TLS_SSL3, TLS_1_1) > 0;
	enum tls_version at = TLS_VERSIONS;
	enum tls_fact sentinel = sentinel_of(result, &at);
	char detail[TLS_RESULT_DETAIL_SIZE] = "";
	enum tls_fact fact = TLS_UNKNOWN;

	result->features.downgrade_sentinel = sentinel;
	if (count_versions(result, TLS_SSL3, TLS_1_3) == 1) {
		fact = TLS_NO;
		(void)snprintf(detail, sizeof detail, "one version only");
	} else if (sentinel == TLS_NO) {
		fact = TLS_YES;
		(void)snprintf(detail, sizeof detail,
			       "with %s the sentinel that TLS 1.3 demands is missing or wrong (RFC "
			       "8446, 4.1.3)",
			       tls_version_text(at));
	} else if (features->fallback_scsv == TLS_NO && (has_old || sentinel != TLS_YES)) {
		fact = TLS_YES;
		(void)snprintf(detail, sizeof detail, "TLS_FALLBACK_SCSV is not heeded");
	} else if (features->fallback_scsv == TLS_NO) {
		fact = TLS_NO;
		(void)snprintf(detail, sizeof detail,
			       "by the sentinel of TLS 1.3; TLS_FALLBACK_SCSV is not heeded");
	} else if (features->fallback_scsv == TLS_YES) {
		fact = TLS_NO;
	} else if (features->fallback_alert != 0) {
		(void)snprintf(detail, sizeof detail,
			       "TLS_FALLBACK_SCSV is refused with alert %u, not with "
			       "inappropriate_fallback (RFC 7507)",
			       features->fallback_alert);
	} else {
		(void)snprintf(detail, sizeof detail,
			       "no usable answer to a hello with TLS_FALLBACK_SCSV");
	}
	finding_set(result, TLS_NO_DOWNGRADE_GUARD, fact, detail);
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

static void conclude_renegotiation(struct tls_result *result)
{
	const struct tls_features *features = &result->features;

	if (features->secure_renegotiation == TLS_NO) {
		finding_set(result, TLS_RENEGOTIATION, TLS_YES,
			    features->client_renegotiation == TLS_YES
				    ? "without RFC 5746, and done when a client asks for it"
			    : features->client_renegotiation == TLS_NO
				    ? "without RFC 5746; when a client asks for it, it is refused"
				    : "without RFC 5746");
	} else if (features->secure_renegotiation == TLS_YES) {
		finding_set(result, TLS_RENEGOTIATION, TLS_NO, "");
	} else if (result->versions[TLS_1_3].offered == TLS_YES) {
		finding_set(result, TLS_RENEGOTIATION, TLS_NO, "TLS 1.3 has none");
	}
}

/* Never a bare "not known". */
static void explain_unknown(struct tls_result *result)
{
	for (unsigned i = 0; i < TLS_VULNERABILITIES; i++) {
		struct tls_finding *finding = &result->vulnerabilities[i];

		if (finding->fact != TLS_UNKNOWN || finding->detail[0] != '\0') {
			continue;
		}
		finding_set(result, i, TLS_UNKNOWN,
			    result->accounting.is_timed_out ? "the time was up before it was tried"
			    : result->is_quick ? "not tried where only the letter is asked for"
					       : "the server gave no usable answer");
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
	conclude_renegotiation(result);
	conclude_guard(result);
	conclude_tolerance(result);
	explain_unknown(result);
}
