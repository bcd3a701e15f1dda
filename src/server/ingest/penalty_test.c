/* penalty_test.c - who waits, how long, and who does not. */
#include "server/ingest/penalty.h"

#include "server/ingest/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static struct net_address from(const char *text)
{
	struct net_address address = { .length = 0 };

	assert_int_equal(net_address_parse(span_of(text), &address, NULL), 0);
	return address;
}

static void delays_double_up_to_a_maximum_and_are_forgotten(void **state)
{
	struct penalty_table *table = penalty_new(64);
	struct net_address guesser = from("192.0.2.1:1");
	struct net_address other = from("192.0.2.2:1");
	int64_t now_ms = 1000;

	(void)state;
	assert_int_equal(penalty_delay(table, &guesser, now_ms), 0);
	penalty_failed(table, &guesser, now_ms);
	assert_int_equal(penalty_delay(table, &guesser, now_ms), 1000);
	penalty_failed(table, &guesser, now_ms);
	assert_int_equal(penalty_delay(table, &guesser, now_ms), 2000);
	for (int i = 0; i < 100; i++) {
		penalty_failed(table, &guesser, now_ms);
	}
	assert_int_equal(penalty_delay(table, &guesser, now_ms), PENALTY_LAST_MS);
	assert_int_equal(penalty_delay(table, &other, now_ms), 0);
	assert_int_equal(penalty_delay(table, &guesser, now_ms + PENALTY_FORGET_MS), 0);
	penalty_failed(table, &guesser, now_ms + PENALTY_FORGET_MS);
	assert_int_equal(penalty_delay(table, &guesser, now_ms + PENALTY_FORGET_MS), 1000);
	penalty_free(&table);
}

static void success_ends_the_penalty(void **state)
{
	struct penalty_table *table = penalty_new(64);
	struct net_address guesser = from("192.0.2.1:1");

	(void)state;
	penalty_failed(table, &guesser, 1);
	penalty_succeeded(table, &guesser);
	assert_int_equal(penalty_delay(table, &guesser, 1), 0);
	penalty_free(&table);
}

static void a_network_of_ipv6_is_one_source(void **state)
{
	struct penalty_table *table = penalty_new(64);
	struct net_address guesser = from("[2001:db8:1:2::1]:1");
	struct net_address neighbour = from("[2001:db8:1:2:ffff::9]:1");
	struct net_address other = from("[2001:db8:1:3::1]:1");

	(void)state;
	penalty_failed(table, &guesser, 1);
	assert_true(penalty_delay(table, &neighbour, 1) > 0);
	assert_int_equal(penalty_delay(table, &other, 1), 0);
	penalty_free(&table);
}

static void only_a_few_of_one_address_may_wait(void **state)
{
	struct penalty_table *table = penalty_new(64);
	struct net_address guesser = from("192.0.2.1:1");

	(void)state;
	for (int i = 0; i < PENALTY_DELAYED_MAX; i++) {
		assert_true(penalty_enter(table, &guesser, 1));
	}
	assert_false(penalty_enter(table, &guesser, 1));
	penalty_leave(table, &guesser);
	assert_true(penalty_enter(table, &guesser, 1));
	penalty_free(&table);
}

static void many_addresses_push_out_the_harmless_first(void **state)
{
	struct penalty_table *table = penalty_new(8); /* one bucket */
	struct net_address worst = from("192.0.2.1:1");

	(void)state;
	for (int i = 0; i < 10; i++) {
		penalty_failed(table, &worst, 1);
	}
	for (unsigned i = 2; i < 200; i++) {
		char text[32];
		struct net_address one;

		snprintf(text, sizeof text, "192.0.2.%u:1", i);
		one = from(text);
		penalty_failed(table, &one, 1);
	}
	assert_int_equal(penalty_delay(table, &worst, 1), PENALTY_LAST_MS);
	penalty_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_double_up_to_a_maximum_and_are_forgotten),
		cmocka_unit_test(success_ends_the_penalty),
		cmocka_unit_test(a_network_of_ipv6_is_one_source),
		cmocka_unit_test(only_a_few_of_one_address_may_wait),
		cmocka_unit_test(many_addresses_push_out_the_harmless_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
