/*
 * tls_rules.h - what lowers a TLS server's grade: the words of `reasons` in scan_tls and
 * tls_endpoints, each with a sentence and what mends it.
 *
 * The scanner decides which rules hold (scan/tls); whoever shows its rows takes the words from
 * here. docs/tls-grading.md has the source of each.
 */
#pragma once

#include <stddef.h>

#include "base/span.h"

/* From good to bad; T and M stand beside. */
enum tls_letter {
	TLS_LETTER_NONE, /* no TLS, nothing to grade */
	TLS_LETTER_A_PLUS,
	TLS_LETTER_A,
	TLS_LETTER_A_MINUS,
	TLS_LETTER_B,
	TLS_LETTER_C,
	TLS_LETTER_D,
	TLS_LETTER_E,
	TLS_LETTER_F,
	TLS_LETTER_T, /* not trusted */
	TLS_LETTER_M, /* name mismatch */
	TLS_LETTERS
};

/* How to mend it, line by line; NULL where a program has no setting of its own for it. */
struct tls_advice {
	const char *nginx;
	const char *apache;
	const char *haproxy;
	const char *postfix;
	const char *dovecot;
	const char *openssl; /* openssl.cnf, of programs that follow it */
	const char *gnutls;  /* a priority string */
};

struct tls_rule {
	const char *id;      /* stable; "tls-1.0" */
	enum tls_letter cap; /* no better than this; T and M replace the letter */
	const char *sentence;
	const char *fix;
	const struct tls_advice *advice; /* NULL where no line of a configuration mends it */
};

/* The table and the scanner's checks are indexed by these. */
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
	RULE_PADDING_ORACLE,
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
	RULE_CERTIFICATE_UNSEEN,
	RULE_EXPIRES_SOON,
	RULE_MUST_STAPLE,
	RULE_LIFETIME,
	RULE_LIFETIME_NEXT,
	RULE_WRONG_ORDER,
	RULE_SUPERFLUOUS,
	RULE_NO_POST_QUANTUM,
	RULES
};

/* Every rule, in the order in which they are tried. */
const struct tls_rule *tls_rules(size_t *count);

/* "A+", "A", ..., "-" for none. Never NULL. */
const char *tls_letter_text(enum tls_letter letter);
