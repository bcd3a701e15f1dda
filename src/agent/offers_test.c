/* offers_test.c - which version APT would take; tests/scenarios/oracle.py asks APT itself. */
#include "agent/offers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/attr.h"

static struct offers *offers_of_bash(void)
{
	struct offers *o = offers_new();

	offers_begin(o, 7, span_of("Package: bash\nPin: version 2.1*\nPin-Priority: 900\n"));
	offers_native(o, span_of("amd64"));
	offers_want(o, span_of("bash"), span_of("amd64"));
	return o;
}

static void add(struct offers *o, const char *version, int priority, const char *origin,
		bool is_security)
{
	const struct offer offer = { .version = span_of(version),
				     .priority = priority,
				     .origin = span_of(origin),
				     .is_security = is_security };

	offers_add(o, span_of("bash"), span_of("amd64"), &offer);
}

/* The candidate in place of version 2; NULL: it stays. */
static void expect(struct offers *o, const char *version, const char *origin, bool is_security)
{
	struct offer offer;
	bool is_there =
		offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2"), &offer);

	assert_int_equal(is_there, version != NULL);
	if (is_there) {
		assert_true(span_is(offer.version, version));
		assert_true(span_is(offer.origin, origin));
		assert_int_equal(offer.is_security, is_security);
	}
	offers_free(&o);
	assert_null(o);
}

static void the_newest_of_the_greatest_priority_is_taken(void **state)
{
	struct offers *o = offers_of_bash();

	(void)state;
	add(o, "3", 500, "Debian", false);
	add(o, "4", 500, "Debian", false);
	add(o, "5", 100, "Backports", false);
	add(o, "6", 1, "Experimental", false);
	expect(o, "4", "Debian", false);
}

static void what_is_older_or_forbidden_is_not_taken(void **state)
{
	struct offers *o = offers_of_bash();

	(void)state;
	add(o, "1", 990, "Debian", false);
	add(o, "3", -1, "Other", false);
	add(o, "4", 0, "Other", true);
	expect(o, NULL, NULL, false);
}

/* An installed version keeps the priority of the archive that has it. */
static void backports_do_not_replace_what_stable_still_has(void **state)
{
	struct offers *o = offers_of_bash();

	(void)state;
	add(o, "2", 500, "Debian", false);
	add(o, "3", 100, "Backports", false);
	expect(o, NULL, NULL, false);
	o = offers_of_bash();
	add(o, "3", 100, "Backports", false);
	expect(o, "3", "Backports", false);
}

/* Of one that is in no archive any more, too. */
static void a_pinned_version_stays(void **state)
{
	struct offers *o = offers_of_bash();
	struct offer found;

	(void)state;
	add(o, "3", 500, "Debian", false);
	assert_false(
		offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2.1-7"), &found));
	assert_true(offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2.2"), &found));
	offers_free(&o);
}

/* The installed version's own pin may be lower than what is installed counts else. */
static void a_pin_for_the_package_is_that_of_the_installed_version_too(void **state)
{
	struct offer pinned = { .version = span_of("2"), .priority = 50, .is_pinned = true };
	struct offers *o = offers_of_bash();

	(void)state;
	offers_add(o, span_of("bash"), span_of("amd64"), &pinned);
	pinned.version = span_of("3");
	offers_add(o, span_of("bash"), span_of("amd64"), &pinned);
	add(o, "3", 500, "Debian", false);
	expect(o, "3", "", false);
}

static void an_older_security_version_still_tells_of_a_hole(void **state)
{
	struct offers *o = offers_of_bash();

	(void)state;
	add(o, "3", 500, "Debian-Security", true);
	add(o, "4", 500, "Debian", false);
	expect(o, "4", "Debian", true);
}

static void one_version_of_two_archives_is_the_security_one(void **state)
{
	struct offers *o = offers_of_bash();

	(void)state;
	add(o, "3", 100, "Debian", false);
	add(o, "3", 500, "Debian-Security", true);
	add(o, "3", 1, "Other", false);
	expect(o, "3", "Debian-Security", true);
}

static void only_what_is_wanted_is_kept(void **state)
{
	struct offers *o = offers_of_bash();
	const struct offer offer = { .version = span_of("3"), .priority = 500 };
	struct offer found;

	(void)state;
	assert_int_equal(offers_stamp(o), 7);
	assert_true(offers_is_name_wanted(o, span_of("bash")));
	assert_false(offers_is_wanted(o, span_of("bash"), span_of("i386")));
	assert_false(offers_is_name_wanted(o, span_of("dash")));
	offers_add(o, span_of("dash"), span_of("amd64"), &offer);
	offers_add(o, span_of("bash"), span_of("i386"), &offer);
	assert_false(offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2"), &found));
	offers_add(o, span_of("bash"), span_of("all"), &offer); /* counts as the native one */
	assert_true(offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2"), &found));
	offers_begin(o, 8, span_of(""));
	assert_false(offers_is_name_wanted(o, span_of("bash")));
	offers_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_of_the_greatest_priority_is_taken),
		cmocka_unit_test(what_is_older_or_forbidden_is_not_taken),
		cmocka_unit_test(backports_do_not_replace_what_stable_still_has),
		cmocka_unit_test(a_pinned_version_stays),
		cmocka_unit_test(a_pin_for_the_package_is_that_of_the_installed_version_too),
		cmocka_unit_test(an_older_security_version_still_tells_of_a_hole),
		cmocka_unit_test(one_version_of_two_archives_is_the_security_one),
		cmocka_unit_test(only_what_is_wanted_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
