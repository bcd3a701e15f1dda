/* fix_test.c - commands that mend, and never one that does anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/services/vulnerability.h"

static uint8_t text[1024];

static struct span fix_of(const struct row *row, const char *fixed, const char *advisory)
{
	struct judgement j = { .status = JUDGEMENT_FIXABLE, .fixed_version = span_of(fixed) };
	struct writer w = writer_over(text, sizeof text);

	j.entry.advisory = span_of(advisory);
	vulnerability_fix(row, &j, &w);
	return writer_span(&w);
}

static struct row package_of(const char *manager, const char *name, const char *vendor)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_PACKAGES));
	row_set_text(&row, PACKAGES_MANAGER, span_of(manager));
	row_set_text(&row, PACKAGES_NAME, span_of(name));
	row_set_text(&row, PACKAGES_VERSION, span_of("1"));
	row_set_text_if_any(&row, PACKAGES_VENDOR, span_of(vendor));
	return row;
}

static struct row language_of(const char *ecosystem, const char *name, const char *path)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_LANGUAGE_PACKAGES));
	row_set_text(&row, LANGUAGE_PACKAGES_ECOSYSTEM, span_of(ecosystem));
	row_set_text(&row, LANGUAGE_PACKAGES_NAME, span_of(name));
	row_set_text(&row, LANGUAGE_PACKAGES_VERSION, span_of("1"));
	row_set_text(&row, LANGUAGE_PACKAGES_PATH, span_of(path));
	return row;
}

static void expect_package(const char *manager, const char *name, const char *vendor,
			   const char *command)
{
	struct row row = package_of(manager, name, vendor);
	struct span got = fix_of(&row, "2-1", "RHSA-2024:0811");

	if (!span_is(got, command)) {
		print_message("%.*s\n", (int)got.len, (const char *)got.ptr);
		fail();
	}
}

static void expect_language(const char *ecosystem, const char *name, const char *path,
			    const char *command)
{
	struct row row = language_of(ecosystem, name, path);
	struct span got = fix_of(&row, "2.0", "");

	if (!span_is(got, command)) {
		print_message("%.*s\n", (int)got.len, (const char *)got.ptr);
		fail();
	}
}

static void each_package_manager_has_its_command(void **state)
{
	(void)state;
	expect_package("dpkg", "libssl3", "", "apt-get install --only-upgrade libssl3");
	expect_package("rpm", "openssl-libs", "Red Hat, Inc.",
		       "dnf upgrade --advisory=RHSA-2024:0811");
	expect_package("rpm", "openssl-libs", "Rocky", "dnf upgrade openssl-libs");
	expect_package("apk", "libssl3", "", "apk upgrade libssl3");
}

static void a_kernel_is_replaced_by_the_next_one_and_booted(void **state)
{
	(void)state;
	expect_package("dpkg", "linux-image-6.1.0-18-cloud-amd64", "",
		       "apt-get install linux-image-cloud-amd64 && systemctl "
		       "reboot");
	expect_package("dpkg", "linux-image-6.12.48+deb13-amd64", "",
		       "apt-get install linux-image-amd64 && systemctl reboot");
	expect_package("dpkg", "linux-image-amd64", "",
		       "apt-get install --only-upgrade linux-image-amd64 && systemctl reboot");
	expect_package("rpm", "kernel-core", "Rocky", "dnf upgrade kernel && systemctl reboot");
	expect_package("apk", "linux-lts", "", "apk upgrade linux-lts && reboot");
}

static void each_ecosystem_has_its_command(void **state)
{
	(void)state;
	expect_language("npm", "@a/b", "/usr/local/lib/node_modules/@a/b/package.json",
			"npm install --global @a/b@2.0");
	expect_language("npm", "ini", "/usr/lib/node_modules/npm/node_modules/ini/package.json",
			"npm update --global npm");
	expect_language("npm", "ini", "/usr/lib/node_modules/@x/y/node_modules/ini/package.json",
			"npm update --global @x/y");
	expect_language("pypi", "requests",
			"/usr/local/lib/python3.11/dist-packages/requests-1.dist-info/METADATA",
			"pip install --upgrade 'requests>=2.0'");
	expect_language("pypi", "requests",
			"/opt/app/venv/lib/python3.11/site-packages/requests-1.dist-info/METADATA",
			"/opt/app/venv/bin/pip install --upgrade 'requests>=2.0'");
	expect_language("rubygems", "nokogiri", "/x", "gem install nokogiri --version 2.0");
	expect_language("cargo", "ripgrep", "/x", "cargo install ripgrep --version 2.0");
	expect_language("go", "golang.org/x/net", "/usr/local/bin/x",
			"go get golang.org/x/net@v2.0 && go build # in the sources of "
			"/usr/local/bin/x");
	expect_language("go", "stdlib", "/usr/local/bin/x",
			"go get go@2.0 && go build # in the sources of /usr/local/bin/x");
}

static void packages_of_one_source_are_upgraded_together(void **state)
{
	const struct span names[] = { span_of("openssl"), span_of("libssl3"), span_of("a;b"),
				      span_of("openssl") };
	struct row row = package_of("dpkg", "libssl3", "");
	struct judgement j = { .status = JUDGEMENT_FIXABLE, .fixed_version = span_of("2") };
	struct writer w = writer_over(text, sizeof text);

	(void)state;
	vulnerability_fix_together(&row, &j, names, COUNT_OF(names), &w);
	assert_true(span_is(writer_span(&w), "apt-get install --only-upgrade libssl3 openssl"));
}

static void a_hostile_name_or_version_gives_no_command(void **state)
{
	static const char *const hostile[] = { "x; rm -rf /", "$(id)", "a b", "x\nrm", "x'y",
					       "x`id`",       "x&&y",  "-oX", "~root", "x\x1b[m",
					       "x|y",         "x>y",   "x\"", "x#",    "" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		struct row row = package_of("dpkg", hostile[i], "");
		struct row other = package_of("dpkg", "fine", "");
		struct row language = language_of("npm", hostile[i], "/x");

		assert_int_equal(fix_of(&row, "1", "").len, 0);
		assert_int_equal(fix_of(&other, hostile[i], "").len, 0);
		assert_int_equal(fix_of(&language, "1", "").len, 0);
	}
}

static void what_has_no_fix_has_no_command(void **state)
{
	struct row row = package_of("dpkg", "x", "");
	struct row unknown = package_of("pacman", "x", "");

	(void)state;
	assert_int_equal(fix_of(&row, "", "").len, 0);
	assert_int_equal(fix_of(&unknown, "2", "").len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_package_manager_has_its_command),
		cmocka_unit_test(a_kernel_is_replaced_by_the_next_one_and_booted),
		cmocka_unit_test(each_ecosystem_has_its_command),
		cmocka_unit_test(packages_of_one_source_are_upgraded_together),
		cmocka_unit_test(a_hostile_name_or_version_gives_no_command),
		cmocka_unit_test(what_has_no_fix_has_no_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
