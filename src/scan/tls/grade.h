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
#include "schema/tls_rules.h"

#define TLS_REASONS_MAX        64
#define TLS_REASON_DETAIL_SIZE 128

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
