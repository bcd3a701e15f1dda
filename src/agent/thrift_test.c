/* thrift_test.c - what is held back, for how long, and what is said of it. */
#include "agent/thrift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define SECOND 1000
#define TABLE  TABLE_USERS
#define OTHER  TABLE_UPDATES

/* What is saved at first, of THRIFT_CPU_PERMILLE. */
#define SAVED_US (THRIFT_CPU_PERMILLE * THRIFT_CPU_SAVED_MS)

static enum health_state state_of(const struct health *health, const char *name)
{
	enum health_state state;
	const char *reason;
	const char *at;

	for (size_t i = 0; (at = health_note_at(health, i, &state, &reason)) != NULL; i++) {
		if (strcmp(at, name) == 0) {
			return state;
		}
	}
	return HEALTH_UNKNOWN;
}

/* Begins at the first second; what is known then is not held against it. */
static void start(struct thrift *t, struct policy *policy)
{
	policy_init(policy);
	thrift_init(t, policy, SECOND);
	thrift_hold(t);
}

static void the_first_reading_is_not_held_back(void **state)
{
	struct policy policy;
	struct thrift t;

	(void)state;
	policy_init(&policy);
	thrift_init(&t, &policy, SECOND);
	thrift_note_cpu(&t, 30000000, SECOND);
	assert_int_equal(thrift_walk_at(&t, TABLE, SECOND), SECOND);
	thrift_hold(&t);
	thrift_note_cpu(&t, 30000000, SECOND);
	assert_int_equal(thrift_walk_at(&t, TABLE, SECOND),
			 SECOND); /* what it cost is not held against it */
	thrift_note_cpu(&t, 30000000 + SAVED_US + 1, SECOND);
	assert_true(thrift_walk_at(&t, TABLE, SECOND) > SECOND);
}

static void a_table_waits_half_a_minute_at_most(void **state)
{
	struct policy policy;
	struct thrift t;
	unsigned walks = 0;

	(void)state;
	policy_init(&policy);
	policy.budget.cpu_permille = 1;
	thrift_init(&t, &policy, SECOND);
	thrift_hold(&t);
	for (int64_t now = SECOND; now < 601 * SECOND; now += SECOND) {
		/* events alone use more than all of it */
		thrift_note_cpu(&t, (uint64_t)now * 100, now);
		if (thrift_walk_at(&t, TABLE, now) <= now) {
			thrift_note_walk(&t, TABLE, 1000);
			walks++;
		}
	}
	assert_in_range(walks, 19, 23);
}

static void holding_back_is_told_and_passes(void **state)
{
	struct health *health = health_new();
	struct policy policy;
	struct thrift t;

	(void)state;
	start(&t, &policy);
	thrift_note_cpu(&t, 2 * SAVED_US, SECOND);
	(void)thrift_walk_at(&t, TABLE, SECOND);
	thrift_tell(&t, health, SECOND);
	assert_int_equal(state_of(health, "cpu_budget"), HEALTH_OK); /* not worth a word yet */
	(void)thrift_walk_at(&t, TABLE, 5 * SECOND);
	thrift_tell(&t, health, 5 * SECOND);
	assert_int_equal(state_of(health, "cpu_budget"), HEALTH_LIMITED);
	thrift_tell(&t, health, 400 * SECOND);
	assert_int_equal(state_of(health, "cpu_budget"), HEALTH_OK);
	health_free(&health);
}

static void bytes_of_a_day_are_waited_for(void **state)
{
	struct health *health = health_new();
	struct policy policy;
	struct thrift t;

	(void)state;
	policy_init(&policy);
	policy.budget.bytes_per_day = 1000;
	thrift_init(&t, &policy, SECOND);
	thrift_note_sent(&t, 999, SECOND);
	assert_int_equal(thrift_walk_at(&t, TABLE, SECOND), SECOND);
	thrift_note_sent(&t, 1, SECOND);
	assert_true(thrift_walk_at(&t, TABLE, SECOND) > 23 * 3600 * SECOND);
	thrift_tell(&t, health, SECOND);
	assert_int_equal(state_of(health, "bytes_budget"), HEALTH_LIMITED);
	policy.budget.bytes_per_day = 2000; /* takes effect live */
	thrift_apply_policy(&t, &policy);
	assert_int_equal(thrift_walk_at(&t, TABLE, SECOND), SECOND);
	health_free(&health);
}

static void the_other_process_counts_too(void **state)
{
	struct policy policy;
	struct thrift t;

	(void)state;
	start(&t, &policy);
	thrift_note_other_cpu(&t, 5000000, SECOND); /* what it used before is not known to be new */
	assert_int_equal(thrift_walk_at(&t, TABLE, SECOND), SECOND);
	thrift_note_other_cpu(&t, 5000000 + SAVED_US + 1, SECOND);
	assert_true(thrift_walk_at(&t, TABLE, SECOND) > SECOND);
}

/* Ten changes in a minute, a tenth of a second each, as packages take. */
static void a_burst_of_changes_is_told_at_once(void **state)
{
	struct policy policy;
	struct thrift t;
	uint64_t used = 0;

	(void)state;
	start(&t, &policy);
	for (int64_t now = SECOND; now < 21 * SECOND; now += SECOND / 2) {
		assert_int_equal(thrift_walk_at(&t, TABLE, now), now);
		used += 100000;
		thrift_note_cpu(&t, used, now);
		thrift_note_walk(&t, TABLE, 100000);
	}
}

/* When nothing is left a table waits for what it costs, and not for all that was spent. */
static void what_costs_little_waits_for_little(void **state)
{
	struct policy policy;
	struct thrift t;

	(void)state;
	start(&t, &policy);
	thrift_note_walk(&t, TABLE, 1000);
	thrift_note_walk(&t, OTHER, 100000);
	thrift_note_cpu(&t, SAVED_US, SECOND);
	assert_in_range(thrift_walk_at(&t, TABLE, SECOND), SECOND + 1,
			SECOND + 1000 * THRIFT_CPU_TIMES / THRIFT_CPU_PERMILLE + 1);
	assert_in_range(thrift_walk_at(&t, OTHER, SECOND), SECOND + 10 * SECOND, 31 * SECOND);
}

static void no_more_is_used_than_is_allowed(void **state)
{
	struct policy policy;
	struct thrift t;
	uint64_t used = 0;

	(void)state;
	start(&t, &policy);
	for (int64_t now = SECOND; now < 3601 * SECOND; now += 100) {
		if (thrift_walk_at(&t, TABLE, now) <= now) {
			used += 10000;
			thrift_note_cpu(&t, used, now);
			thrift_note_walk(&t, TABLE, 10000);
		}
	}
	assert_in_range(used, 3600 * SECOND * THRIFT_CPU_PERMILLE,
			3600 * SECOND * THRIFT_CPU_PERMILLE + SAVED_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_reading_is_not_held_back),
		cmocka_unit_test(a_burst_of_changes_is_told_at_once),
		cmocka_unit_test(what_costs_little_waits_for_little),
		cmocka_unit_test(no_more_is_used_than_is_allowed),
		cmocka_unit_test(a_table_waits_half_a_minute_at_most),
		cmocka_unit_test(holding_back_is_told_and_passes),
		cmocka_unit_test(bytes_of_a_day_are_waited_for),
		cmocka_unit_test(the_other_process_counts_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
