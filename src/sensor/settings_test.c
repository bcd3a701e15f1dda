/* settings_test.c - what a sensor is told when it starts. */
#include "sensor/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/file.h"

static const struct arg options[] = {
	{ "--state", "DIR", "" },       { "--server", "HOST:PORT", "" },
	{ "--ca", "FILE", "" },         { "--token", "T", "" },
	{ "--token-file", "FILE", "" }, { "--once", NULL, "" },
	{ "--verbose", NULL, "" },      { NULL, NULL, NULL },
};
static const struct args_spec spec = { .usage = "", .summary = "", .options = options };

static const struct settings_request request = { .server_variable = "SETTINGS_TEST_SERVER",
						 .ca_variable = "SETTINGS_TEST_CA",
						 .no_folder = "no folder" };

struct place {
	char folder[64];
	char state[96];
	char ca[96];
	char token[96];
	char words[16][128]; /* the command line */
};

static void write_file(const char *path, const char *text)
{
	struct why why;

	assert_int_equal(file_replace(path, span_of(text), 0600, &why), 0);
}

static int begin(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	snprintf(p->folder, sizeof p->folder, "/tmp/bartizan-settings-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->state, sizeof p->state, "%s/state", p->folder);
	snprintf(p->ca, sizeof p->ca, "%s/ca.pem", p->folder);
	snprintf(p->token, sizeof p->token, "%s/token-file", p->folder);
	write_file(p->ca, "a CA");
	write_file(p->token, " from the file\n");
	unsetenv("SETTINGS_TEST_SERVER");
	unsetenv("SETTINGS_TEST_CA");
	*state = p;
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = { "state/key",    "state/lock",
					     "state/server", "state/ca.pem",
					     "state",        "ca.pem",
					     "token-file",   "" };
	const struct place *p = *state;
	char path[128];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/%s", p->folder, names[i]);
		(void)remove(path);
	}
	free(*state);
	return 0;
}

/* Words are ended by NULL; the first of the place's is not used. */
static int open_with(struct place *p, const char *const *words, struct sensor_settings *out,
		     struct why *why)
{
	char *argv[16] = { p->words[0] };
	struct args args;
	int argc = 1;

	for (; words[argc - 1] != NULL; argc++) {
		argv[argc] = p->words[argc];
		snprintf(argv[argc], sizeof p->words[argc], "%s", words[argc - 1]);
	}
	assert_int_equal(args_parse(&spec, argc, argv, &args, why), 0);
	return settings_open(&request, &args, out, why);
}

static bool is_shown(const struct place *p, const char *word)
{
	for (size_t i = 0; i < COUNT_OF(p->words); i++) {
		if (strcmp(p->words[i], word) == 0) {
			return true;
		}
	}
	return false;
}

static void the_command_line_says_all(void **state)
{
	struct place *p = *state;
	const char *const words[] = { "--state", p->state,  "--server", "a.example:8443", "--ca",
				      p->ca,     "--token", "secret",   "--once",         NULL };
	struct sensor_settings settings = { .token = NULL };
	struct why why;

	assert_int_equal(open_with(p, words, &settings, &why), 0);
	assert_string_equal(settings.state.host, "a.example");
	assert_string_equal(settings.token, "secret");
	assert_true(is_shown(p, "--token"));
	assert_false(is_shown(p, "secret")); /* by ps */
	assert_true(settings.is_once);
	assert_false(settings.is_verbose);
	settings_close(&settings);
	assert_null(settings.token);
}

static void the_environment_says_what_the_command_line_leaves_out(void **state)
{
	struct place *p = *state;
	const char *const words[] = { "--state", p->state,    "--token-file",
				      p->token,  "--verbose", NULL };
	struct sensor_settings settings = { .token = NULL };
	struct why why;

	setenv("SETTINGS_TEST_SERVER", "b.example:1", 1);
	setenv("SETTINGS_TEST_CA", p->ca, 1);
	assert_int_equal(open_with(p, words, &settings, &why), 0);
	assert_string_equal(settings.state.host, "b.example");
	assert_string_equal(settings.token, "from the file");
	assert_true(settings.is_verbose);
	settings_close(&settings);
}

static void a_token_left_in_the_folder_is_taken_where_none_was_given(void **state)
{
	struct place *p = *state;
	char left[128];
	const char *const words[] = { "--state", p->state, "--server", "c.example:1",
				      "--ca",    p->ca,    NULL };
	struct sensor_settings settings = { .token = NULL };
	struct why why;

	assert_int_equal(file_make_folder(p->state, 0700, &why), 0);
	snprintf(left, sizeof left, "%s/token", p->state);
	write_file(left, "left\n");
	assert_int_equal(open_with(p, words, &settings, &why), 0);
	assert_string_equal(settings.token, "left");
	settings_close(&settings);
	snprintf(left, sizeof left, "%s/key/token", p->state);
	(void)unlink(left);
}

static void without_a_folder_it_says_so_and_the_token_is_gone_all_the_same(void **state)
{
	struct place *p = *state;
	const char *const words[] = { "--token", "secret", NULL };
	struct sensor_settings settings = { .token = NULL };
	struct why why;

	assert_int_equal(open_with(p, words, &settings, &why), ERR_USAGE);
	assert_string_equal(why.text, "no folder");
	assert_false(is_shown(p, "secret"));
	assert_null(settings.token);
}

static void a_token_that_cannot_be_read_is_told_with_its_path(void **state)
{
	struct place *p = *state;
	const char *const words[] = { "--state", p->state, "--token-file", "/nonexistent/token",
				      NULL };
	struct sensor_settings settings = { .token = NULL };
	struct why why;

	assert_int_equal(open_with(p, words, &settings, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "/nonexistent/token"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_command_line_says_all, begin, end),
		cmocka_unit_test_setup_teardown(
			the_environment_says_what_the_command_line_leaves_out, begin, end),
		cmocka_unit_test_setup_teardown(
			a_token_left_in_the_folder_is_taken_where_none_was_given, begin, end),
		cmocka_unit_test_setup_teardown(
			without_a_folder_it_says_so_and_the_token_is_gone_all_the_same, begin, end),
		cmocka_unit_test_setup_teardown(a_token_that_cannot_be_read_is_told_with_its_path,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
