/* mirrors_test.c - which addresses a feed is fetched from, in which order. */
#include "server/feeds/mirrors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/error.h"

/* Exactly these, NULL behind the last. */
static void assert_mirrors(const char *list, const char *feed, const char *const *expected)
{
	struct span address;
	size_t n = 0;

	for (; expected[n] != NULL; n++) {
		assert_true(mirrors_at(list, span_of(feed), n, &address));
		assert_true(span_is(address, expected[n]));
	}
	assert_false(mirrors_at(list, span_of(feed), n, &address));
}

#define MIRRORS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_feed_has_the_mirrors_of_its_name_or_those_without(void **state)
{
	static const char list[] =
		"https://a/feeds/,debian=https://d?x=1,https://b,debian=http://e:80/";

	(void)state;
	assert_mirrors(NULL, "kev", (const char *const[]){ NULL });
	assert_mirrors("https://a", "kev", MIRRORS("https://a"));
	assert_mirrors(list, "kev", MIRRORS("https://a/feeds", "https://b"));
	assert_mirrors(list, "debian", MIRRORS("https://d?x=1", "http://e:80"));
	assert_mirrors("debian=https://d", "kev", (const char *const[]){ NULL });
}

static void what_is_no_address_or_no_feed_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"ftp://a",
		"https://",
		"https:///x",
		"a,https://b",
		"https://a,debian",
		"nothing=https://a",
		"debian=",
		"debian",
	};
	struct why why;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(mirrors_check(wrong[i], &why), ERR_USAGE);
	}
	assert_int_equal(mirrors_check("https://a/b,osv-npm=http://c:8080", &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_feed_has_the_mirrors_of_its_name_or_those_without),
		cmocka_unit_test(what_is_no_address_or_no_feed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
