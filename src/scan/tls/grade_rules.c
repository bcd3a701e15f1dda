/*
 * grade_rules.c - the rules of the SSL Server Rating Guide beyond its scores, and what we say
 * beside them; docs/tls-grading.md has the source of each.
 */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "scan/tls/grade_advice.h"
#include "scan/tls/grade_view.h"

/* Six months, as the guide's "long" is read. */
#define HSTS_MIN_S (UINT64_C(180) * 86400)

#define EXPIRES_SOON_DAYS 14

enum rule {
	/* insecure */
	RULE_SSL_2,
	RULE_SSL_3_BEST,
	RULE_NULL,
	RULE_ANONYMOUS,
	RULE_EXPORT,
	RULE_WEAK_CIPHER,
	RULE_RC4_ONLY,
	RULE_HEARTBLEED,
	RULE_CCS_INJECTION,
	RULE_ROBOT,
	RULE_POODLE_TLS,
	RULE_TICKETBLEED,
	RULE_DROWN,
	RULE_INSECURE_RENEGOTIATION,
	RULE_KEY_INSECURE,
	RULE_DH_INSECURE,
	RULE_BROKEN_SIGNATURE,
	RULE_EXPONENT_ONE,
	RULE_ROCA,
	RULE_KNOWN_KEY,
	/* trust and name */
	RULE_REVOKED,
	RULE_EXPIRED,
	RULE_NOT_YET_VALID,
	RULE_SELF_SIGNED,
	RULE_UNKNOWN_ROOT,
	RULE_UNKNOWN_ISSUER,
	RULE_ISSUER_EXPIRED,
	RULE_NOT_VALID,
	RULE_SHA_1,
	RULE_SHA_1_ISSUER,
	RULE_NAME_MISMATCH,
	/* obsolete */
	RULE_NO_TLS_1_2,
	RULE_POODLE_SSL,
	RULE_CRIME,
	RULE_RC4_MODERN,
	RULE_SMALL_BLOCKS,
	/* weak */
	RULE_SSL_3,
	RULE_TLS_1_0,
	RULE_TLS_1_1,
	RULE_RC4,
	RULE_INCOMPLETE_CHAIN,
	RULE_KEY_WEAK,
	RULE_DH_WEAK,
	RULE_CURVE_WEAK,
	RULE_NO_FORWARD_SECRECY,
	RULE_NO_AEAD,
	/* short of excellent */
	RULE_NO_TLS_1_3,
	RULE_NO_SECURE_RENEGOTIATION,
	RULE_NO_HSTS,
	RULE_HSTS_SHORT,
	RULE_NO_FALLBACK_SCSV,
	/* said, and not counted */
	RULE_EXPIRES_SOON,
	RULE_MUST_STAPLE,
	RULE_LIFETIME,
	RULE_LIFETIME_NEXT,
	RULE_WRONG_ORDER,
	RULE_SUPERFLUOUS,
	RULE_NO_POST_QUANTUM,
	RULES
};

static const struct tls_rule rules[RULES] = {
	[RULE_SSL_2] = { "ssl-2", TLS_LETTER_F, "SSL 2.0 is offered; it breaks newer versions too",
			 "Switch SSL 2.0 off", &advice_protocols },
	[RULE_SSL_3_BEST] = { "ssl-3-best", TLS_LETTER_F, "nothing better than SSL 3.0 is offered",
			      "Offer TLS 1.2 and 1.3, and nothing older", &advice_protocols },
	[RULE_NULL] = { "null-cipher", TLS_LETTER_F, "suites without encryption are offered",
			"Leave NULL suites out", &advice_ciphers },
	[RULE_ANONYMOUS] = { "anonymous", TLS_LETTER_F,
			     "suites without authentication are offered, so anybody may answer",
			     "Leave anonymous suites out", &advice_ciphers },
	[RULE_EXPORT] = { "export", TLS_LETTER_F, "export suites are offered (FREAK, Logjam)",
			  "Leave export suites out", &advice_ciphers },
	[RULE_WEAK_CIPHER] = { "weak-cipher", TLS_LETTER_F,
			       "ciphers with fewer than 112 bits are offered",
			       "Leave DES, RC2 and 40 or 56 bit suites out", &advice_ciphers },
	[RULE_RC4_ONLY] = { "rc4-only", TLS_LETTER_F, "no cipher but RC4 is offered",
			    "Offer AES-GCM or ChaCha20-Poly1305 instead", &advice_ciphers },
	[RULE_HEARTBLEED] = { "heartbleed", TLS_LETTER_F,
			      "memory can be read from outside (Heartbleed, CVE-2014-0160)",
			      "Update OpenSSL, then replace key and certificate, and revoke the "
			      "old",
			      NULL },
	[RULE_CCS_INJECTION] = { "ccs-injection", TLS_LETTER_F,
				 "ChangeCipherSpec is taken too early (CVE-2014-0224)",
				 "Update OpenSSL", NULL },
	[RULE_ROBOT] = { "robot", TLS_LETTER_F,
			 "RSA key exchange tells good padding from bad (ROBOT)",
			 "Update, or leave suites with RSA key exchange out", &advice_ciphers },
	[RULE_POODLE_TLS] = { "poodle-tls", TLS_LETTER_F,
			      "CBC padding is not looked at (POODLE in TLS, CVE-2014-8730)",
			      "Update the server or load balancer", &advice_ciphers },
	[RULE_TICKETBLEED] = { "ticketbleed", TLS_LETTER_F,
			       "memory leaks with session tickets (CVE-2016-9244)",
			       "Update the load balancer, or switch session tickets off", NULL },
	[RULE_DROWN] = { "drown", TLS_LETTER_F, "the key is open to DROWN (CVE-2016-0800)",
			 "Switch SSL 2.0 off wherever this key is used", &advice_protocols },
	[RULE_INSECURE_RENEGOTIATION] = { "insecure-renegotiation", TLS_LETTER_F,
					  "clients may renegotiate without RFC 5746",
					  "Update, or refuse renegotiation", NULL },
	[RULE_KEY_INSECURE] = { "key-insecure", TLS_LETTER_F,
				"the certificate's key is as weak as RSA below 1024 bits",
				"Make a new key: P-256, or RSA of 2048 bits or more", NULL },
	[RULE_DH_INSECURE] = { "dh-insecure", TLS_LETTER_F,
			       "Diffie-Hellman with fewer than 1024 bits is offered",
			       "Leave DHE suites out, or use parameters of 2048 bits or more",
			       &advice_ciphers },
	[RULE_BROKEN_SIGNATURE] = { "broken-signature", TLS_LETTER_F,
				    "a certificate is signed with MD5 or MD2",
				    "Have the certificate issued anew, with SHA-256", NULL },
	[RULE_EXPONENT_ONE] = { "exponent-one", TLS_LETTER_F,
				"the RSA key's exponent is 1, which hides nothing",
				"Make a new key", NULL },
	[RULE_ROCA] = { "roca", TLS_LETTER_F,
			"the RSA key comes from a faulty generator (ROCA, CVE-2017-15361)",
			"Make a new key outside the faulty token", NULL },
	[RULE_KNOWN_KEY] = { "known-key", TLS_LETTER_F, "the private key is known to others",
			     "Make a new key, and have the certificate revoked", NULL },
	[RULE_REVOKED] = { "revoked", TLS_LETTER_T, "the certificate has been revoked",
			   "Install a new certificate", &advice_chain },
	[RULE_EXPIRED] = { "expired", TLS_LETTER_T, "the certificate has expired",
			   "Renew it, and have renewal run by itself (ACME)", &advice_chain },
	[RULE_NOT_YET_VALID] = { "not-yet-valid", TLS_LETTER_T, "the certificate is not valid yet",
				 "Check the clock, or wait to install it", &advice_chain },
	[RULE_SELF_SIGNED] = { "self-signed", TLS_LETTER_T, "the certificate is signed by itself",
			       "Get a certificate from an authority that clients trust",
			       &advice_chain },
	[RULE_UNKNOWN_ROOT] = { "unknown-root", TLS_LETTER_T,
				"the chain ends at a root that is not trusted",
				"Use an authority that clients trust, or give this tool its root "
				"(--ca)",
				&advice_chain },
	[RULE_UNKNOWN_ISSUER] = { "unknown-issuer", TLS_LETTER_T,
				  "the chain leads to no trusted root",
				  "Install the issuers' certificates behind the server's own",
				  &advice_chain },
	[RULE_ISSUER_EXPIRED] = { "issuer-expired", TLS_LETTER_T,
				  "an issuer's certificate is not valid at this time",
				  "Install the authority's current intermediate certificates",
				  &advice_chain },
	[RULE_NOT_VALID] = { "not-valid", TLS_LETTER_T, "the certificate cannot be verified",
			     "Have it issued anew for a server", &advice_chain },
	[RULE_SHA_1] = { "sha-1", TLS_LETTER_T,
			 "the certificate is signed with SHA-1, which clients refuse",
			 "Have the certificate issued anew, with SHA-256", NULL },
	[RULE_SHA_1_ISSUER] = { "sha-1-issuer", TLS_LETTER_T,
				"an intermediate certificate is signed with SHA-1",
				"Install the authority's current intermediate certificates",
				&advice_chain },
	[RULE_NAME_MISMATCH] = { "name-mismatch", TLS_LETTER_M,
				 "the certificate is for other names",
				 "Get a certificate with this name among its alternative names",
				 &advice_chain },
	[RULE_NO_TLS_1_2] = { "no-tls-1.2", TLS_LETTER_C, "neither TLS 1.2 nor 1.3 is offered",
			      "Offer TLS 1.2 and 1.3", &advice_protocols },
	[RULE_POODLE_SSL] = { "poodle-ssl", TLS_LETTER_C,
			      "SSL 3.0 with CBC is offered (POODLE, CVE-2014-3566)",
			      "Switch SSL 3.0 off", &advice_protocols },
	[RULE_CRIME] = { "crime", TLS_LETTER_C, "TLS compression is on (CRIME)",
			 "Switch TLS compression off", &advice_compression },
	[RULE_RC4_MODERN] = { "rc4-modern", TLS_LETTER_C, "RC4 is offered with TLS 1.1 or later",
			      "Leave RC4 out", &advice_ciphers },
	[RULE_SMALL_BLOCKS] = { "small-blocks", TLS_LETTER_C,
				"64-bit block ciphers are offered with TLS 1.1 or later (Sweet32)",
				"Leave 3DES and IDEA out", &advice_ciphers },
	[RULE_SSL_3] = { "ssl-3", TLS_LETTER_B, "SSL 3.0 is offered", "Switch SSL 3.0 off",
			 &advice_protocols },
	[RULE_TLS_1_0] = { "tls-1.0", TLS_LETTER_B, "TLS 1.0 is offered (RFC 8996)",
			   "Switch TLS 1.0 off", &advice_protocols },
	[RULE_TLS_1_1] = { "tls-1.1", TLS_LETTER_B, "TLS 1.1 is offered (RFC 8996)",
			   "Switch TLS 1.1 off", &advice_protocols },
	[RULE_RC4] = { "rc4", TLS_LETTER_B, "RC4 is offered", "Leave RC4 out", &advice_ciphers },
	[RULE_INCOMPLETE_CHAIN] = { "incomplete-chain", TLS_LETTER_B,
				    "the issuer's certificate is not sent; clients must find it "
				    "themselves",
				    "Install the issuers' certificates behind the server's own",
				    &advice_chain },
	[RULE_KEY_WEAK] = { "key-weak", TLS_LETTER_B,
			    "the certificate's key is as weak as RSA below 2048 bits",
			    "Make a new key: P-256, or RSA of 2048 bits or more", NULL },
	[RULE_DH_WEAK] = { "dh-weak", TLS_LETTER_B,
			   "Diffie-Hellman with fewer than 2048 bits is offered",
			   "Leave DHE suites out, or use parameters of 2048 bits or more",
			   &advice_ciphers },
	[RULE_CURVE_WEAK] = { "curve-weak", TLS_LETTER_B,
			      "elliptic curves of fewer than 224 bits are offered",
			      "Leave small curves out", &advice_groups },
	[RULE_NO_FORWARD_SECRECY] = { "no-forward-secrecy", TLS_LETTER_B,
				      "forward secrecy is not offered, or not preferred",
				      "Offer ECDHE suites, and prefer them", &advice_ciphers },
	[RULE_NO_AEAD] = { "no-aead", TLS_LETTER_B, "no authenticated encryption is offered",
			   "Offer AES-GCM and ChaCha20-Poly1305", &advice_ciphers },
	[RULE_NO_TLS_1_3] = { "no-tls-1.3", TLS_LETTER_A_MINUS, "TLS 1.3 is not offered",
			      "Offer TLS 1.3", &advice_protocols },
	[RULE_NO_SECURE_RENEGOTIATION] = { "no-secure-renegotiation", TLS_LETTER_A_MINUS,
					   "secure renegotiation (RFC 5746) is not supported",
					   "Update the TLS library", NULL },
	[RULE_NO_HSTS] = { "no-hsts", TLS_LETTER_A,
			   "HTTP Strict Transport Security is not announced, or is switched off",
			   "Announce it for half a year or more", &advice_hsts },
	[RULE_HSTS_SHORT] = { "hsts-short", TLS_LETTER_A,
			      "HTTP Strict Transport Security holds for less than 180 days",
			      "Announce it for half a year or more", &advice_hsts },
	[RULE_NO_FALLBACK_SCSV] = { "no-fallback-scsv", TLS_LETTER_A,
				    "downgrades are not noticed (TLS_FALLBACK_SCSV, RFC 7507)",
				    "Update the TLS library, or offer TLS 1.3 alone", NULL },
	[RULE_EXPIRES_SOON] = { "expires-soon", TLS_LETTER_A_PLUS, "the certificate expires soon",
				"Renew it, and have renewal run by itself (ACME)", NULL },
	[RULE_MUST_STAPLE] = { "must-staple", TLS_LETTER_A_PLUS,
			       "the certificate demands a stapled response, and none was sent",
			       "Switch stapling on, or have it issued without the demand",
			       &advice_stapling },
	[RULE_LIFETIME] = { "lifetime", TLS_LETTER_A_PLUS,
			    "the certificate lives longer than public authorities may issue",
			    "Have it issued for a shorter time", NULL },
	[RULE_LIFETIME_NEXT] = { "lifetime-next", TLS_LETTER_A_PLUS,
				 "the next certificate must live shorter than this one",
				 "Have renewal run by itself (ACME)", NULL },
	[RULE_WRONG_ORDER] = { "wrong-order", TLS_LETTER_A_PLUS,
			       "certificates are sent in the wrong order",
			       "Order them: the server's own, its issuer, that one's issuer",
			       &advice_chain },
	[RULE_SUPERFLUOUS] = { "superfluous", TLS_LETTER_A_PLUS,
			       "certificates are sent that no path needs", "Leave them out",
			       &advice_chain },
	[RULE_NO_POST_QUANTUM] = { "no-post-quantum", TLS_LETTER_A_PLUS,
				   "no post-quantum key exchange: what is recorded today may be "
				   "read later",
				   "Offer X25519MLKEM768 (OpenSSL 3.5, GnuTLS 3.8.9 or later)",
				   NULL },
};

const struct tls_rule *tls_rules(size_t *count)
{
	*count = RULES;
	return rules;
}

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
	(void)detail;
	return view->result->features.fallback_scsv == TLS_NO;
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

/* --- certificates */

typedef bool chain_check(const struct tls_chain_facts *facts, char *detail);

/* True where a chain has it; the first that does gives the detail. */
static bool any_chain(const struct grade_view *view, chain_check *check, char *detail)
{
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		if (view->chains[type].is_present && check(&view->chains[type], detail)) {
			return true;
		}
	}
	return false;
}

#define CHAIN_RULE(name, expression)                                                               \
	static bool name##_of(const struct tls_chain_facts *facts, char *detail)                   \
	{                                                                                          \
		(void)detail;                                                                      \
		return (expression);                                                               \
	}                                                                                          \
	static bool name(const struct grade_view *view, char *detail)                              \
	{                                                                                          \
		return any_chain(view, name##_of, detail);                                         \
	}

#define OTHER_PROBLEMS (TRUST_BAD_SIGNATURE | TRUST_NOT_A_SERVER | TRUST_UNREADABLE | TRUST_OTHER)

CHAIN_RULE(broken_signature, facts->signature == TLS_SIGNATURE_BROKEN ||
				     facts->issuer_signature == TLS_SIGNATURE_BROKEN)
CHAIN_RULE(exponent_one, facts->is_exponent_one)
CHAIN_RULE(roca, facts->is_roca)
CHAIN_RULE(known_key, facts->is_known_key)
CHAIN_RULE(revoked, facts->is_stapled && facts->staple.status == TRUST_STATUS_REVOKED)
CHAIN_RULE(expired, facts->trust.problems &TRUST_EXPIRED)
CHAIN_RULE(not_yet_valid, facts->trust.problems &TRUST_NOT_YET)
CHAIN_RULE(self_signed, facts->trust.problems &TRUST_SELF_SIGNED)
CHAIN_RULE(unknown_root, facts->trust.problems &TRUST_UNKNOWN_ROOT)
CHAIN_RULE(unknown_issuer, (facts->trust.problems & TRUST_NO_ISSUER) && !facts->is_incomplete &&
				   !(facts->trust.problems & TRUST_SELF_SIGNED))
CHAIN_RULE(incomplete_chain, facts->is_incomplete)
CHAIN_RULE(issuer_expired, facts->trust.problems &TRUST_ISSUER_EXPIRED)
CHAIN_RULE(sha_1, facts->signature == TLS_SIGNATURE_SHA1)
CHAIN_RULE(sha_1_issuer, facts->issuer_signature == TLS_SIGNATURE_SHA1)
CHAIN_RULE(must_staple, facts->is_must_staple && !facts->is_stapled)
CHAIN_RULE(wrong_order, facts->is_wrong_order)

static bool not_valid_of(const struct tls_chain_facts *facts, char *detail)
{
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%s", facts->trust.reason);
	return (facts->trust.problems & OTHER_PROBLEMS) != 0;
}

static bool not_valid(const struct grade_view *view, char *detail)
{
	bool holds = any_chain(view, not_valid_of, detail);

	detail[0] = holds ? detail[0] : '\0';
	return holds;
}

static bool name_mismatch_of(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || facts->match != X509_MATCH_NONE) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%s", facts->subject);
	return true;
}

static bool name_mismatch(const struct grade_view *view, char *detail)
{
	return any_chain(view, name_mismatch_of, detail);
}

static bool expires_soon_of(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || facts->days_left < 0 || facts->days_left >= EXPIRES_SOON_DAYS) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "in %d days", (int)facts->days_left);
	return true;
}

static bool expires_soon(const struct grade_view *view, char *detail)
{
	return any_chain(view, expires_soon_of, detail);
}

static bool lifetime_of(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || !facts->lifetime.is_over) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u days; %u are allowed", facts->lifetime.days,
		 facts->lifetime.limit_days);
	return true;
}

static bool lifetime(const struct grade_view *view, char *detail)
{
	return any_chain(view, lifetime_of, detail);
}

static bool lifetime_next_of(const struct tls_chain_facts *facts, char *detail)
{
	if (!facts->is_readable || facts->lifetime.is_over || facts->lifetime.fits_next) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u days; from the next limit on %u",
		 facts->lifetime.days, facts->lifetime.next_limit_days);
	return true;
}

static bool lifetime_next(const struct grade_view *view, char *detail)
{
	return any_chain(view, lifetime_next_of, detail);
}

static bool superfluous_of(const struct tls_chain_facts *facts, char *detail)
{
	if (facts->superfluous == 0) {
		return false;
	}
	snprintf(detail, TLS_REASON_DETAIL_SIZE, "%u", facts->superfluous);
	return true;
}

static bool superfluous(const struct grade_view *view, char *detail)
{
	return any_chain(view, superfluous_of, detail);
}

static grade_check *const checks[RULES] = {
	[RULE_SSL_2] = ssl_2,
	[RULE_SSL_3_BEST] = ssl_3_best,
	[RULE_NULL] = null_cipher,
	[RULE_ANONYMOUS] = anonymous,
	[RULE_EXPORT] = export_suite,
	[RULE_WEAK_CIPHER] = weak_cipher,
	[RULE_RC4_ONLY] = rc4_only,
	[RULE_HEARTBLEED] = heartbleed,
	[RULE_CCS_INJECTION] = ccs_injection,
	[RULE_ROBOT] = robot,
	[RULE_POODLE_TLS] = poodle_tls,
	[RULE_TICKETBLEED] = ticketbleed,
	[RULE_DROWN] = drown,
	[RULE_INSECURE_RENEGOTIATION] = insecure_renegotiation,
	[RULE_KEY_INSECURE] = key_insecure,
	[RULE_DH_INSECURE] = dh_insecure,
	[RULE_BROKEN_SIGNATURE] = broken_signature,
	[RULE_EXPONENT_ONE] = exponent_one,
	[RULE_ROCA] = roca,
	[RULE_KNOWN_KEY] = known_key,
	[RULE_REVOKED] = revoked,
	[RULE_EXPIRED] = expired,
	[RULE_NOT_YET_VALID] = not_yet_valid,
	[RULE_SELF_SIGNED] = self_signed,
	[RULE_UNKNOWN_ROOT] = unknown_root,
	[RULE_UNKNOWN_ISSUER] = unknown_issuer,
	[RULE_ISSUER_EXPIRED] = issuer_expired,
	[RULE_NOT_VALID] = not_valid,
	[RULE_SHA_1] = sha_1,
	[RULE_SHA_1_ISSUER] = sha_1_issuer,
	[RULE_NAME_MISMATCH] = name_mismatch,
	[RULE_NO_TLS_1_2] = no_tls_1_2,
	[RULE_POODLE_SSL] = poodle_ssl,
	[RULE_CRIME] = crime,
	[RULE_RC4_MODERN] = rc4_modern,
	[RULE_SMALL_BLOCKS] = small_blocks,
	[RULE_SSL_3] = ssl_3,
	[RULE_TLS_1_0] = tls_1_0,
	[RULE_TLS_1_1] = tls_1_1,
	[RULE_RC4] = rc4,
	[RULE_INCOMPLETE_CHAIN] = incomplete_chain,
	[RULE_KEY_WEAK] = key_weak,
	[RULE_DH_WEAK] = dh_weak,
	[RULE_CURVE_WEAK] = curve_weak,
	[RULE_NO_FORWARD_SECRECY] = no_forward_secrecy,
	[RULE_NO_AEAD] = no_aead,
	[RULE_NO_TLS_1_3] = no_tls_1_3,
	[RULE_NO_SECURE_RENEGOTIATION] = no_secure_renegotiation,
	[RULE_NO_HSTS] = no_hsts,
	[RULE_HSTS_SHORT] = hsts_short,
	[RULE_NO_FALLBACK_SCSV] = no_fallback_scsv,
	[RULE_EXPIRES_SOON] = expires_soon,
	[RULE_MUST_STAPLE] = must_staple,
	[RULE_LIFETIME] = lifetime,
	[RULE_LIFETIME_NEXT] = lifetime_next,
	[RULE_WRONG_ORDER] = wrong_order,
	[RULE_SUPERFLUOUS] = superfluous,
	[RULE_NO_POST_QUANTUM] = no_post_quantum,
};

grade_check *grade_rule_check(size_t index)
{
	return checks[index];
}
