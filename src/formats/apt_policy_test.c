/* apt_policy_test.c - Release files and preferences. */
#include "formats/apt_policy.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void reads_signed_and_plain_release_files(void **state)
{
	struct apt_release release;

	(void)state;
	apt_release_parse(fixture("formats-apt_policy/security"), &release);
	assert_string_equal(fixture_text(release.label), "Debian-Security");
	assert_string_equal(fixture_text(release.suite), "oldstable-security");
	assert_true(apt_release_is_security(&release));
	assert_false(release.is_not_automatic);
	apt_release_parse(fixture("formats-apt_policy/backports"), &release);
	assert_string_equal(fixture_text(release.codename), "bookworm-backports");
	assert_false(apt_release_is_security(&release));
	assert_true(release.is_not_automatic && release.is_but_automatic_upgrade);
	apt_release_parse(span_of("Suite: noble-security\n"), &release);
	assert_true(apt_release_is_security(&release));
	apt_release_parse(span_of(""), &release);
	assert_false(apt_release_is_security(&release));
}

static int priority(const char *preferences, const char *release_file, const char *package,
		    const char *version)
{
	struct span pins = preferences != NULL ? fixture(preferences) : span_of("");
	struct apt_release release;

	apt_release_parse(fixture(release_file), &release);
	release.host = span_of("archive.example.org");
	return apt_policy_priority(pins, &release, span_of(package), span_of(version)).value;
}

static void archives_have_priorities_of_their_own(void **state)
{
	static const char backports[] = "formats-apt_policy/backports";
	struct apt_release experimental = { .is_not_automatic = true };

	(void)state;
	assert_int_equal(priority(NULL, "formats-apt_policy/security", "bash", "5"), 500);
	assert_int_equal(priority(NULL, backports, "bash", "5"), 100);
	assert_int_equal(
		apt_policy_priority(span_of(""), &experimental, span_of("bash"), span_of("5"))
			.value,
		1);
}

/* As apt-cache policy has it with these preferences. */
static void a_pin_for_a_package_wins_over_one_for_all(void **state)
{
	static const char pins[] = "formats-apt_policy/preferences";
	static const char security[] = "formats-apt_policy/security";
	static const char backports[] = "formats-apt_policy/backports";

	(void)state;
	assert_int_equal(priority(pins, security, "bash", "5.1-2"), 1001);
	assert_int_equal(priority(pins, security, "libc6-dev", "5.1"), 1001);
	assert_int_equal(priority(pins, security, "bash", "5.2-1"), 500);
	assert_int_equal(priority(pins, backports, "bash", "5.2-1"), 600);
	assert_int_equal(priority(pins, security, "vim", "9"), -1);
	assert_int_equal(priority(pins, security, "nano", "7"), 990);
	assert_int_equal(priority(pins, security, "broken", "7"), 500);
}

/* Installed, and in no archive any more. */
static void a_version_that_is_only_installed_may_be_pinned(void **state)
{
	struct span pins = fixture("formats-apt_policy/preferences");
	const struct apt_release nowhere = { .is_not_automatic = false };
	struct apt_priority found =
		apt_policy_priority(pins, &nowhere, span_of("bash"), span_of("5.1-9"));

	(void)state;
	assert_true(found.is_pinned);
	assert_int_equal(found.value, 1001);
	found = apt_policy_priority(pins, &nowhere, span_of("bash"), span_of("5.2"));
	assert_false(found.is_pinned);
	found = apt_policy_priority(span_of("Package: b*\nPin: release o=*\nPin-Priority: 7\n"),
				    &nowhere, span_of("bash"), span_of("5.2"));
	assert_false(found.is_pinned);
}

static void parse(struct span part)
{
	struct apt_release release;

	apt_release_parse(part, &release);
	assert_in_range(
		apt_policy_priority(part, &release, span_of("bash"), span_of("5.1-2")).value, 0,
		1001);
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-apt_policy/preferences"), parse);
	fixture_truncate(fixture("formats-apt_policy/security"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_signed_and_plain_release_files),
		cmocka_unit_test(archives_have_priorities_of_their_own),
		cmocka_unit_test(a_pin_for_a_package_wins_over_one_for_all),
		cmocka_unit_test(a_version_that_is_only_installed_may_be_pinned),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
