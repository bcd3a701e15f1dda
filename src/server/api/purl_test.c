/* purl_test.c - package URLs as the specification and other tools write them. */
#include "server/api/purl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "schema/schema.h"

static void assert_package(const char *manager, const char *name, const char *version,
			   const char *os_id, const char *expected)
{
	char text[512];
	struct writer w = writer_over((uint8_t *)text, sizeof text - 1);
	struct row row;

	row_init(&row, schema_by_number(TABLE_PACKAGES));
	row_set_text(&row, PACKAGES_MANAGER, span_of(manager));
	row_set_text(&row, PACKAGES_NAME, span_of(name));
	row_set_text(&row, PACKAGES_VERSION, span_of(version));
	row_set_text(&row, PACKAGES_ARCHITECTURE, span_of("amd64"));
	purl_of_package(&row, span_of(os_id), span_of("12"), &w);
	text[writer_used(&w)] = '\0';
	assert_string_equal(text, expected);
}

static void assert_language(const char *ecosystem, const char *name, const char *expected)
{
	char text[512];
	struct writer w = writer_over((uint8_t *)text, sizeof text - 1);
	struct row row;

	row_init(&row, schema_by_number(TABLE_LANGUAGE_PACKAGES));
	row_set_text(&row, LANGUAGE_PACKAGES_ECOSYSTEM, span_of(ecosystem));
	row_set_text(&row, LANGUAGE_PACKAGES_NAME, span_of(name));
	row_set_text(&row, LANGUAGE_PACKAGES_VERSION, span_of("1.0"));
	purl_of_language(&row, &w);
	text[writer_used(&w)] = '\0';
	assert_string_equal(text, expected);
}

static void system_packages_have_their_types_and_qualifiers(void **state)
{
	(void)state;
	assert_package("dpkg", "libstdc++6", "1:12.2.0-14", "debian",
		       "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14?arch=amd64&distro=debian-12");
	assert_package(
		"rpm", "openssl-libs", "1:3.0.7-27.el9", "rocky",
		"pkg:rpm/rocky/openssl-libs@3.0.7-27.el9?arch=amd64&distro=rocky-12&epoch=1");
	assert_package("apk", "musl", "1.2.4-r2", "", "pkg:apk/musl@1.2.4-r2?arch=amd64");
	assert_package("pacman", "bash", "5.2", "arch", "");
}

static void languages_have_theirs(void **state)
{
	(void)state;
	assert_language("npm", "@babel/core", "pkg:npm/%40babel/core@1.0");
	assert_language("pypi", "Ruamel_Yaml", "pkg:pypi/ruamel-yaml@1.0");
	assert_language("go", "golang.org/x/net", "pkg:golang/golang.org/x/net@1.0");
	assert_language("cargo", "serde", "pkg:cargo/serde@1.0");
	assert_language("rubygems", "rack", "pkg:gem/rack@1.0");
	assert_language("nothing", "x", "");
}

static void what_would_break_out_is_encoded(void **state)
{
	(void)state;
	assert_package("dpkg", "a/b?c#d@e", "1 2\n", "debian",
		       "pkg:deb/debian/a%2Fb%3Fc%23d%40e@1%202%0A?arch=amd64&distro=debian-12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_packages_have_their_types_and_qualifiers),
		cmocka_unit_test(languages_have_theirs),
		cmocka_unit_test(what_would_break_out_is_encoded),
	};

	return cmocka_run_group_tests_name("purl", tests, NULL, NULL);
}
