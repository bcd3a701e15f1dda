/* args_test.c - command lines are read as written, or refused with a reason. */
#include "sys/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"

static const struct arg options[] = {
	{ "--data", "DIR",
	  "where everything is kept, which is a sentence that is long enough to "
	  "be wrapped over more than one line of the help" },
	{ "--verbose", NULL, "says more" },
	{ "--ttl", "TIME", "how long" },
	{ 0 },
};

static const struct args_spec spec = {
	.usage = "tool --data DIR [options] WORD",
	.summary = "Does what a tool does.",
	.options = options,
	.examples = "  tool --data /var/lib/tool word",
	.positionals_min = 1,
	.positionals_max = 2,
};

/* Static, because what is read points into it. */
static char *words[16];

static int parse(const char *const *argv, struct args *out, struct why *why)
{
	int argc = 0;

	while (argv[argc] != NULL) {
		argc++;
	}
	memcpy(words, argv, ((size_t)argc + 1) * sizeof *argv);
	return args_parse(&spec, argc, words, out, why);
}

static void reads_values_switches_and_words(void **state)
{
	const char *const argv[] = { "tool",      "--data", "/x",    "one", "--verbose",
				     "--ttl=1h=", "--",     "--two", NULL };
	struct args args;
	struct why why;

	(void)state;
	assert_int_equal(parse(argv, &args, &why), 0);
	assert_string_equal(args_value(&args, "--data", "none"), "/x");
	assert_string_equal(args_value(&args, "--ttl", "none"), "1h=");
	assert_true(args_has(&args, "--verbose"));
	assert_int_equal(args.positional_count, 2);
	assert_string_equal(args.positionals[0], "one");
	assert_string_equal(args.positionals[1], "--two");
	assert_false(args.is_help);
}

static void an_option_may_be_given_again_and_all_its_values_are_told(void **state)
{
	const char *const argv[] = {
		"tool", "--ttl=1h", "word", "--data", "/x", "--ttl", "2h", NULL
	};
	unsigned at = 0;
	struct args args;

	(void)state;
	assert_int_equal(parse(argv, &args, NULL), 0);
	assert_string_equal(args_next(&args, "--ttl", &at), "1h");
	assert_string_equal(args_next(&args, "--ttl", &at), "2h");
	assert_null(args_next(&args, "--ttl", &at));
	assert_string_equal(args_value(&args, "--ttl", "none"), "2h");
}

static void gives_the_fallback_where_nothing_was_said(void **state)
{
	const char *const argv[] = { "tool", "-", NULL };
	struct args args;
	struct why why;

	(void)state;
	assert_int_equal(parse(argv, &args, &why), 0);
	assert_string_equal(args_value(&args, "--data", "none"), "none");
	assert_false(args_has(&args, "--verbose"));
	assert_string_equal(args.positionals[0], "-");
}

static void names_the_word_that_is_wrong_and_the_nearest_option(void **state)
{
	static const struct {
		const char *argv[6];
		const char *reason;
	} cases[] = {
		{ { "tool", "w", "--dat", "/x", NULL }, "'--dat'; did you mean '--data'?" },
		{ { "tool", "w", "--verbos=1", NULL }, "'--verbos'; did you mean '--verbose'?" },
		{ { "tool", "w", "--something", NULL },
		  "there is no option '--something'; --help" },
		{ { "tool", "w", "-v", NULL }, "'-v'" },
		{ { "tool", "w", "--data", NULL }, "--data needs a value: --data DIR" },
		{ { "tool", "w", "--data", "--verbose", NULL }, "--data needs a value" },
		{ { "tool", "w", "--verbose=yes", NULL }, "takes no value" },
		{ { "tool", NULL }, "usage is: tool --data DIR" },
		{ { "tool", "a", "b", "c", NULL }, "'c' is one word too many" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct args args = { 0 };
		struct why why = { "" };

		assert_int_equal(parse(cases[i].argv, &args, &why), ERR_USAGE);
		assert_null(args.spec);
		if (strstr(why.text, cases[i].reason) == NULL) {
			fail_msg("'%s' lacks '%s'", why.text, cases[i].reason);
		}
	}
}

static void prints_help_within_80_columns_even_where_words_are_missing(void **state)
{
	const char *const argv[] = { "tool", "-h", NULL };
	struct args args;
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(parse(argv, &args, NULL), 0);
	assert_true(args.is_help);
	args_print_help(&spec, to);
	(void)fclose(to);
	assert_non_null(strstr(text, "usage: tool --data DIR [options] WORD\n\nDoes what"));
	assert_non_null(strstr(text, "\n  --data DIR  where everything is"));
	assert_non_null(strstr(text, "\n  --verbose   says more\n"));
	assert_non_null(strstr(text, "\n  -h, --help  shows this\n"));
	assert_non_null(strstr(text, "examples:\n  tool --data /var/lib/tool word\n"));
	for (char *line = text; line != NULL && *line != '\0'; line++) {
		size_t width = strcspn(line, "\n");

		assert_true(width <= 80);
		line += width;
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values_switches_and_words),
		cmocka_unit_test(an_option_may_be_given_again_and_all_its_values_are_told),
		cmocka_unit_test(gives_the_fallback_where_nothing_was_said),
		cmocka_unit_test(names_the_word_that_is_wrong_and_the_nearest_option),
		cmocka_unit_test(prints_help_within_80_columns_even_where_words_are_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
