/* grade_checks.c - what holds of a server: one small function for each rule. */
#include <stdio.h>

#include "scan/tls/grade_rules.h"

/* Six months, as the guide's "long" is read. */
#define HSTS_MIN_S (UINT64_C(180) * 86400)

#define EXPIRES_SOON_DAYS 14

/* --- protocols */

static bool is_offered(const struct grade_view *view, enum tls_version version)
{
	return grade_view_offers(view, version);
}

static bool ssl_2(const struct grade_view *view, char *detail)
{
	(void)detail;
	return is_offered(view, TLS_SSL2);
}

static bool has_tls(const struct grade_view *view)
{
	return is_offered(view, TLS_1_0) || is_offered(view, TLS_1_1) ||
	       is_offered(view, TLS_1_2) || is_offered(view, TLS_1_3);
}

static bool ssl_3_best(const struct grade_view *view, char *detail)
{
	(void)detail;
	return is_offered(view, TLS_SSL3) && !has_tls(view);
}

static bool ssl_3(const struct grade_view *view, char *detail)
{
	(void)detail;
	return is_offered(view, TLS_SSL3);
}

static bool tls_1_0(const struct grade_view *view, char *detail)
{
	(void)detail;
	return is_offered(view, TLS_1_0);
}

static bool tls_1_1(const struct grade_view *view, char *detail)
{
	(void)detail;
	return is_offered(view, TLS_1_1);
}

static bool no_tls_1_2(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->result->versions[TLS_1_2].offered == TLS_NO && !is_offered(view, TLS_1_3);
}

static bool no_tls_1_3(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->result->versions[TLS_1_3].offered == TLS_NO;
}

static bool has_up_to_1_2(const struct grade_view *view)
{
	return is_offered(view, TLS_SSL3) || is_offered(view, TLS_1_0) ||
	       is_offered(view, TLS_1_1) || is_offered(view, TLS_1_2);
}

/* --- suites */

static bool null_cipher(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->all.has_null;
}

static bool anonymous(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->all.has_anonymous;
}

static bool export_suite(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->all.has_export;
}

static bool weak_cipher(const struct grade_view *view, char *detail)
{
	if (view->all.has_weak) {
		snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u bits", view->all.worst_bits);
	}
	return view->all.has_weak;
}

static bool rc4_only(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->all.has_rc4 && !view->all.has_other_than_rc4;
}

static bool rc4_modern(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->of[TLS_1_1].has_rc4 || view->of[TLS_1_2].has_rc4;
}

static bool rc4(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->all.has_rc4;
}

static bool small_blocks(const struct grade_view *view, char *detail)
{
	(void)detail;
	return view->of[TLS_1_1].has_small_blocks || view->of[TLS_1_2].has_small_blocks;
}

static bool no_forward_secrecy(const struct grade_view *view, char *detail)
{
	if (!view->all.has_forward_secrecy) {
		snprintf(detail, TLS_REASON_DETAIL_SIZE, "not offered");
		return true;
	}
	if (view->is_chosen_without_forward_secrecy) {
		snprintf(detail, TLS_REASON_DETAIL_SIZE, "the server prefers a suite without it");
		return true;
	}
	return false;
}

static bool no_aead(const struct grade_view *view, char *detail)
{
	(void)detail;
	return !view->all.has_aead;
}

/* --- vulnerabilities, as they were tested */

static bool is_vulnerable(const struct grade_view *view, enum tls_vulnerability to, char *detail)
{
	const struct tls_finding *finding = &view->result->vulnerabilities[to];

	if (finding->fact == TLS_YES) {
		snprintf(detail, TLS_REASON_DETAIL_SIZE, "%s", finding->detail);
	}
	return finding->fact == TLS_YES;
}

static bool heartbleed(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_HEARTBLEED, detail);
}

static bool ccs_injection(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_CCS_INJECTION, detail);
}

static bool robot(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_ROBOT, detail);
}

static bool poodle_tls(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_POODLE_TLS, detail);
}

static bool padding_oracle(const struct grade_view *view, char *detail)
{
	/* POODLE in TLS is one, too, and told by itself */
	return is_vulnerable(view, TLS_PADDING_ORACLE, detail) &&
	       view->result->vulnerabilities[TLS_POODLE_TLS].fact != TLS_YES;
}

static bool poodle_ssl(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_POODLE_SSL, detail);
}

static bool ticketbleed(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_TICKETBLEED, detail);
}

static bool drown(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_DROWN, detail) && !is_offered(view, TLS_SSL2);
}

static bool crime(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_CRIME, detail) ||
	       view->result->features.compression == TLS_YES;
}

static bool insecure_renegotiation(const struct grade_view *view, char *detail)
{
	const struct tls_features *features = &view->result->features;

	(void)detail;
	return has_up_to_1_2(view) && features->secure_renegotiation == TLS_NO &&
	       features->client_renegotiation == TLS_YES;
}

static bool no_secure_renegotiation(const struct grade_view *view, char *detail)
{
	(void)detail;
	return has_up_to_1_2(view) && view->result->features.secure_renegotiation == TLS_NO;
}

static bool no_fallback_scsv(const struct grade_view *view, char *detail)
{
	return is_vulnerable(view, TLS_NO_DOWNGRADE_GUARD, detail) ||
	       view->result->features.fallback_scsv == TLS_NO;
}

/* --- keys */

static bool is_strength_within(unsigned bits, unsigned from, unsigned below, char *detail)
{
	if (bits == 0 || bits < from || bits >= below) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u bits", bits);
	return true;
}

static bool key_insecure(const struct grade_view *view, char *detail)
{
	return is_strength_within(view->key_strength_min, 1, 1024, detail);
}

static bool key_weak(const struct grade_view *view, char *detail)
{
	return is_strength_within(view->key_strength_min, 1024, 2048, detail);
}

static bool dh_insecure(const struct grade_view *view, char *detail)
{
	return is_strength_within(view->result->dh_bits_min, 1, 1024, detail);
}

static bool dh_weak(const struct grade_view *view, char *detail)
{
	return is_strength_within(view->result->dh_bits_min, 1024, 2048, detail);
}

static bool curve_weak(const struct grade_view *view, char *detail)
{
	return is_strength_within(view->result->ecdh_bits_min, 1, 224, detail);
}

/* --- HTTP */

static bool no_hsts(const struct grade_view *view, char *detail)
{
	const struct tls_http *http = &view->result->http;

	(void)detail;
	/* who does not speak HTTP has nothing to announce */
	return http->answered != TLS_NO && (http->hsts != TLS_YES || http->max_age_s == 0);
}

static bool hsts_short(const struct grade_view *view, char *detail)
{
	const struct tls_http *http = &view->result->http;

	if (http->hsts != TLS_YES || http->max_age_s == 0 || http->max_age_s >= HSTS_MIN_S) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u days", (unsigned)(http->max_age_s / 86400));
	return true;
}

static bool no_post_quantum(const struct grade_view *view, char *detail)
{
	const struct tls_groups_result *groups = &view->result->groups;

	(void)detail;
	for (unsigned i = 0; i < groups->count; i++) {
		const struct tls_group *group = tls_groups_find(groups->ids[i]);

		if (group != NULL && group->is_post_quantum) {
			return false;
		}
	}
	return groups->is_complete;
}

static bool certificate_unseen(const struct grade_view *view, char *detail)
{
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		if (view->chains[type].is_present) {
			return false;
		}
	}
	if (view->result->certificates_cut > 0) {
		(void)snprintf(detail, TLS_REASON_DETAIL_SIZE,
			       "they have %u octets, more than are taken",
			       view->result->certificates_cut);
	}
	return true;
}

/* --- certificates */

#define OTHER_PROBLEMS (TRUST_BAD_SIGNATURE | TRUST_NOT_A_SERVER | TRUST_UNREADABLE | TRUST_OTHER)

static bool broken_signature(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->signature == TLS_SIGNATURE_BROKEN ||
	       facts->issuer_signature == TLS_SIGNATURE_BROKEN;
}

static bool exponent_one(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->is_exponent_one;
}

static bool roca(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->is_roca;
}

static bool known_key(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->is_known_key;
}

static bool revoked(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->is_stapled && facts->staple.status == TRUST_STATUS_REVOKED;
}

static bool expired(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return (facts->trust.problems & TRUST_EXPIRED) != 0;
}

static bool not_yet_valid(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return (facts->trust.problems & TRUST_NOT_YET) != 0;
}

static bool self_signed(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return (facts->trust.problems & TRUST_SELF_SIGNED) != 0;
}

static bool unknown_root(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return (facts->trust.problems & TRUST_UNKNOWN_ROOT) != 0;
}

static bool unknown_issuer(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return (facts->trust.problems & TRUST_NO_ISSUER) != 0 && !facts->is_incomplete &&
	       (facts->trust.problems & TRUST_SELF_SIGNED) == 0;
}

static bool incomplete_chain(const struct tls_chain_facts *facts, char *detail)
{
	if (facts->is_incomplete && facts->issuer_url[0] != '\0') {
		snprintf(detail, TLS_REASON_DETAIL_SIZE, "the certificate names it: %s",
			 facts->issuer_url);
	}
	return facts->is_incomplete;
}

static bool issuer_expired(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return (facts->trust.problems & TRUST_ISSUER_EXPIRED) != 0;
}

static bool sha_1(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->signature == TLS_SIGNATURE_SHA1;
}

static bool sha_1_issuer(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->issuer_signature == TLS_SIGNATURE_SHA1;
}

static bool must_staple(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->is_must_staple && !facts->is_stapled;
}

static bool wrong_order(const struct tls_chain_facts *facts, char *detail)
{
	(void)detail;
	return facts->is_wrong_order;
}

static bool not_valid(const struct tls_chain_facts *facts, char *detail)
{
	if ((facts->trust.problems & OTHER_PROBLEMS) == 0) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%s", facts->trust.reason);
	return true;
}

static bool name_mismatch(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || facts->match != X509_MATCH_NONE) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%s", facts->subject);
	return true;
}

static bool expires_soon(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || facts->days_left < 0 || facts->days_left >= EXPIRES_SOON_DAYS) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "in %d days", (int)facts->days_left);
	return true;
}

static bool lifetime(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || !facts->lifetime.is_over) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u days; %u are allowed", facts->lifetime.days,
		 facts->lifetime.limit_days);
	return true;
}

static bool lifetime_next(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || facts->lifetime.is_over || facts->lifetime.fits_next) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u days; from the next limit on %u",
		 facts->lifetime.days, facts->lifetime.next_limit_days);
	return true;
}

static bool superfluous(const struct tls_chain_facts *facts, char *detail)
{
	if (facts->superfluous == 0) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u", facts->superfluous);
	return true;
}

/* One of both: a rule about the server, or about any of its certificates. */
struct check {
	bool (*of_server)(const struct grade_view *view, char *detail);
	bool (*of_chain)(const struct tls_chain_facts *facts, char *detail);
};

static const struct check checks[RULES] = {
	[RULE_SSL_2] = { .of_server = ssl_2 },
	[RULE_SSL_3_BEST] = { .of_server = ssl_3_best },
	[RULE_NULL] = { .of_server = null_cipher },
	[RULE_ANONYMOUS] = { .of_server = anonymous },
	[RULE_EXPORT] = { .of_server = export_suite },
	[RULE_WEAK_CIPHER] = { .of_server = weak_cipher },
	[RULE_RC4_ONLY] = { .of_server = rc4_only },
	[RULE_HEARTBLEED] = { .of_server = heartbleed },
	[RULE_CCS_INJECTION] = { .of_server = ccs_injection },
	[RULE_ROBOT] = { .of_server = robot },
	[RULE_POODLE_TLS] = { .of_server = poodle_tls },
	[RULE_PADDING_ORACLE] = { .of_server = padding_oracle },
	[RULE_TICKETBLEED] = { .of_server = ticketbleed },
	[RULE_DROWN] = { .of_server = drown },
	[RULE_INSECURE_RENEGOTIATION] = { .of_server = insecure_renegotiation },
	[RULE_KEY_INSECURE] = { .of_server = key_insecure },
	[RULE_DH_INSECURE] = { .of_server = dh_insecure },
	[RULE_BROKEN_SIGNATURE] = { .of_chain = broken_signature },
	[RULE_EXPONENT_ONE] = { .of_chain = exponent_one },
	[RULE_ROCA] = { .of_chain = roca },
	[RULE_KNOWN_KEY] = { .of_chain = known_key },
	[RULE_REVOKED] = { .of_chain = revoked },
	[RULE_EXPIRED] = { .of_chain = expired },
	[RULE_NOT_YET_VALID] = { .of_chain = not_yet_valid },
	[RULE_SELF_SIGNED] = { .of_chain = self_signed },
	[RULE_UNKNOWN_ROOT] = { .of_chain = unknown_root },
	[RULE_UNKNOWN_ISSUER] = { .of_chain = unknown_issuer },
	[RULE_ISSUER_EXPIRED] = { .of_chain = issuer_expired },
	[RULE_NOT_VALID] = { .of_chain = not_valid },
	[RULE_SHA_1] = { .of_chain = sha_1 },
	[RULE_SHA_1_ISSUER] = { .of_chain = sha_1_issuer },
	[RULE_NAME_MISMATCH] = { .of_chain = name_mismatch },
	[RULE_NO_TLS_1_2] = { .of_server = no_tls_1_2 },
	[RULE_POODLE_SSL] = { .of_server = poodle_ssl },
	[RULE_CRIME] = { .of_server = crime },
	[RULE_RC4_MODERN] = { .of_server = rc4_modern },
	[RULE_SMALL_BLOCKS] = { .of_server = small_blocks },
	[RULE_SSL_3] = { .of_server = ssl_3 },
	[RULE_TLS_1_0] = { .of_server = tls_1_0 },
	[RULE_TLS_1_1] = { .of_server = tls_1_1 },
	[RULE_RC4] = { .of_server = rc4 },
	[RULE_INCOMPLETE_CHAIN] = { .of_chain = incomplete_chain },
	[RULE_KEY_WEAK] = { .of_server = key_weak },
	[RULE_DH_WEAK] = { .of_server = dh_weak },
	[RULE_CURVE_WEAK] = { .of_server = curve_weak },
	[RULE_NO_FORWARD_SECRECY] = { .of_server = no_forward_secrecy },
	[RULE_NO_AEAD] = { .of_server = no_aead },
	[RULE_NO_TLS_1_3] = { .of_server = no_tls_1_3 },
	[RULE_NO_SECURE_RENEGOTIATION] = { .of_server = no_secure_renegotiation },
	[RULE_NO_HSTS] = { .of_server = no_hsts },
	[RULE_HSTS_SHORT] = { .of_server = hsts_short },
	[RULE_NO_FALLBACK_SCSV] = { .of_server = no_fallback_scsv },
	[RULE_CERTIFICATE_UNSEEN] = { .of_server = certificate_unseen },
	[RULE_EXPIRES_SOON] = { .of_chain = expires_soon },
	[RULE_MUST_STAPLE] = { .of_chain = must_staple },
	[RULE_LIFETIME] = { .of_chain = lifetime },
	[RULE_LIFETIME_NEXT] = { .of_chain = lifetime_next },
	[RULE_WRONG_ORDER] = { .of_chain = wrong_order },
	[RULE_SUPERFLUOUS] = { .of_chain = superfluous },
	[RULE_NO_POST_QUANTUM] = { .of_server = no_post_quantum },
};

bool grade_check(enum rule rule, const struct grade_view *view, char *detail)
{
	if (checks[rule].of_server != NULL) {
		return checks[rule].of_server(view, detail);
	}
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		const struct tls_chain_facts *facts = &view->chains[type];

		if (facts->is_present && checks[rule].of_chain(facts, detail)) {
			return true;
		}
	}
	return false;
}
