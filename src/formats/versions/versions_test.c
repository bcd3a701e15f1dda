/* versions_test.c - what holds for every scheme. */
#include "formats/versions/versions.h"

#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define TRIPLES      40000
#define PIECES_MAX   6
#define LONG_VERSION (256 << 10)
#define VERSION_MAX  64

/* So that random versions often share a beginning, and differ at every kind of border. */
static const char *const pieces[] = {
	"0",     "1",   "2",    "9",     "10", "01",       "00",  "",     ".", "-",        "+",
	"~",     "^",   "_",    ":",     "!",  "#",        "v",   "r",    "a", "b",        "rc",
	"alpha", "pre", "beta", "final", "ga", "sp",       "dev", "post", "p", "git",      "-r",
	"_p",    "_rc", ".0",   ".0.0",  "-0", "SNAPSHOT", "Z",   "A",    " ", "\xce\xb1", "1.0",
};

static const char *const long_pieces[] = {
	"1", "0", ".0", ".1", "-0", "-a", "a", "a1", "~", "^", "-", "_p", "ga.0", " ",
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static struct span random_version(uint32_t *state, uint8_t buffer[VERSION_MAX])
{
	struct writer w = writer_over(buffer, VERSION_MAX);
	uint32_t count = next_random(state) % PIECES_MAX;

	if (next_random(state) % 2 == 0) {
		writer_text(&w, "1");
	}
	while (count-- > 0) {
		writer_text(&w, pieces[next_random(state) % (sizeof pieces / sizeof *pieces)]);
	}
	return writer_span(&w);
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

static void check_triple(const struct version_scheme *scheme, const struct span v[3])
{
	int ab = sign(scheme->compare(v[0], v[1]));
	int bc = sign(scheme->compare(v[1], v[2]));
	int ac = sign(scheme->compare(v[0], v[2]));
	bool is_transitive = ab + bc == 0 ? ab != 0 || ac == 0 : ac == sign(ab + bc);

	assert_int_equal(scheme->compare(v[0], v[0]), 0);
	assert_int_equal(sign(scheme->compare(v[1], v[0])), -ab);
	if (!is_transitive) {
		print_error("%s: '%.*s' '%.*s' '%.*s'\n", scheme->name, (int)v[0].len,
			    (const char *)v[0].ptr, (int)v[1].len, (const char *)v[1].ptr,
			    (int)v[2].len, (const char *)v[2].ptr);
	}
	assert_true(is_transitive);
}

static void every_scheme_is_a_total_order_of_any_bytes(void **state)
{
	uint32_t random = 20240229;

	(void)state;
	for (size_t i = 0; version_schemes[i] != NULL; i++) {
		for (int n = 0; n < TRIPLES; n++) {
			uint8_t buffer[3][VERSION_MAX];
			struct span v[3];

			for (size_t k = 0; k < 3; k++) {
				v[k] = random_version(&random, buffer[k]);
			}
			check_triple(version_schemes[i], v);
		}
	}
}

static void every_scheme_compares_numbers_of_any_length(void **state)
{
	struct span small = span_of("1.99999999999999999999999999999999999999");
	struct span large = span_of("1.100000000000000000000000000000000000000");

	(void)state;
	for (size_t i = 0; version_schemes[i] != NULL; i++) {
		assert_true(version_schemes[i]->compare(small, large) < 0);
		assert_true(version_schemes[i]->compare(large, small) > 0);
		assert_int_equal(version_schemes[i]->compare(large, large), 0);
	}
}

static void every_scheme_compares_a_long_version_in_linear_time(void **state)
{
	static uint8_t text[LONG_VERSION];

	(void)state;
	for (size_t k = 0; k < sizeof long_pieces / sizeof *long_pieces; k++) {
		struct writer w = writer_over(text, sizeof text);
		struct span version;

		while (writer_left(&w) > 8) {
			writer_text(&w, long_pieces[k]);
		}
		writer_text(&w, ".1");
		version = writer_span(&w);
		for (size_t i = 0; version_schemes[i] != NULL; i++) {
			assert_int_equal(version_schemes[i]->compare(version, version), 0);
			(void)version_schemes[i]->is_valid(version);
		}
	}
}

static void every_scheme_is_complete_and_found_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; version_schemes[i] != NULL; i++) {
		const struct version_scheme *scheme = version_schemes[i];

		assert_true(span_of(scheme->summary).len > 0);
		assert_ptr_equal(version_scheme_named(span_of(scheme->name)), scheme);
		assert_true(scheme->is_valid(span_of("1.2.3")));
		assert_true(scheme->compare(span_of("1.2.3"), span_of("1.2.4")) < 0);
	}
	assert_null(version_scheme_named(span_of("rp")));
	assert_null(version_scheme_named(span_of("")));
}

static void no_scheme_accepts_the_empty_version(void **state)
{
	(void)state;
	for (size_t i = 0; version_schemes[i] != NULL; i++) {
		assert_false(version_schemes[i]->is_valid(span_of("")));
		assert_false(
			version_schemes[i]->is_valid((struct span){ (const uint8_t *)"\0", 1 }));
		assert_int_equal(version_schemes[i]->compare(span_of(""), span_of("")), 0);
	}
}

static void finds_the_scheme_of_an_ecosystem_and_its_releases(void **state)
{
	static const struct {
		const char *ecosystem;
		const char *scheme;
	} known[] = {
		{ "Debian", "dpkg" },
		{ "Debian:12", "dpkg" },
		{ "Ubuntu:22.04:LTS", "dpkg" },
		{ "Red Hat:enterprise_linux:9::baseos", "rpm" },
		{ "Rocky Linux:9", "rpm" },
		{ "Alpine:v3.20", "apk" },
		{ "npm", "semver" },
		{ "crates.io", "semver" },
		{ "Go", "go" },
		{ "PyPI", "pypi" },
		{ "Maven", "maven" },
		{ "RubyGems", "rubygems" },
		{ "Packagist", "packagist" },
		{ "NuGet", "nuget" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct version_scheme *scheme =
			version_scheme_of_ecosystem(span_of(known[i].ecosystem));

		assert_non_null(scheme);
		assert_string_equal(scheme->name, known[i].scheme);
	}
}

static void knows_no_scheme_for_an_ecosystem_without_an_order(void **state)
{
	(void)state;
	assert_null(version_scheme_of_ecosystem(span_of("OSS-Fuzz")));
	assert_null(version_scheme_of_ecosystem(span_of("debian")));
	assert_null(version_scheme_of_ecosystem(span_of(":12")));
	assert_null(version_scheme_of_ecosystem(span_of("")));
}

static void apk_matches_a_prefix_part_by_part(void **state)
{
	(void)state;
	assert_int_equal(version_apk_compare_prefix(span_of("3.6.9-r2"), span_of("3.6")), 0);
	assert_true(version_apk_compare_prefix(span_of("3.60"), span_of("3.6")) > 0);
	assert_true(version_apk_compare_prefix(span_of("3"), span_of("3.6")) < 0);
}

static bool is_without_update(const char *version, const char *expected)
{
	return span_is(version_cpe_without_update(span_of(version)), expected);
}

static void an_update_is_taken_off_a_version(void **state)
{
	(void)state;
	assert_true(is_without_update("9.2p1", "9.2"));
	assert_true(is_without_update("9.11.5-P1", "9.11.5"));
	assert_true(is_without_update("8.0-SP2", "8.0"));
	assert_true(is_without_update("8.0 update 3", "8.0"));
	assert_true(is_without_update("1.0.2k", "1.0.2k"));
	assert_true(is_without_update("2.0rc1", "2.0rc1"));
	assert_true(is_without_update("1.18.0", "1.18.0"));
	assert_true(is_without_update("9.2p", "9.2p"));
	assert_true(is_without_update("p1", "p1"));
	assert_true(is_without_update("-", "-"));
	assert_true(is_without_update("", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_update_is_taken_off_a_version),
		cmocka_unit_test(every_scheme_is_a_total_order_of_any_bytes),
		cmocka_unit_test(every_scheme_compares_numbers_of_any_length),
		cmocka_unit_test(every_scheme_compares_a_long_version_in_linear_time),
		cmocka_unit_test(every_scheme_is_complete_and_found_by_its_name),
		cmocka_unit_test(no_scheme_accepts_the_empty_version),
		cmocka_unit_test(finds_the_scheme_of_an_ecosystem_and_its_releases),
		cmocka_unit_test(knows_no_scheme_for_an_ecosystem_without_an_order),
		cmocka_unit_test(apk_matches_a_prefix_part_by_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
