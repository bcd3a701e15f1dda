/*
 * cvss.c - the formulas of CVSS v2 (section 3.2.1) and v3.1 (section 7.1, appendix A), and the
 * interpolation of v4.0 (section 8).
 *
 * Weights are kept as whole numbers of a thousandth; what is left of floating point are the two
 * powers of a changed scope.
 */
#include "formats/cvss.h"

#include "base/error.h"
#include "base/reader.h"

#define METRICS_MAX 11
#define TENTHS      10

/* A metric's values and their weights, in thousandths. */
struct metric {
	const char *name;
	const char *values; /* one letter each */
	int weights[4];
};

static const struct metric metrics_2[] = {
	{ "AV", "LAN", { 395, 646, 1000 } }, { "AC", "HML", { 350, 610, 710 } },
	{ "Au", "MSN", { 450, 560, 704 } },  { "C", "NPC", { 0, 275, 660 } },
	{ "I", "NPC", { 0, 275, 660 } },     { "A", "NPC", { 0, 275, 660 } },
};

static const struct metric metrics_3[] = {
	{ "AV", "NALP", { 850, 620, 550, 200 } },
	{ "AC", "LH", { 770, 440 } },
	{ "PR", "NLH", { 850, 620, 270 } }, /* with a changed scope 850, 680, 500 */
	{ "UI", "NR", { 850, 620 } },
	{ "S", "UC", { 0, 1 } },
	{ "C", "HLN", { 560, 220, 0 } },
	{ "I", "HLN", { 560, 220, 0 } },
	{ "A", "HLN", { 560, 220, 0 } },
};

enum { AV, AC, PR, UI, SCOPE, CONFIDENTIALITY, INTEGRITY, AVAILABILITY };

/* Values from the most severe on: a value's index is how many steps it is from there (4.0,
 * section 8.2). */
static const struct metric metrics_4[] = {
	{ "AV", "NALP", { 0 } }, { "AC", "LH", { 0 } },  { "AT", "NP", { 0 } },
	{ "PR", "NLH", { 0 } },  { "UI", "NPA", { 0 } }, { "VC", "HLN", { 0 } },
	{ "VI", "HLN", { 0 } },  { "VA", "HLN", { 0 } }, { "SC", "HLN", { 0 } },
	{ "SI", "HLN", { 0 } },  { "SA", "HLN", { 0 } },
};

enum { AV_4, AC_4, AT_4, PR_4, UI_4, VC_4, VI_4, VA_4, SC_4, SI_4, SA_4 };

/* The indexes of the values that a vector gives to each metric. */
static bool take_metrics(struct span vector, const struct metric *metrics, size_t count,
			 unsigned *chosen)
{
	struct reader r = reader_over(vector);
	unsigned seen = 0;

	while (reader_left(&r) > 0) {
		struct span part = reader_until(&r, '/');
		size_t colon = span_find(part, ':');
		struct span value = span_after(part, colon + 1);

		if (colon == part.len || value.len == 0) {
			return false;
		}
		for (size_t i = 0; i < count; i++) {
			size_t at;

			if (!span_is(span_first(part, colon), metrics[i].name)) {
				continue;
			}
			at = span_find(span_of(metrics[i].values), value.ptr[0]);
			if (value.len != 1 || at == span_of(metrics[i].values).len ||
			    (seen & 1u << i) != 0) {
				return false;
			}
			seen |= 1u << i;
			chosen[i] = (unsigned)at;
		}
	}
	return seen == (1u << count) - 1;
}

static int weight(const struct metric *metrics, const unsigned *chosen, unsigned metric)
{
	return metrics[metric].weights[chosen[metric]];
}

/* round_to_1_decimal of version 2; scores are never negative. */
static int nearest_tenth(double score)
{
	return (int)(score * TENTHS + 0.5);
}

static int score_2(const unsigned *chosen)
{
	double none[3];
	double impact;
	double exploitability = 20;
	double score;

	for (unsigned i = 0; i < 3; i++) {
		none[i] = 1 - weight(metrics_2, chosen, 3 + i) / 1000.0;
		exploitability *= weight(metrics_2, chosen, i) / 1000.0;
	}
	impact = 10.41 * (1 - none[0] * none[1] * none[2]);
	score = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact > 0 ? 1.176 : 0);
	return score > 0 ? nearest_tenth(score) : 0;
}

/* Appendix A of 3.1: the least tenth that is not below, without being misled by the last bits. */
static int round_up(double score)
{
	long hundred_thousandths = (long)(score * 100000 + 0.5);
	long whole = hundred_thousandths / 10000;

	return (int)(hundred_thousandths % 10000 == 0 ? whole : whole + 1);
}

static double power_15(double base)
{
	double result = 1;

	for (int i = 0; i < 15; i++) {
		result *= base;
	}
	return result;
}

static int score_3(const unsigned *chosen)
{
	static const int changed_pr[] = { 850, 680, 500 };
	bool is_changed = chosen[SCOPE] == 1;
	double none = 1;
	double iss;
	double impact;
	double exploitability;
	double score;

	for (unsigned i = CONFIDENTIALITY; i <= AVAILABILITY; i++) {
		none *= 1 - weight(metrics_3, chosen, i) / 1000.0;
	}
	iss = 1 - none;
	impact = is_changed ? 7.52 * (iss - 0.029) - 3.25 * power_15(iss - 0.02) : 6.42 * iss;
	exploitability = 8.22 * weight(metrics_3, chosen, AV) / 1000.0 *
			 weight(metrics_3, chosen, AC) / 1000.0 *
			 (is_changed ? changed_pr[chosen[PR]] : weight(metrics_3, chosen, PR)) /
			 1000.0 * weight(metrics_3, chosen, UI) / 1000.0;
	if (impact <= 0) {
		return 0;
	}
	score = (impact + exploitability) * (is_changed ? 1.08 : 1);
	return round_up(score < 10 ? score : 10);
}

/* --- 4.0 --- */

/* Where a base vector stands in each set of equivalent vectors (section 8.1). Without threat and
 * environmental metrics all is as if exploited, and required to the highest degree: so EQ5 is 0,
 * EQ4 is 1 or 2, and EQ6 follows from EQ3. */
struct levels {
	unsigned eq1;
	unsigned eq2;
	unsigned eq36; /* EQ3 and EQ6: 00, 10, 21 of a base vector; what lies below them between */
	unsigned eq4;  /* less 1 */
};
enum { EQ36_00, EQ36_01, EQ36_10, EQ36_11, EQ36_21, EQ36_LEVELS };

/* Scores of macro vectors, times 10: the specification's table where EQ5 is 0 and EQ4 is 1 or 2. */
static const uint8_t macro_scores[3][2][EQ36_LEVELS][2] = {
	{ { { 100, 93 }, { 96, 90 }, { 93, 88 }, { 92, 80 }, { 79, 69 } },
	  { { 95, 92 }, { 91, 81 }, { 92, 84 }, { 82, 70 }, { 71, 63 } } },
	{ { { 94, 87 }, { 89, 75 }, { 86, 72 }, { 76, 57 }, { 65, 53 } },
	  { { 90, 77 }, { 77, 66 }, { 74, 61 }, { 59, 52 }, { 58, 23 } } },
	{ { { 86, 70 }, { 74, 54 }, { 72, 53 }, { 57, 36 }, { 47, 24 } },
	  { { 73, 54 }, { 55, 43 }, { 61, 46 }, { 51, 18 }, { 24, 10 } } },
};

static int macro_score(struct levels at)
{
	return macro_scores[at.eq1][at.eq2][at.eq36][at.eq4];
}

static struct levels levels_of(const unsigned *m)
{
	bool is_open = m[AV_4] == 0 || m[PR_4] == 0 || m[UI_4] == 0;
	struct levels at = { .eq1 = 1 };

	if (m[AV_4] + m[PR_4] + m[UI_4] == 0) {
		at.eq1 = 0;
	} else if (m[AV_4] == 3 || !is_open) {
		at.eq1 = 2;
	}
	at.eq2 = m[AC_4] + m[AT_4] > 0;
	if (m[VC_4] + m[VI_4] == 0) {
		at.eq36 = EQ36_00;
	} else {
		at.eq36 = m[VC_4] == 0 || m[VI_4] == 0 || m[VA_4] == 0 ? EQ36_10 : EQ36_21;
	}
	at.eq4 = m[SC_4] != 0 && m[SI_4] != 0 && m[SA_4] != 0;
	return at;
}

/* Multiples of every depth of a level, and of every count of sets. */
#define DEPTHS 280
#define SETS   60

/* Between a level and the next lower one of its set: how far the vector is on the way. */
struct way {
	int gap;        /* of their scores, in tenths */
	unsigned steps; /* from the level's most severe vectors, which are all as severe */
	unsigned depth; /* of the level */
	bool is_lowest; /* there is no next one */
};

/* The next lower score of EQ3 and EQ6: of two ways down the one that costs less. */
static int lower_eq36(struct levels at)
{
	struct levels a = at;
	struct levels b = at;

	a.eq36 = at.eq36 == EQ36_00 ? EQ36_01 : EQ36_11;
	b.eq36 = at.eq36 == EQ36_00 ? EQ36_10 : EQ36_11;
	return macro_score(a) > macro_score(b) ? macro_score(a) : macro_score(b);
}

static void find_ways(const unsigned *m, struct levels at, struct way ways[4])
{
	static const unsigned depths_1[] = { 1, 4, 5 };
	static const unsigned least_1[] = { 0, 1, 3 };
	static const unsigned depths_36[] = { [EQ36_00] = 7, [EQ36_10] = 8, [EQ36_21] = 10 };
	static const unsigned least_36[] = { [EQ36_00] = 0, [EQ36_10] = 1, [EQ36_21] = 3 };
	int score = macro_score(at);
	struct levels next = at;

	ways[0] = (struct way){ 0, m[AV_4] + m[PR_4] + m[UI_4] - least_1[at.eq1], depths_1[at.eq1],
				at.eq1 == 2 };
	if (!ways[0].is_lowest) {
		next.eq1++;
		ways[0].gap = score - macro_score(next);
	}
	next = at;
	ways[1] = (struct way){ 0, m[AC_4] + m[AT_4] - at.eq2, 1 + at.eq2, at.eq2 == 1 };
	if (!ways[1].is_lowest) {
		next.eq2++;
		ways[1].gap = score - macro_score(next);
	}
	ways[2] = (struct way){ 0, m[VC_4] + m[VI_4] + m[VA_4] - least_36[at.eq36],
				depths_36[at.eq36], at.eq36 == EQ36_21 };
	if (!ways[2].is_lowest) {
		ways[2].gap = score - lower_eq36(at);
	}
	next = at;
	ways[3] = (struct way){ 0, m[SC_4] + m[SI_4] + m[SA_4] - 3 * at.eq4, 5 - at.eq4,
				at.eq4 == 1 };
	if (!ways[3].is_lowest) {
		next.eq4++;
		ways[3].gap = score - macro_score(next);
	}
}

/* The level's score less the mean of the ways gone; of EQ5 none is gone, but it counts. Exact, in
 * fractions of a tenth. */
static int score_4(const unsigned *m)
{
	struct levels at = levels_of(m);
	struct way ways[4];
	int gone = 0;
	int sets = 1;

	if (m[VC_4] + m[VI_4] + m[VA_4] + m[SC_4] + m[SI_4] + m[SA_4] == 12) {
		return 0; /* without any impact */
	}
	find_ways(m, at, ways);
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		if (!ways[i].is_lowest) {
			gone += ways[i].gap * (int)(ways[i].steps * (DEPTHS / ways[i].depth));
			sets++;
		}
	}
	return (macro_score(at) * DEPTHS * SETS - gone * (SETS / sets) + DEPTHS * SETS / 2) /
	       (DEPTHS * SETS);
}

int cvss_score(struct span vector, int *out_tenths)
{
	unsigned chosen[METRICS_MAX];

	if (vector.len > CVSS_VECTOR_MAX) {
		return ERR_MALFORMED;
	}
	if (span_starts_with(vector, "CVSS:3.0/") || span_starts_with(vector, "CVSS:3.1/")) {
		if (!take_metrics(span_after(vector, 9), metrics_3, COUNT_OF(metrics_3), chosen)) {
			return ERR_MALFORMED;
		}
		*out_tenths = score_3(chosen);
		return 0;
	}
	if (span_starts_with(vector, "CVSS:4.0/")) {
		if (!take_metrics(span_after(vector, 9), metrics_4, COUNT_OF(metrics_4), chosen)) {
			return ERR_MALFORMED;
		}
		*out_tenths = score_4(chosen);
		return 0;
	}
	if (span_starts_with(vector, "CVSS:")) {
		return ERR_UNSUPPORTED;
	}
	if (!take_metrics(vector, metrics_2, COUNT_OF(metrics_2), chosen)) {
		return ERR_MALFORMED;
	}
	*out_tenths = score_2(chosen);
	return 0;
}

const char *cvss_severity(int tenths)
{
	return tenths >= 90   ? "critical"
	       : tenths >= 70 ? "high"
	       : tenths >= 40 ? "medium"
	       : tenths > 0   ? "low"
			      : "none";
}
