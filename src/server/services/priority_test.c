/* priority_test.c - a priority never falls when anything about a finding is worse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/services/vulnerability.h"

static const int scores[] = { 0, 1, 39, 55, 78, 98, 100 };
static const int chances[] = { 0, 999, 1000, 9999, 10000, 100000, 499999, 500000, 1000000 };
static const enum exposure by_reach[] = { EXPOSURE_NOT_RUNNING, EXPOSURE_INSTALLED,
					  EXPOSURE_RUNNING, EXPOSURE_LOCAL, EXPOSURE_NETWORK };
static const enum judgement_status by_weight[] = { JUDGEMENT_UNIMPORTANT, JUDGEMENT_UNDETERMINED,
						   JUDGEMENT_NO_DSA, JUDGEMENT_OPEN };

static struct reach at(enum exposure exposure)
{
	return (struct reach){ .exposure = exposure };
}

static struct priority priority_of(int score, int chance, bool is_exploited, enum exposure exposure,
				   enum judgement_status status)
{
	struct knowledge_vulnerability facts = { .score_tenths = score,
						 .epss_millionths = chance,
						 .is_exploited = is_exploited };
	uint8_t text[512];
	struct writer w = writer_over(text, sizeof text);
	struct priority p = vulnerability_priority(&facts, status, at(exposure), span_of(""), &w);

	assert_true(writer_ok(&w));
	assert_true(p.value >= 0 && p.value <= 100);
	return p;
}

/* Each is a place in one of the lists above. */
struct point {
	size_t at[5];
};

static const size_t sizes[5] = { COUNT_OF(scores), COUNT_OF(chances), 2, COUNT_OF(by_reach),
				 COUNT_OF(by_weight) };

static int value_at(const struct point *p)
{
	return priority_of(scores[p->at[0]], chances[p->at[1]], p->at[2] != 0, by_reach[p->at[3]],
			   by_weight[p->at[4]])
		.value;
}

static bool next(struct point *p)
{
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		if (++p->at[i] < sizes[i]) {
			return true;
		}
		p->at[i] = 0;
	}
	return false;
}

static void every_factor_that_is_worse_never_lowers_it(void **state)
{
	struct point p = { 0 };

	(void)state;
	do {
		int value = value_at(&p);

		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			struct point worse = p;

			if (++worse.at[i] < sizes[i]) {
				assert_true(value_at(&worse) >= value);
			}
		}
	} while (next(&p));
}

static void not_exploited_unimportant_and_not_running_is_the_lowest(void **state)
{
	struct point p = { 0 };

	(void)state;
	for (size_t s = 1; s < COUNT_OF(scores); s++) {
		int lowest = priority_of(scores[s], 0, false, EXPOSURE_NOT_RUNNING,
					 JUDGEMENT_UNIMPORTANT)
				     .value;

		p = (struct point){ 0 };
		do {
			if (p.at[0] == s) {
				assert_true(value_at(&p) >= lowest);
			}
		} while (next(&p));
	}
}

static void what_is_exploited_outranks_all_that_merely_could_be(void **state)
{
	(void)state;
	assert_true(priority_of(78, 0, true, EXPOSURE_RUNNING, JUDGEMENT_FIXABLE).value >
		    priority_of(98, 99999, false, EXPOSURE_RUNNING, JUDGEMENT_FIXABLE).value);
	assert_string_equal(priority_of(98, 0, true, EXPOSURE_NETWORK, JUDGEMENT_FIXABLE).level,
			    "critical");
	assert_string_equal(priority_of(10, 0, true, EXPOSURE_INSTALLED, JUDGEMENT_OPEN).level,
			    "high");
}

static void what_is_no_finding_has_none(void **state)
{
	(void)state;
	assert_string_equal(
		priority_of(100, 1000000, true, EXPOSURE_NETWORK, JUDGEMENT_FIXED).level, "none");
	assert_int_equal(priority_of(100, 0, true, EXPOSURE_NETWORK, JUDGEMENT_NOT_INSTALLED).value,
			 0);
}

static void values_that_no_feed_should_say_stay_in_bounds(void **state)
{
	(void)state;
	(void)priority_of(32767, 2147483647, true, EXPOSURE_NETWORK, JUDGEMENT_FIXABLE);
	(void)priority_of(-5, -7, false, EXPOSURE_UNKNOWN, JUDGEMENT_OPEN);
}

static void the_reason_is_told_in_words(void **state)
{
	const struct knowledge_vulnerability facts = { .score_tenths = 98,
						       .epss_millionths = 943210,
						       .is_exploited = true,
						       .kev_due = span_of("2024-04-21") };
	const struct knowledge_vulnerability nothing = { .score_tenths = -1,
							 .epss_millionths = -1 };
	uint8_t text[512];
	struct writer w = writer_over(text, sizeof text);

	(void)state;
	(void)vulnerability_priority(&facts, JUDGEMENT_FIXABLE, at(EXPOSURE_NETWORK), span_of(""),
				     &w);
	assert_true(span_is(writer_span(&w),
			    "exploited in the wild (due 2024-04-21), listens beyond the machine, "
			    "CVSS 9.8, EPSS 94.3 %, a fix is there"));
	w = writer_over(text, sizeof text);
	(void)vulnerability_priority(&nothing, JUDGEMENT_UNIMPORTANT, at(EXPOSURE_UNKNOWN),
				     span_of("low"), &w);
	assert_true(span_is(writer_span(&w), "urgency low, unimportant to the distribution"));
	w = writer_over(text, sizeof text);
	(void)vulnerability_priority(
		&nothing, JUDGEMENT_OPEN,
		(struct reach){ EXPOSURE_NETWORK, span_of("tcp [::]:80, udp 0.0.0.0:53") },
		span_of("low"), &w);
	assert_true(span_is(writer_span(&w),
			    "listens beyond the machine (tcp [::]:80, udp 0.0.0.0:53), "
			    "urgency low, no fix yet"));
}

static void a_word_stands_in_for_a_score(void **state)
{
	struct knowledge_vulnerability facts = { .score_tenths = -1, .epss_millionths = -1 };
	uint8_t text[512];
	struct writer w = writer_over(text, sizeof text);
	int low = vulnerability_priority(&facts, JUDGEMENT_OPEN, at(EXPOSURE_RUNNING),
					 span_of("low"), &w)
			  .value;
	int high = vulnerability_priority(&facts, JUDGEMENT_OPEN, at(EXPOSURE_RUNNING),
					  span_of("high**"), &w)
			   .value;

	(void)state;
	assert_true(high > low);
	facts.severity = span_of("critical"); /* the score's word before the urgency */
	assert_true(vulnerability_priority(&facts, JUDGEMENT_OPEN, at(EXPOSURE_RUNNING),
					   span_of("low"), &w)
			    .value > high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_factor_that_is_worse_never_lowers_it),
		cmocka_unit_test(not_exploited_unimportant_and_not_running_is_the_lowest),
		cmocka_unit_test(what_is_exploited_outranks_all_that_merely_could_be),
		cmocka_unit_test(what_is_no_finding_has_none),
		cmocka_unit_test(values_that_no_feed_should_say_stay_in_bounds),
		cmocka_unit_test(the_reason_is_told_in_words),
		cmocka_unit_test(a_word_stands_in_for_a_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
