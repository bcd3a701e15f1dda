#include "formats/cvss.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int score(const char *vector)
{
	int tenths = -1;
	int error = cvss_score(span_of(vector), &tenths);

	return error != 0 ? error : tenths;
}

/* The examples of FIRST's "CVSS v3.1 Examples" and NVD's scores of well-known CVEs. */
static void scores_published_examples_of_version_3(void **state)
{
	(void)state;
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:L"), 63);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), 98);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"), 100);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"), 61);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N"), 64);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"), 31);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H"), 99);
	assert_int_equal(score("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"), 75);
	assert_int_equal(score("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"), 78);
	assert_int_equal(score("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), 68);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:L/A:N"), 37);
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"), 0);
	/* the advisories of tests/corpus/server-feeds-redhat say these themselves */
	assert_int_equal(score("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:N/I:N/A:H"), 53);
	assert_int_equal(score("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H"), 70);
}

/* Section 3.3 of the guide to version 2. */
static void scores_published_examples_of_version_2(void **state)
{
	(void)state;
	assert_int_equal(score("AV:N/AC:L/Au:N/C:N/I:N/A:C"), 78);
	assert_int_equal(score("AV:N/AC:L/Au:N/C:C/I:C/A:C"), 100);
	assert_int_equal(score("AV:L/AC:H/Au:N/C:C/I:C/A:C"), 62);
	assert_int_equal(score("AV:N/AC:L/Au:N/C:N/I:N/A:N"), 0);
}

/* Of the specification's examples and of the test vectors of Red Hat's and pandatix's
 * implementations, which are checked against FIRST's calculator: every level of every set. */
static void scores_published_examples_of_version_4(void **state)
{
	static const struct {
		const char *metrics;
		int tenths;
	} examples[] = {
		{ "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:H/SI:H/SA:H", 79 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:N/SI:N/SA:N", 69 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:H/VA:L/SC:N/SI:H/SA:L", 92 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:H/SI:N/SA:L", 78 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:N/VA:L/SC:N/SI:H/SA:N", 83 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:P/VC:N/VI:N/VA:L/SC:L/SI:N/SA:L", 53 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 86 },
		{ "AV:N/AC:L/AT:N/PR:N/UI:A/VC:H/VI:H/VA:N/SC:N/SI:L/SA:L", 85 },
		{ "AV:N/AC:L/AT:N/PR:L/UI:N/VC:H/VI:N/VA:L/SC:N/SI:L/SA:N", 71 },
		{ "AV:N/AC:L/AT:N/PR:L/UI:P/VC:H/VI:L/VA:L/SC:L/SI:L/SA:L", 70 },
		{ "AV:N/AC:L/AT:N/PR:L/UI:A/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H", 93 },
		{ "AV:N/AC:L/AT:N/PR:L/UI:A/VC:N/VI:H/VA:H/SC:N/SI:N/SA:L", 69 },
		{ "AV:N/AC:L/AT:N/PR:H/UI:P/VC:L/VI:L/VA:N/SC:L/SI:N/SA:N", 48 },
		{ "AV:N/AC:L/AT:N/PR:H/UI:A/VC:L/VI:N/VA:N/SC:H/SI:N/SA:H", 60 },
		{ "AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H", 95 },
		{ "AV:N/AC:L/AT:P/PR:N/UI:N/VC:N/VI:H/VA:N/SC:L/SI:N/SA:N", 82 },
		{ "AV:N/AC:L/AT:P/PR:N/UI:P/VC:L/VI:L/VA:N/SC:H/SI:N/SA:N", 49 },
		{ "AV:N/AC:L/AT:P/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:N/SA:N", 21 },
		{ "AV:N/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:L/SC:N/SI:N/SA:H", 87 },
		{ "AV:N/AC:L/AT:P/PR:L/UI:A/VC:L/VI:L/VA:N/SC:N/SI:H/SA:L", 45 },
		{ "AV:N/AC:L/AT:P/PR:H/UI:A/VC:N/VI:L/VA:L/SC:L/SI:N/SA:N", 18 },
		{ "AV:N/AC:H/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:L/SI:H/SA:L", 94 },
		{ "AV:N/AC:H/AT:N/PR:L/UI:P/VC:H/VI:L/VA:N/SC:N/SI:L/SA:L", 59 },
		{ "AV:N/AC:H/AT:N/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:H/SA:N", 40 },
		{ "AV:N/AC:H/AT:P/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:L", 91 },
		{ "AV:L/AC:L/AT:N/PR:L/UI:P/VC:N/VI:H/VA:H/SC:N/SI:L/SA:L", 52 },
		{ "AV:P/AC:L/AT:N/PR:H/UI:N/VC:H/VI:L/VA:H/SC:N/SI:N/SA:H", 68 },
		{ "AV:P/AC:L/AT:N/PR:H/UI:P/VC:H/VI:N/VA:N/SC:L/SI:N/SA:L", 51 },
		{ "AV:P/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:L/SC:H/SI:N/SA:L", 69 },
		{ "AV:P/AC:L/AT:P/PR:N/UI:N/VC:L/VI:L/VA:L/SC:H/SI:H/SA:L", 23 },
		{ "AV:P/AC:L/AT:P/PR:L/UI:P/VC:N/VI:N/VA:N/SC:L/SI:N/SA:L", 10 },
		{ "AV:P/AC:L/AT:P/PR:L/UI:A/VC:H/VI:H/VA:N/SC:N/SI:N/SA:L", 53 },
		{ "AV:P/AC:L/AT:P/PR:H/UI:N/VC:H/VI:H/VA:H/SC:H/SI:L/SA:H", 72 },
		{ "AV:P/AC:H/AT:N/PR:N/UI:A/VC:H/VI:H/VA:H/SC:L/SI:L/SA:L", 54 },
		{ "AV:P/AC:H/AT:N/PR:N/UI:A/VC:L/VI:N/VA:L/SC:N/SI:N/SA:H", 18 },
		{ "AV:P/AC:H/AT:N/PR:H/UI:P/VC:L/VI:N/VA:N/SC:H/SI:H/SA:H", 24 },
		{ "AV:P/AC:H/AT:P/PR:N/UI:P/VC:H/VI:N/VA:L/SC:N/SI:L/SA:H", 57 },
		{ "AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", 10 },
		{ "AV:P/AC:H/AT:N/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0 },
	};
	char vector[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(examples); i++) {
		snprintf(vector, sizeof vector, "CVSS:4.0/%s", examples[i].metrics);
		if (score(vector) != examples[i].tenths) {
			fail_msg("%s: %d, not %d", vector, score(vector), examples[i].tenths);
		}
	}
}

static void leaves_temporal_and_environmental_metrics_alone(void **state)
{
	(void)state;
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/MAV:L"), 98);
	assert_int_equal(score("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C"), 78);
	assert_int_equal(score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/"
			       "E:U/CR:L/MAV:P/MSI:S/S:P/U:Clear"),
			 93);
}

static void refuses_what_is_incomplete_or_contradicts_itself(void **state)
{
	(void)state;
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H"), ERR_MALFORMED);
	assert_int_equal(score("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), ERR_MALFORMED);
	assert_int_equal(score("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), ERR_MALFORMED);
	assert_int_equal(score("CVSS:3.1/"), ERR_MALFORMED);
	assert_int_equal(score(""), ERR_MALFORMED);
	assert_int_equal(score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N"),
			 ERR_MALFORMED);
	assert_int_equal(score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:R/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
			 ERR_MALFORMED);
	assert_int_equal(score("CVSS:5.0/AV:N/AC:L"), ERR_UNSUPPORTED);
}

static void names_severities_by_the_rating_scale(void **state)
{
	(void)state;
	assert_string_equal(cvss_severity(0), "none");
	assert_string_equal(cvss_severity(39), "low");
	assert_string_equal(cvss_severity(40), "medium");
	assert_string_equal(cvss_severity(70), "high");
	assert_string_equal(cvss_severity(90), "critical");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores_published_examples_of_version_3),
		cmocka_unit_test(scores_published_examples_of_version_2),
		cmocka_unit_test(scores_published_examples_of_version_4),
		cmocka_unit_test(leaves_temporal_and_environmental_metrics_alone),
		cmocka_unit_test(refuses_what_is_incomplete_or_contradicts_itself),
		cmocka_unit_test(names_severities_by_the_rating_scale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
