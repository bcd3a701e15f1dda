/* throttle_test.c - guessing costs the guesser time, and nobody else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "server/api/throttle.h"

static void the_first_failures_are_free(void **state)
{
	static struct throttle t;

	(void)state;
	for (int i = 0; i < THROTTLE_BURST; i++) {
		assert_int_equal(throttle_failed(&t, "192.0.2.1", 5000), 0);
	}
	assert_int_equal(throttle_failed(&t, "192.0.2.1", 5000), 1000);
	assert_int_equal(throttle_failed(&t, "192.0.2.1", 5000), 2000);
	assert_int_equal(throttle_failed(&t, "192.0.2.2", 5000), 0);
}

static void a_delay_has_a_most_and_is_forgiven_with_time(void **state)
{
	static struct throttle t;
	int64_t forgiven_ms = 5000 + (int64_t)(THROTTLE_BURST + 1) * 1000 + THROTTLE_DELAY_MAX_MS;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(throttle_failed(&t, "192.0.2.1", 5000) <= THROTTLE_DELAY_MAX_MS);
	}
	assert_int_equal(throttle_failed(&t, "192.0.2.1", 5000), THROTTLE_DELAY_MAX_MS);
	assert_int_equal(throttle_failed(&t, "192.0.2.1", forgiven_ms), 0);
}

static void the_address_that_failed_longest_ago_is_forgotten(void **state)
{
	static struct throttle t;
	char address[32];

	(void)state;
	for (int i = 0; i < THROTTLE_BURST + 3; i++) {
		throttle_failed(&t, "192.0.2.1", 5000);
	}
	for (int i = 0; i < THROTTLE_ADDRESSES_MAX - 1; i++) {
		snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
		throttle_failed(&t, address, 5001);
	}
	assert_true(throttle_failed(&t, "192.0.2.1", 5002) > 0);
	throttle_failed(&t, "one more", 5003);
	assert_true(throttle_failed(&t, "192.0.2.1", 5004) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_failures_are_free),
		cmocka_unit_test(a_delay_has_a_most_and_is_forgiven_with_time),
		cmocka_unit_test(the_address_that_failed_longest_ago_is_forgotten),
	};

	return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
