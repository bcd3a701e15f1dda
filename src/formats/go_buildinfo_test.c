/* go_buildinfo_test.c - the inline form of Go 1.18 and later. */
#include "formats/go_buildinfo.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_next(struct go_modules *it, const char *path, const char *version, bool is_main)
{
	struct go_module module;

	assert_true(go_modules_next(it, &module));
	assert_true(span_is(module.path, path));
	assert_true(span_is(module.version, version));
	assert_int_equal(module.is_main, is_main);
}

static void reads_the_program_its_modules_and_replacements(void **state)
{
	struct go_buildinfo info;
	struct go_modules it;
	struct go_module module;

	(void)state;
	assert_int_equal(go_buildinfo_parse(fixture("formats-go_buildinfo/inline"), &info), 0);
	assert_true(span_is(info.go_version, "go1.22.1"));
	it = go_modules_over(info.modules);
	assert_next(&it, "example.org/tool", "v1.2.3", true);
	assert_next(&it, "github.com/spf13/cobra", "v1.8.0", false);
	assert_next(&it, "example.org/fork", "v0.9.1", false);
	assert_false(go_modules_next(&it, &module));
}

static void says_that_the_older_form_is_not_known(void **state)
{
	struct go_buildinfo info;

	(void)state;
	assert_int_equal(go_buildinfo_parse(fixture("formats-go_buildinfo/pointers"), &info),
			 ERR_UNSUPPORTED);
	assert_int_equal(go_buildinfo_parse(fixture("formats-go_buildinfo/endless"), &info),
			 ERR_MALFORMED);
}

static void refuse(struct span part)
{
	struct go_buildinfo info;

	assert_int_equal(go_buildinfo_parse(part, &info), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-go_buildinfo/inline"), refuse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_program_its_modules_and_replacements),
		cmocka_unit_test(says_that_the_older_form_is_not_known),
		cmocka_unit_test(refuses_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
