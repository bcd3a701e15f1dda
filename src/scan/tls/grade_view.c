/* grade_view.c - suites summed up. */
#include "scan/tls/grade_view.h"

#include <string.h>

/* 1.2 and 1.3 have separate suites, older ones share theirs. */
static void add_suite(uint32_t id, struct suites_view *sum)
{
	struct tls_suite suite;
	bool is_rc4;

	if (!tls_suites_find(id, &suite)) {
		return; /* strength unknown: nothing is said of it */
	}
	is_rc4 = strncmp(suite.cipher, "RC4", 3) == 0;
	sum->worst_bits =
		sum->count == 0 || suite.bits < sum->worst_bits ? suite.bits : sum->worst_bits;
	sum->best_bits = suite.bits > sum->best_bits ? suite.bits : sum->best_bits;
	sum->has_null |= suite.bits == 0;
	sum->has_anonymous |= suite.auth == TLS_AUTH_NONE;
	sum->has_export |= suite.export_bits != 0;
	sum->has_weak |= suite.bits != 0 && suite.bits < 112;
	sum->has_rc4 |= is_rc4;
	sum->has_other_than_rc4 |= !is_rc4;
	sum->has_small_blocks |= suite.block_bits == 64;
	sum->has_aead |= suite.mode == TLS_MODE_AEAD;
	sum->has_forward_secrecy |=
		tls_suite_has_forward_secrecy(&suite) && suite.auth != TLS_AUTH_NONE;
	sum->count++;
}

bool grade_view_offers(const struct grade_view *view, enum tls_version version)
{
	return view->result->versions[version].offered == TLS_YES;
}

static void see_chosen(struct grade_view *view)
{
	const struct tls_version_result *best = NULL;
	struct tls_suite suite;

	if (grade_view_offers(view, TLS_1_3)) {
		return;
	}
	for (int v = TLS_SSL3; v <= TLS_1_2; v++) {
		if (grade_view_offers(view, (enum tls_version)v)) {
			best = &view->result->versions[v];
		}
	}
	if (best != NULL && best->preference == TLS_PREFERENCE_SERVER && best->chosen != 0 &&
	    tls_suites_find(best->chosen, &suite)) {
		view->is_chosen_without_forward_secrecy = !tls_suite_has_forward_secrecy(&suite);
	}
}

static void see_keys(struct grade_view *view)
{
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		unsigned strength = view->chains[type].key_strength;

		if (strength != 0 &&
		    (view->key_strength_min == 0 || strength < view->key_strength_min)) {
			view->key_strength_min = strength;
		}
	}
}

void grade_view_make(const struct tls_result *result, const struct tls_chain_facts *chains,
		     struct grade_view *out)
{
	struct grade_view view = { .result = result, .chains = chains };

	for (int v = 0; v < TLS_VERSIONS; v++) {
		const struct tls_version_result *version = &result->versions[v];

		for (unsigned i = 0; version->offered == TLS_YES && i < version->count; i++) {
			add_suite(version->suites[i].id, &view.of[v]);
			add_suite(version->suites[i].id, &view.all);
		}
	}
	see_chosen(&view);
	see_keys(&view);
	*out = view;
}
