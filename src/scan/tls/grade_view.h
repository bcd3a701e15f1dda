/*
 * grade_view.h - a result as the rules look at it: what all suites together offer. Private to
 * grade.
 */
#pragma once

#include "formats/tls_suites.h"
#include "scan/tls/grade.h"

/* What the suites of one version, or of all, have among them. */
struct suites_view {
	unsigned count;
	unsigned best_bits;
	unsigned worst_bits;
	bool has_null;
	bool has_anonymous;
	bool has_export;
	bool has_weak; /* fewer than 112 bits, and more than none */
	bool has_rc4;
	bool has_other_than_rc4;
	bool has_small_blocks; /* of 64 bits */
	bool has_aead;
	bool has_forward_secrecy;
};

struct grade_view {
	const struct tls_result *result;
	const struct tls_chain_facts *chains;
	struct suites_view of[TLS_VERSIONS];
	struct suites_view all;
	unsigned key_strength_min;              /* of certificates' keys, as RSA bits; 0 unknown */
	bool is_chosen_without_forward_secrecy; /* the server's own first choice, up to TLS 1.2 */
};

void grade_view_make(const struct tls_result *result, const struct tls_chain_facts *chains,
		     struct grade_view *out);

bool grade_view_offers(const struct grade_view *view, enum tls_version version);
