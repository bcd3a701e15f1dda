/* table_test.c - every subcommand is complete, and mistyped ones are recognised. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "cli/table.h"

static void every_command_says_what_it_does(void **state)
{
	(void)state;
	for (size_t i = 0; commands[i] != NULL; i++) {
		const struct args_spec *spec = &commands[i]->spec;

		assert_non_null(commands[i]->run);
		assert_non_null(spec->options);
		assert_non_null(spec->examples);
		assert_true(strlen(spec->summary) > 20);
		assert_non_null(strstr(spec->usage, commands[i]->name));
		assert_true(strlen(table_brief(commands[i])) > 10);
		assert_ptr_equal(command_find(commands[i]->name), commands[i]);
	}
	assert_null(command_find("nothing"));
}

static void a_brief_is_the_first_sentence(void **state)
{
	(void)state;
	assert_string_equal(table_brief(command_find("assets")), "Lists assets");
	assert_string_equal(table_brief(command_find("sbom")),
			    "An asset's bill of materials as CycloneDX 1.5 (JSON)");
}

static void a_slip_of_the_fingers_is_recognised(void **state)
{
	(void)state;
	assert_string_equal(command_nearest("aset"), "asset");
	assert_string_equal(command_nearest("asets"), "assets");
	assert_string_equal(command_nearest("wacth"), "watch");
	assert_string_equal(command_nearest("enrol-token"), "enroll-token");
	assert_string_equal(command_nearest("signinlink"), "signin-link");
	assert_string_equal(command_nearest("histroy"), "history");
	assert_null(command_nearest("frobnicate"));
	assert_null(command_nearest(""));
}

static void every_option_is_named_once(void **state)
{
	(void)state;
	for (size_t i = 0; commands[i] != NULL; i++) {
		for (const struct arg *a = commands[i]->spec.options; a->name != NULL; a++) {
			bool is_letter = strlen(a->name) == 2;

			assert_true(a->name[0] == '-' && (is_letter || a->name[1] == '-'));
			assert_non_null(a->help);
			for (const struct arg *b = a + 1; b->name != NULL; b++) {
				assert_string_not_equal(a->name, b->name);
			}
		}
	}
}

static bool has(const struct command *command, const char *option)
{
	for (const struct arg *a = command->spec.options; a->name != NULL; a++) {
		if (strcmp(a->name, option) == 0) {
			return true;
		}
	}
	return false;
}

static void whoever_asks_a_server_takes_a_tenant(void **state)
{
	(void)state;
	for (size_t i = 0; commands[i] != NULL; i++) {
		assert_int_equal(has(commands[i], "--data"), has(commands[i], "--tenant"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_says_what_it_does),
		cmocka_unit_test(a_brief_is_the_first_sentence),
		cmocka_unit_test(a_slip_of_the_fingers_is_recognised),
		cmocka_unit_test(every_option_is_named_once),
		cmocka_unit_test(whoever_asks_a_server_takes_a_tenant),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
