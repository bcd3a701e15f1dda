/*
 * grade.h - SSL Labs' letter for a server, by the SSL Server Rating Guide, version 2009r.
 *
 * Pure: a result and what its certificates are worth go in; a letter, three scores and every
 * reason come out. What is unknown is never held against a server; docs/tls-grading.md has the
 * rules, their sources, and where others judge differently.
 */
#pragma once

#include "scan/tls/chain.h"
#include "scan/tls/result.h"

#define TLS_REASONS_MAX        64
#define TLS_REASON_DETAIL_SIZE 128

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

struct tls_reason {
	const struct tls_rule *rule;
	char detail[TLS_REASON_DETAIL_SIZE]; /* which, how many; may be empty */
};

struct tls_grade {
	enum tls_letter letter;
	enum tls_letter without_trust; /* as if names and trust were fine */
	unsigned protocol;             /* 0 to 100 each */
	unsigned key_exchange;
	unsigned cipher;
	unsigned score; /* 30, 30 and 40 percent of them; 0 where one is 0 */
	unsigned count;
	struct tls_reason reasons[TLS_REASONS_MAX]; /* the worst first */
	unsigned unknown;                           /* vulnerabilities that could not be told */
};

/* chains: one for each type, as tls_chain_analyse_all() fills them. */
void tls_grade(const struct tls_result *result,
	       const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES], struct tls_grade *out);

/* "A+", "A", ..., "-" for none. Never NULL. */
const char *tls_letter_text(enum tls_letter letter);

/* Every rule, in the order in which they are tried. */
const struct tls_rule *tls_rules(size_t *count);
