/* names_test.c - which name servers may be named. What they answer: tests/scenarios/scope_proof.py.
 */
#include "server/feeds/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"

static void an_address_is_one_with_or_without_a_port(void **state)
{
	static const char *const good[] = { "192.0.2.53",   "127.0.0.1:5353",
					    "2001:db8::53", "[2001:db8::53]:5353",
					    "::1",          "[2001:db8::53]" };
	static const char *const bad[] = {
		"",    "ns.example.org",       "192.0.2.53:", "192.0.2.53:0x5", "192.0.2",
		":53", "192.0.2.53,192.0.2.54"
	};
	struct why why;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		if (names_check_resolver(good[i], &why) != 0) {
			fail_msg("%s is refused", good[i]);
		}
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (names_check_resolver(bad[i], &why) != ERR_USAGE) {
			fail_msg("'%s' is taken", bad[i]);
		}
	}
}

static void what_was_opened_is_closed(void **state)
{
	struct names *names = NULL;
	struct why why = { "" };

	(void)state;
	assert_int_equal(names_open("[::1]:5353", &names, &why), 0);
	names_close(&names);
	assert_null(names);
	assert_int_equal(names_open("nonsense", &names, &why), ERR_USAGE);
	assert_null(names);
	names_close(&names);
}

static void nobody_who_listens_is_said(void **state)
{
	static const char *const of[] = { "a.example.org", "b.example.org" };
	struct names *names = NULL;
	struct why why = { "" };
	size_t counts[2];

	(void)state;
	/* nothing listens at port 1 */
	assert_int_equal(names_open("127.0.0.1:1", &names, &why), 0);
	assert_true(names_texts(names, of, 2, NULL, NULL, counts, &why) < 0);
	assert_true(why.text[0] != '\0');
	names_close(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_one_with_or_without_a_port),
		cmocka_unit_test(what_was_opened_is_closed),
		cmocka_unit_test(nobody_who_listens_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
