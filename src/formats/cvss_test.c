#include "formats/cvss.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

static void leaves_temporal_and_environmental_metrics_alone(void **state)
{
	(void)state;
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/MAV:L"), 98);
	assert_int_equal(score("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C"), 78);
}

static void refuses_what_is_incomplete_or_contradicts_itself(void **state)
{
	(void)state;
	assert_int_equal(score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H"), ERR_MALFORMED);
	assert_int_equal(score("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), ERR_MALFORMED);
	assert_int_equal(score("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), ERR_MALFORMED);
	assert_int_equal(score("CVSS:3.1/"), ERR_MALFORMED);
	assert_int_equal(score(""), ERR_MALFORMED);
	assert_int_equal(score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
			 ERR_UNSUPPORTED);
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
		cmocka_unit_test(leaves_temporal_and_environmental_metrics_alone),
		cmocka_unit_test(refuses_what_is_incomplete_or_contradicts_itself),
		cmocka_unit_test(names_severities_by_the_rating_scale),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
