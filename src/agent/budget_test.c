/* budget_test.c - a minute that slides. */
#include "agent/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MINUTE 60000

static void what_is_within_may_be_spent_at_once(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, MINUTE, 1000);
	budget_set(&b, 100);
	assert_int_equal(budget_free_at(&b, 1000), 1000);
	budget_spend(&b, 99, 1000);
	assert_int_equal(budget_free_at(&b, 1000), 1000);
	budget_spend(&b, 1, 1000);
	assert_in_range(budget_free_at(&b, 1000), 1000 + MINUTE, 1000 + MINUTE + MINUTE / 12);
	assert_int_equal(budget_free_at(&b, 1000 + 2 * MINUTE), 1000 + 2 * MINUTE);
}

static void no_minute_holds_more_than_the_budget_and_one_piece(void **state)
{
	static int64_t at[4096];
	size_t count = 0;
	size_t first = 0;
	struct budget b;

	(void)state;
	budget_init(&b, MINUTE, 0);
	budget_set(&b, 100);
	for (int64_t now = 0; now < 20 * MINUTE; now += 333) {
		if (budget_free_at(&b, now) <= now) {
			budget_spend(&b, 7, now);
			at[count++] = now;
		}
	}
	for (size_t i = 0; i < count; i++) {
		while (at[i] - at[first] >= MINUTE) {
			first++;
		}
		assert_true((i - first + 1) * 7 < 100 + 7);
	}
	assert_in_range(count * 7, 17 * 100, 20 * 107);
}

static void what_it_says_is_free_is_free_then(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, MINUTE, 0);
	budget_set(&b, 10);
	for (int64_t now = 0; now < 10 * MINUTE;) {
		int64_t at = budget_free_at(&b, now);

		assert_true(at >= now && at <= now + MINUTE + MINUTE / 12);
		now = at;
		assert_int_equal(budget_free_at(&b, now), now);
		budget_spend(&b, 4, now);
		now += 700;
	}
}

static void nothing_set_is_nothing_held_back(void **state)
{
	struct budget b;

	(void)state;
	budget_init(&b, MINUTE, 0);
	budget_spend(&b, UINT32_MAX, 5);
	assert_int_equal(budget_free_at(&b, 5), 5);
	assert_int_equal(budget_spent(&b, 5), UINT32_MAX);
	assert_int_equal(budget_spent(&b, 5 + 2 * MINUTE), 0);
	assert_int_equal(budget_spent(&b, (int64_t)1 << 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_within_may_be_spent_at_once),
		cmocka_unit_test(no_minute_holds_more_than_the_budget_and_one_piece),
		cmocka_unit_test(what_it_says_is_free_is_free_then),
		cmocka_unit_test(nothing_set_is_nothing_held_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
