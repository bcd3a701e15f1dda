/* path_pattern_test.c - what a policy's excludes cover, and what not. */
#include "formats/path_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_covers(const char *pattern, const char *path, bool is_wanted)
{
	if (path_pattern_covers(span_of(pattern), span_of(path)) != is_wanted) {
		fail_msg("%s %s %s", pattern, is_wanted ? "does not cover" : "covers", path);
	}
}

static void a_path_covers_itself_and_all_below(void **state)
{
	(void)state;
	assert_covers("/etc/adjtime", "/etc/adjtime", true);
	assert_covers("/etc/adjtime", "/etc/adjtime2", false);
	assert_covers("/etc/adjtime", "/etc", false);
	assert_covers("/etc/lvm", "/etc/lvm/backup/vg0", true);
	assert_covers("/etc/lvm", "/etc/lvm2/backup", false);
	assert_covers("/etc/[x]?", "/etc/[x]?", true);
	assert_covers("/etc/[x]?", "/etc/xy", false);
}

static void a_star_stays_within_a_name(void **state)
{
	(void)state;
	assert_covers("/etc/*.conf", "/etc/a.conf", true);
	assert_covers("/etc/*.conf", "/etc/.conf", true);
	assert_covers("/etc/*.conf", "/etc/x/a.conf", false);
	assert_covers("/etc/*/a", "/etc/x/a", true);
	assert_covers("/etc/*/a", "/etc/a", false);
	assert_covers("/etc/*/a", "/etc/x/y/a", false);
	assert_covers("/etc/*", "/etc/x/y/a", true); /* below /etc/x, which it stands for */
	assert_covers("/a*b*c", "/axbxbxc", true);
	assert_covers("/a*b*c", "/axbxbxcd", false);
}

static void two_stars_go_across_names(void **state)
{
	(void)state;
	assert_covers("/**/.git", "/etc/x/.git", true);
	assert_covers("/**/.git", "/etc/.git/config", true);
	assert_covers("/**/.git", "/etc/x.git", false);
	assert_covers("/**.swp", "/etc/x/.a.swp", true);
	assert_covers("/**.swp", "/etc/x/a.swpx", false);
	assert_covers("/srv/**/cache/*.tmp", "/srv/a/b/cache/1.tmp", true);
	assert_covers("/srv/**/cache/*.tmp", "/srv/a/b/cache/x/1.tmp", false);
	assert_covers("**", "/anything/at/all", true);
	assert_covers("/***x", "/a/b/x", true);
}

static void nothing_covers_nothing(void **state)
{
	char pattern[PATH_PATTERN_MAX + 2];

	(void)state;
	assert_covers("", "/etc", false);
	assert_covers("/etc", "", false);
	memset(pattern, '*', sizeof pattern);
	pattern[sizeof pattern - 1] = '\0';
	assert_covers(pattern, "/etc", false);
	pattern[sizeof pattern - 2] = '\0';
	assert_covers(pattern, "/etc", true);
}

/* The plain definition, by trying all: short inputs only. */
static bool stands_for(const char *pattern, const char *path)
{
	if (pattern[0] == '\0') {
		return path[0] == '\0' || path[0] == '/';
	}
	if (pattern[0] == '*') {
		bool is_double = pattern[1] == '*';
		const char *rest = pattern + 1 + is_double;

		return stands_for(rest, path) ||
		       (path[0] != '\0' && (is_double || path[0] != '/') &&
			stands_for(pattern, path + 1));
	}
	return pattern[0] == path[0] && stands_for(pattern + 1, path + 1);
}

static void agrees_with_the_plain_definition_on_all_short_ones(void **state)
{
	static const char letters[] = "*/a";

	(void)state;
	for (unsigned p = 1; p < 729; p++) {
		for (unsigned t = 0; t < 729; t++) {
			char pattern[7] = { 0 };
			char path[7] = { 0 };

			for (unsigned i = 0, n = p; n > 0; n /= 3, i++) {
				pattern[i] = letters[n % 3];
			}
			for (unsigned i = 0, n = t; n > 0; n /= 3, i++) {
				path[i] = n % 3 == 0 ? 'b' : letters[n % 3];
			}
			if (strstr(pattern, "***") == NULL) {
				assert_covers(pattern, path, stands_for(pattern, path));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_covers_itself_and_all_below),
		cmocka_unit_test(a_star_stays_within_a_name),
		cmocka_unit_test(two_stars_go_across_names),
		cmocka_unit_test(nothing_covers_nothing),
		cmocka_unit_test(agrees_with_the_plain_definition_on_all_short_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
