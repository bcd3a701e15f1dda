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

	offers_begin(o, span_of("Package: bash\nPin: version 2.1*\nPin-Priority: 900\n"));
	offers_native(o, span_of("amd64"));
	offers_want(o, span_of("bash"), span_of("amd64"));
	return o;
}

static void add(struct offers *o, const char *version, int priority, const char *origin,
		bool is_security)
{
	assert_true(offers_list(o, 1, span_of(origin), is_security));
	offers_add(o, span_of("bash"), span_of("amd64"), span_of(version), priority, false);
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
	struct offers *o = offers_of_bash();

	(void)state;
	assert_true(offers_list(o, 9, span_of(""), false));
	offers_add(o, span_of("bash"), span_of("amd64"), span_of("2"), 50, true);
	offers_add(o, span_of("bash"), span_of("amd64"), span_of("3"), 50, true);
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

static void a_list_that_is_gone_takes_along_what_it_offered(void **state)
{
	struct offers *o = offers_of_bash();
	struct offer found;

	(void)state;
	assert_true(offers_list(o, 1, span_of("Debian"), false));
	offers_add(o, span_of("bash"), span_of("amd64"), span_of("3"), 500, false);
	assert_true(offers_list(o, 2, span_of("Lab"), false));
	offers_add(o, span_of("bash"), span_of("amd64"), span_of("4"), 500, false);
	offers_begin_lists(o);
	assert_true(offers_keep_list(o, 1));
	assert_false(offers_keep_list(o, 3)); /* the second one has changed */
	offers_end_lists(o);
	assert_true(offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2"), &found));
	assert_true(span_is(found.version, "3"));
	assert_true(offers_list(o, 3, span_of("Lab"), true));
	offers_add(o, span_of("bash"), span_of("amd64"), span_of("5"), 500, false);
	expect(o, "5", "Lab", true);
}

static void lists_are_read_anew_for_new_packages_once_a_minute(void **state)
{
	struct offers *o = offers_of_bash();

	(void)state;
	assert_true(offers_is_reread_due(o, 1000));
	assert_int_equal(offers_reread_at_ms(o), 0);
	assert_false(offers_is_reread_due(o, 2000));
	assert_int_equal(offers_reread_at_ms(o), 1000 + OFFERS_REREAD_MS);
	assert_true(offers_is_reread_due(o, 1000 + OFFERS_REREAD_MS));
	offers_begin(o, span_of(""));
	assert_int_equal(offers_reread_at_ms(o), 0);
	offers_free(&o);
}

static void only_what_is_wanted_is_kept(void **state)
{
	struct offers *o = offers_of_bash();
	struct offer found;

	(void)state;
	assert_true(offers_is_name_wanted(o, span_of("bash")));
	assert_false(offers_is_wanted(o, span_of("bash"), span_of("i386")));
	assert_false(offers_is_name_wanted(o, span_of("dash")));
	assert_true(offers_list(o, 1, span_of("Debian"), false));
	offers_add(o, span_of("dash"), span_of("amd64"), span_of("3"), 500, false);
	offers_add(o, span_of("bash"), span_of("i386"), span_of("3"), 500, false);
	assert_false(offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2"), &found));
	/* counts as the native one */
	offers_add(o, span_of("bash"), span_of("all"), span_of("3"), 500, false);
	assert_true(offers_candidate(o, span_of("bash"), span_of("amd64"), span_of("2"), &found));
	offers_begin(o, span_of(""));
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
		cmocka_unit_test(a_list_that_is_gone_takes_along_what_it_offered),
		cmocka_unit_test(lists_are_read_anew_for_new_packages_once_a_minute),
		cmocka_unit_test(only_what_is_wanted_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
