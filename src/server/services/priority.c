/*
 * priority.c - how urgent a finding is: the table of docs/vulnerability-matching.md, in numbers.
 *
 * severity x probability x exposure, each of the last two at most 1; what is exploited in the wild
 * begins at 60; what the distribution decided, a kernel that does not run, and a banner that does
 * not say enough, lower it.
 */
#include "server/services/vulnerability.h"

#define EXPLOITED_FLOOR  60
#define SEVERITY_UNKNOWN 65 /* percent: about the middle of all published scores */
#define EPSS_UNKNOWN     75

/* What is left of an exploited one in a kernel that does not run: enough that it is never below
 * one that is not exploited. */
#define EXPLOITED_NOT_RUNNING 40

/* Percent, by EPSS's probability: from this many millionths on. */
static const struct {
	int from_millionths;
	int percent;
} probabilities[] = { { 500000, 100 }, { 100000, 90 }, { 10000, 80 }, { 1000, 65 }, { 0, 55 } };

static const int exposures[] = {
	[EXPOSURE_UNKNOWN] = 80, [EXPOSURE_NOT_RUNNING] = 25, [EXPOSURE_INSTALLED] = 65,
	[EXPOSURE_RUNNING] = 80, [EXPOSURE_LOCAL] = 85,       [EXPOSURE_NETWORK] = 100,
};

static const char *const exposure_words[] = {
	[EXPOSURE_NOT_RUNNING] = "not the running kernel",
	[EXPOSURE_INSTALLED] = "installed, nothing of it runs",
	[EXPOSURE_RUNNING] = "running",
	[EXPOSURE_LOCAL] = "listens on loopback",
	[EXPOSURE_NETWORK] = "listens beyond the machine",
};

/* Percent that is left of it. */
static const struct {
	int percent;
	const char *words;
} statuses[] = {
	[JUDGEMENT_FIXABLE] = { 100, "a fix is there" },
	[JUDGEMENT_OPEN] = { 100, "no fix yet" },
	[JUDGEMENT_NO_DSA] = { 80, "minor to the distribution (no-dsa)" },
	[JUDGEMENT_POSTPONED] = { 80, "minor to the distribution (postponed)" },
	[JUDGEMENT_IGNORED] = { 80, "minor to the distribution (ignored)" },
	[JUDGEMENT_UNIMPORTANT] = { 40, "unimportant to the distribution" },
	[JUDGEMENT_UNDETERMINED] = { 60, "undetermined" },
	[JUDGEMENT_END_OF_LIFE] = { 100, "no longer supported (end-of-life)" },
	[JUDGEMENT_WILL_NOT_FIX] = { 80, "will not be fixed" },
	[JUDGEMENT_FIXED] = { 0, "fixed" },
	[JUDGEMENT_NOT_AFFECTED] = { 0, "not affected" },
	[JUDGEMENT_NOT_INSTALLED] = { 0, "not installed" },
	[JUDGEMENT_NOT_JUDGED] = { 0, "not judged" },
};

/* Percent that is left of what a banner lets conclude. */
static const struct {
	int percent;
	const char *words;
} confidences[] = {
	[CONFIDENCE_CERTAIN] = { 100, NULL },
	[CONFIDENCE_LIKELY] = { 100, "inferred from a banner" },
	[CONFIDENCE_POSSIBLE] = { 60, "only possible, inferred from a banner" },
};

/* What feeds call severities, where no score is known. */
static const struct {
	const char *word;
	int percent;
} words[] = {
	{ "critical", 95 }, { "important", 80 }, { "high", 80 },       { "moderate", 55 },
	{ "medium", 55 },   { "low", 30 },       { "negligible", 10 }, { "none", 0 },
};

static const struct {
	int from;
	const char *level;
} levels[] = { { 80, "critical" }, { 60, "high" }, { 30, "medium" }, { 1, "low" }, { 0, "none" } };

/* "high**" of old Debian entries is high as well. */
static int percent_of_word(struct span word, int unknown)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (span_starts_with(word, words[i].word)) {
			return words[i].percent;
		}
	}
	return unknown;
}

static int severity_of(const struct knowledge_vulnerability *facts, struct span urgency)
{
	if (facts->score_tenths >= 0) {
		return facts->score_tenths > 100 ? 100 : facts->score_tenths;
	}
	return percent_of_word(facts->severity, percent_of_word(urgency, SEVERITY_UNKNOWN));
}

static int probability_of(int epss_millionths)
{
	for (size_t i = 0; i < COUNT_OF(probabilities); i++) {
		if (epss_millionths >= probabilities[i].from_millionths) {
			return probabilities[i].percent;
		}
	}
	return EPSS_UNKNOWN;
}

static void separate(struct writer *w, size_t mark)
{
	if (writer_used(w) > mark) {
		writer_text(w, ", ");
	}
}

/* "94.3": a number of tenths. */
static void write_tenths(struct writer *w, int tenths)
{
	writer_decimal(w, (uint64_t)tenths / 10);
	writer_text(w, ".");
	writer_decimal(w, (uint64_t)tenths % 10);
}

static void explain_facts(const struct knowledge_vulnerability *facts, struct span urgency,
			  struct writer *w, size_t mark)
{
	if (facts->score_tenths >= 0) {
		separate(w, mark);
		writer_text(w, "CVSS ");
		write_tenths(w, facts->score_tenths > 100 ? 100 : facts->score_tenths);
	} else if (percent_of_word(facts->severity, -1) >= 0) {
		separate(w, mark);
		writer_text(w, "severity ");
		writer_bytes(w, facts->severity);
	} else if (percent_of_word(urgency, -1) >= 0) {
		separate(w, mark);
		writer_text(w, "urgency ");
		writer_bytes(w, urgency);
	} else {
		separate(w, mark);
		writer_text(w, "severity unknown");
	}
	if (facts->epss_millionths >= 0) {
		separate(w, mark);
		writer_text(w, "EPSS ");
		write_tenths(w,
			     (facts->epss_millionths > 1000000 ? 1000000 : facts->epss_millionths) /
				     1000);
		writer_text(w, " %");
	}
}

static void explain(const struct knowledge_vulnerability *facts, enum judgement_status status,
		    struct reach reach, struct span urgency, struct writer *w)
{
	size_t mark = writer_used(w);

	if (facts->is_exploited) {
		writer_text(w, "exploited in the wild");
		if (facts->is_ransomware) {
			writer_text(w, " by ransomware");
		}
		if (facts->kev_due.len > 0) {
			writer_text(w, " (due ");
			writer_bytes(w, facts->kev_due);
			writer_text(w, ")");
		}
	}
	if (exposure_words[reach.exposure] != NULL) {
		separate(w, mark);
		writer_text(w, exposure_words[reach.exposure]);
	}
	if (reach.at.len > 0) {
		writer_text(w, " (");
		writer_bytes(w, reach.at);
		writer_text(w, ")");
	}
	explain_facts(facts, urgency, w, mark);
	separate(w, mark);
	writer_text(w, statuses[status].words);
	if (confidences[reach.confidence].words != NULL) {
		separate(w, mark);
		writer_text(w, confidences[reach.confidence].words);
	}
}

struct priority vulnerability_priority(const struct knowledge_vulnerability *facts,
				       enum judgement_status status, struct reach reach,
				       struct span urgency, struct writer *out_reason)
{
	/* in hundredths of a percent of a percent, rounded once, at the end */
	int64_t value = (int64_t)severity_of(facts, urgency) * exposures[reach.exposure];
	struct priority priority = { 0 };
	size_t level = 0;

	if (facts->is_exploited) {
		value = EXPLOITED_FLOOR * 10000 + value * (100 - EXPLOITED_FLOOR);
		if (reach.exposure == EXPOSURE_NOT_RUNNING) {
			value = value * EXPLOITED_NOT_RUNNING / 100;
		}
	} else {
		value *= probability_of(facts->epss_millionths);
	}
	value = value * statuses[status].percent / 100 * confidences[reach.confidence].percent;
	priority.value = (int)((value + 500000) / 1000000);
	while (priority.value < levels[level].from) {
		level++;
	}
	priority.level = levels[level].level;
	explain(facts, status, reach, urgency, out_reason);
	return priority;
}

struct priority_parts vulnerability_priority_parts(const struct knowledge_vulnerability *facts,
						   enum judgement_status status, struct reach reach,
						   struct span urgency)
{
	return (struct priority_parts){
		.severity = severity_of(facts, urgency),
		.probability = facts->is_exploited ? -1 : probability_of(facts->epss_millionths),
		.exposure = exposures[reach.exposure],
		.decision = statuses[status].percent,
		.confidence = confidences[reach.confidence].percent,
	};
}
