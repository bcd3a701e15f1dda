/*
 * grade_rules.h - numbers of the rules: the table and the checks are indexed by them. Private to
 * grade.
 */
#pragma once

#include "scan/tls/grade_view.h"

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

/* Does the rule hold? detail has TLS_REASON_DETAIL_SIZE bytes, is empty, and may stay so; of
 * certificates the first that offends is told. */
bool grade_check(enum rule rule, const struct grade_view *view, char *detail);
