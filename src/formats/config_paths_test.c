/* config_paths_test.c - configurations of several servers. */
#include "formats/config_paths.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void finds_paths_and_no_comments(void **state)
{
	static const char *const expected[] = {
		"/etc/nginx/a",
		"b.pem",
		"tls/key.pem",
		"/etc/ssl/apache.crt",
		"/etc/postfix/cert.pem",
		"/etc/dovecot/dovecot.pem",
		"/etc/haproxy/certs/",
		"/etc/postgresql/server.crt",
		"server.crt",
		"/",
		"/a#b",
	};
	struct config_paths it = config_paths_over(fixture("formats-config_paths/servers"));
	struct span word;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_true(config_paths_next(&it, &word));
		assert_string_equal(fixture_text(word), expected[i]);
	}
	assert_false(config_paths_next(&it, &word));
}

static void parse(struct span part)
{
	struct config_paths it = config_paths_over(part);
	struct span word;

	while (config_paths_next(&it, &word)) {
		assert_in_range(word.len, 1, CONFIG_PATH_MAX);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-config_paths/servers"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_paths_and_no_comments),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
