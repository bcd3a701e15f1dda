/* find_server_test.c - the server is found, or it is said how to have one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/find_server.h"

static const struct arg options[] = { { "--data", "DIR", "" }, { 0 } };
static const struct args_spec spec = { .usage = "", .options = options };
static char folder[64];

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	char path[256];

	(void)state;
	snprintf(folder, sizeof folder, "/tmp/bartizan-cli-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/run", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	unsetenv("BARTIZAN_URL");
	unsetenv("BARTIZAN_TOKEN_FILE");
	unsetenv("BARTIZAN_CA");
	unsetenv("BARTIZAN_DATA");
	write_file("run/addresses.json",
		   "{\"sensors\": \"127.0.0.1:1\", \"api\": \"https://127.0.0.1:2\"}");
	write_file("operator.token", "btz_token\n");
	write_file("ca.pem", "-----BEGIN CERTIFICATE-----\n");
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "run/addresses.json", "operator.token", "ca.pem",
					     "run", "" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		(void)remove(path);
	}
	return 0;
}

static int find(bool by_data, struct server_place *out, struct why *why)
{
	char name[] = "x";
	char option[] = "--data";
	char *argv[] = { name, option, folder, NULL };
	struct args args;

	assert_int_equal(args_parse(&spec, by_data ? 3 : 1, argv, &args, why), 0);
	return find_server(&args, out, why);
}

static void finds_it_by_its_data_folder(void **state)
{
	struct server_place place;
	struct why why;

	(void)state;
	assert_int_equal(find(true, &place, &why), 0);
	assert_string_equal(place.url, "https://127.0.0.1:2");
	assert_string_equal(place.token, "btz_token");
	setenv("BARTIZAN_DATA", folder, 1);
	assert_int_equal(find(false, &place, &why), 0);
}

static void finds_it_by_the_environment(void **state)
{
	struct server_place place;
	char token[128];
	char ca[128];
	struct why why;

	(void)state;
	snprintf(token, sizeof token, "%s/operator.token", folder);
	snprintf(ca, sizeof ca, "%s/ca.pem", folder);
	setenv("BARTIZAN_URL", "https://example.org:99/", 1);
	assert_int_equal(find(false, &place, &why), ERR_USAGE);
	assert_non_null(strstr(why.text, "BARTIZAN_TOKEN_FILE"));
	setenv("BARTIZAN_TOKEN_FILE", token, 1);
	assert_int_equal(find(false, &place, &why), ERR_USAGE);
	assert_non_null(strstr(why.text, "BARTIZAN_CA"));
	setenv("BARTIZAN_CA", ca, 1);
	assert_int_equal(find(false, &place, &why), 0);
	assert_string_equal(place.url, "https://example.org:99");
	setenv("BARTIZAN_URL", "http://example.org", 1);
	assert_int_equal(find(false, &place, &why), ERR_USAGE);
	/* what is said on the command line counts more */
	assert_int_equal(find(true, &place, &why), 0);
	assert_string_equal(place.url, "https://127.0.0.1:2");
}

static void a_server_on_every_address_is_asked_by_loopback(void **state)
{
	struct server_place place;
	struct why why;

	(void)state;
	write_file("run/addresses.json", "{\"api\": \"https://0.0.0.0:7444\"}");
	assert_int_equal(find(true, &place, &why), 0);
	assert_string_equal(place.url, "https://127.0.0.1:7444");
	write_file("run/addresses.json", "{\"api\": \"https://[::]:7444\"}");
	assert_int_equal(find(true, &place, &why), 0);
	assert_string_equal(place.url, "https://127.0.0.1:7444");
}

static void says_how_to_start_one_where_there_is_none(void **state)
{
	struct server_place place;
	char path[128];
	struct why why;

	(void)state;
	snprintf(path, sizeof path, "%s/run/addresses.json", folder);
	unlink(path);
	assert_int_equal(find(true, &place, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "bartizand --data"));
}

static void says_which_file_is_wrong(void **state)
{
	struct server_place place;
	struct why why;

	(void)state;
	write_file("operator.token", "\n");
	assert_int_equal(find(true, &place, &why), ERR_MALFORMED);
	assert_non_null(strstr(why.text, "operator.token"));
	write_file("operator.token", "two\nlines\n");
	assert_int_equal(find(true, &place, &why), ERR_MALFORMED);
	write_file("run/addresses.json", "{");
	assert_int_equal(find(true, &place, &why), ERR_MALFORMED);
	assert_non_null(strstr(why.text, "addresses.json"));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_it_by_its_data_folder),
		TEST(finds_it_by_the_environment),
		TEST(a_server_on_every_address_is_asked_by_loopback),
		TEST(says_how_to_start_one_where_there_is_none),
		TEST(says_which_file_is_wrong),
	};

	return cmocka_run_group_tests_name("find_server", tests, NULL, NULL);
}
