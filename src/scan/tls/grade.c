/*
 * grade.c - scores, caps, letter. SSL Server Rating Guide: protocol support 30%, key exchange 30%,
 * cipher strength 40%; then rules that lower what the score would give.
 */
#include "scan/tls/grade.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "scan/tls/grade_rules.h"

/* The best and the worst protocol's, halved. */
static unsigned protocol_score(const struct grade_view *view)
{
	static const unsigned scores[TLS_VERSIONS] = { 0, 80, 90, 95, 100, 100 };
	int best = -1;
	int worst = -1;

	for (int v = 0; v < TLS_VERSIONS; v++) {
		if (grade_view_offers(view, (enum tls_version)v)) {
			best = v;
			worst = worst < 0 ? v : worst;
		}
	}
	return best < 0 ? 0 : (scores[best] + scores[worst]) / 2;
}

/* Bits of an RSA or DH key, or their equal. */
static unsigned strength_score(unsigned bits)
{
	if (bits < 512) {
		return 20;
	}
	if (bits < 1024) {
		return 40;
	}
	if (bits < 2048) {
		return 80;
	}
	return bits < 4096 ? 90 : 100;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The weakest of the key, of ephemeral parameters, and of what needs neither. */
static unsigned key_exchange_score(const struct grade_view *view)
{
	const struct tls_result *result = view->result;
	unsigned score = 100;

	if (view->all.has_anonymous) {
		return 0;
	}
	if (view->key_strength_min != 0) {
		score = strength_score(view->key_strength_min);
	}
	if (result->dh_bits_min != 0) {
		score = least(score, strength_score(result->dh_bits_min));
	}
	if (result->ecdh_bits_min != 0) {
		score = least(score, strength_score(tls_curve_strength(result->ecdh_bits_min)));
	}
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		if (view->chains[type].is_known_key) {
			return 0;
		}
	}
	return view->all.has_export ? least(score, 40) : score;
}

static unsigned bits_score(unsigned bits)
{
	if (bits == 0) {
		return 0;
	}
	if (bits < 128) {
		return 20;
	}
	return bits < 256 ? 80 : 100;
}

static unsigned cipher_score(const struct grade_view *view)
{
	return (bits_score(view->all.best_bits) + bits_score(view->all.worst_bits)) / 2;
}

static enum tls_letter letter_of_score(unsigned score)
{
	static const struct {
		unsigned from;
		enum tls_letter letter;
	} letters[] = {
		{ 80, TLS_LETTER_A_PLUS }, /* where no rule says otherwise */
		{ 65, TLS_LETTER_B },      { 50, TLS_LETTER_C },
		{ 35, TLS_LETTER_D },      { 20, TLS_LETTER_E },
	};

	for (size_t i = 0; i < COUNT_OF(letters); i++) {
		if (score >= letters[i].from) {
			return letters[i].letter;
		}
	}
	return TLS_LETTER_F;
}

/* The worst first: F, T, M, then E up to A; the rules' own order among the same. */
static int weight(enum tls_letter cap)
{
	switch (cap) {
	case TLS_LETTER_F:
		return 0;
	case TLS_LETTER_T:
		return 1;
	case TLS_LETTER_M:
		return 2;
	default:
		return 3 + TLS_LETTERS - (int)cap;
	}
}

static int by_weight(const void *a, const void *b)
{
	const struct tls_rule *one = ((const struct tls_reason *)a)->rule;
	const struct tls_rule *other = ((const struct tls_reason *)b)->rule;

	if (weight(one->cap) != weight(other->cap)) {
		return weight(one->cap) - weight(other->cap);
	}
	return one < other ? -1 : one > other;
}

static void apply_rules(const struct grade_view *view, struct tls_grade *grade)
{
	size_t count;
	const struct tls_rule *rules = tls_rules(&count);

	for (size_t i = 0; i < count && grade->count < TLS_REASONS_MAX; i++) {
		struct tls_reason reason = { .rule = &rules[i] };

		if (grade_check((enum rule)i, view, reason.detail)) {
			grade->reasons[grade->count++] = reason;
		}
	}
	if (grade->count > 0) {
		qsort(grade->reasons, grade->count, sizeof grade->reasons[0], by_weight);
	}
}

static bool is_about_trust(enum tls_letter cap)
{
	return cap == TLS_LETTER_T || cap == TLS_LETTER_M;
}

/* F stays F: an insecure configuration is not better for its certificate's troubles. */
static void decide(struct tls_grade *grade)
{
	enum tls_letter trust = TLS_LETTER_NONE;

	grade->without_trust = letter_of_score(grade->score);
	for (unsigned i = 0; i < grade->count; i++) {
		enum tls_letter cap = grade->reasons[i].rule->cap;

		if (!is_about_trust(cap) && cap > grade->without_trust) {
			grade->without_trust = cap;
		}
		if (is_about_trust(cap) && trust == TLS_LETTER_NONE) {
			trust = cap; /* T is sorted before M */
		}
	}
	grade->letter = grade->without_trust == TLS_LETTER_F || trust == TLS_LETTER_NONE
				? grade->without_trust
				: trust;
}

void tls_grade(const struct tls_result *result,
	       const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES], struct tls_grade *out)
{
	struct grade_view view;
	struct tls_grade grade = { .letter = TLS_LETTER_NONE };

	grade_view_make(result, chains, &view);
	if (view.all.count == 0) {
		*out = grade;
		return;
	}
	grade.protocol = protocol_score(&view);
	grade.key_exchange = key_exchange_score(&view);
	grade.cipher = cipher_score(&view);
	if (grade.protocol != 0 && grade.key_exchange != 0 && grade.cipher != 0) {
		grade.score =
			(grade.protocol * 30 + grade.key_exchange * 30 + grade.cipher * 40) / 100;
	}
	for (int v = 0; v < TLS_VULNERABILITIES; v++) {
		grade.unknown += result->vulnerabilities[v].fact == TLS_UNKNOWN;
	}
	apply_rules(&view, &grade);
	decide(&grade);
	*out = grade;
}
