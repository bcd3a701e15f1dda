/* signins_test.c - sessions end, codes work once, the oldest gives way. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "server/api/signins.h"

static const struct identity root = { .name = "root" };
static const struct identity ada = { .name = "ada", .tenant = "acme" };

static int set_up(void **state)
{
	*state = signins_new();
	return 0;
}

static int tear_down(void **state)
{
	signins_free((struct signins **)state);
	return 0;
}

static void a_session_stands_for_who_opened_it(void **state)
{
	char of_root[SESSION_TEXT_SIZE];
	char of_ada[SESSION_TEXT_SIZE];
	struct identity who;

	signin_open(*state, &root, 1000, of_root);
	signin_open(*state, &ada, 1000, of_ada);
	assert_string_not_equal(of_root, of_ada);
	assert_int_equal(strlen(of_ada), SESSION_TEXT_SIZE - 1);
	assert_int_equal(strspn(of_ada, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789-_"),
			 SESSION_TEXT_SIZE - 1);
	assert_int_equal(signin_find(*state, span_of(of_ada), 1000, &who), 0);
	assert_string_equal(who.tenant, "acme");
	assert_int_equal(signin_find(*state, span_of(of_root), 1000, &who), 0);
	assert_string_equal(who.name, "root");
	assert_int_equal(signins_count(*state, 1000), 2);
}

static void a_session_ends_after_twelve_hours_or_when_told(void **state)
{
	char id[SESSION_TEXT_SIZE];
	struct identity who;

	signin_open(*state, &ada, 0, id);
	assert_int_equal(signin_find(*state, span_of(id), SESSION_LIFE_MS - 1, &who), 0);
	assert_int_equal(signin_find(*state, span_of(id), SESSION_LIFE_MS, &who), ERR_NOT_FOUND);
	signin_end(*state, span_of(id));
	assert_int_equal(signin_find(*state, span_of(id), 1, &who), ERR_NOT_FOUND);
}

static void unknown_and_empty_ids_are_nobody(void **state)
{
	struct identity who;

	assert_int_equal(signin_find(*state, span_of(""), 1, &who), ERR_NOT_FOUND);
	assert_int_equal(signin_find(*state, span_of("AAAA"), 1, &who), ERR_NOT_FOUND);
	signin_end(*state, span_of("AAAA"));
}

static void a_code_works_once_and_for_ten_minutes(void **state)
{
	char code[SESSION_TEXT_SIZE];
	struct identity who;

	signin_code_new(*state, &ada, 0, code);
	assert_int_equal(signin_code_redeem(*state, span_of(code), SIGNIN_CODE_LIFE_MS, &who),
			 ERR_NOT_FOUND);
	assert_int_equal(signin_code_redeem(*state, span_of(code), SIGNIN_CODE_LIFE_MS - 1, &who),
			 0);
	assert_string_equal(who.name, "ada");
	assert_int_equal(signin_code_redeem(*state, span_of(code), 1, &who), ERR_NOT_FOUND);
}

static void a_code_is_no_session_and_a_session_no_code(void **state)
{
	char code[SESSION_TEXT_SIZE];
	char id[SESSION_TEXT_SIZE];
	struct identity who;

	signin_code_new(*state, &ada, 0, code);
	signin_open(*state, &ada, 0, id);
	assert_int_equal(signin_find(*state, span_of(code), 1, &who), ERR_NOT_FOUND);
	assert_int_equal(signin_code_redeem(*state, span_of(id), 1, &who), ERR_NOT_FOUND);
}

static void the_oldest_session_gives_way(void **state)
{
	char first[SESSION_TEXT_SIZE];
	char second[SESSION_TEXT_SIZE];
	char id[SESSION_TEXT_SIZE];
	struct identity who;

	signin_open(*state, &root, 1, first);
	signin_open(*state, &root, 2, second);
	for (int i = 0; i < SESSIONS_MAX - 1; i++) {
		signin_open(*state, &ada, 3 + i, id);
	}
	assert_int_equal(signins_count(*state, 5000), SESSIONS_MAX);
	assert_int_equal(signin_find(*state, span_of(first), 5000, &who), ERR_NOT_FOUND);
	assert_int_equal(signin_find(*state, span_of(second), 5000, &who), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_stands_for_who_opened_it),
		TEST(a_session_ends_after_twelve_hours_or_when_told),
		TEST(unknown_and_empty_ids_are_nobody),
		TEST(a_code_works_once_and_for_ten_minutes),
		TEST(a_code_is_no_session_and_a_session_no_code),
		TEST(the_oldest_session_gives_way),
	};

	return cmocka_run_group_tests_name("signins", tests, NULL, NULL);
}
