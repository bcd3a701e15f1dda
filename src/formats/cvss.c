/*
 * cvss.c - the formulas of CVSS v2 (section 3.2.1) and v3.1 (section 7.1, appendix A).
 *
 * Weights are kept as whole numbers of a thousandth; what is left of floating point are the two
 * powers of a changed scope.
 */
#include "formats/cvss.h"

#include "base/error.h"
#include "base/reader.h"

#define METRICS_MAX 8
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
