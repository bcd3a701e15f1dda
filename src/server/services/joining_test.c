/* joining_test.c - two machines are not taken for one. */
#include "server/services/joining.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct joining judge_one(struct join_candidate c)
{
	c.asset = 7;
	return join_judge(&c, 1);
}

#define ONE(...) judge_one((struct join_candidate){ __VA_ARGS__ })

static void each_evidence_is_enough_and_is_named(void **state)
{
	(void)state;
	assert_int_equal(ONE(.has_address = true, .has_mac = true).evidence, JOIN_MAC);
	assert_int_equal(ONE(.has_host_key = true).evidence, JOIN_HOST_KEY);
	assert_int_equal(ONE(.has_certificate = true).evidence, JOIN_CERTIFICATE);
	assert_int_equal(ONE(.has_address = true, .do_listeners_fit = true).evidence,
			 JOIN_LISTENERS);
	assert_int_equal(ONE(.has_address = true, .has_mac = true).asset, 7);
	assert_string_equal(join_evidence_name(JOIN_HOST_KEY), "host-key");
}

static void an_address_alone_is_not_enough(void **state)
{
	(void)state;
	assert_int_equal(ONE(.has_address = true).asset, 0);
	assert_int_equal(ONE(.do_listeners_fit = true).asset, 0);
	assert_int_equal(join_judge(NULL, 0).asset, 0);
}

static void another_mac_contradicts_all_but_a_host_key(void **state)
{
	(void)state;
	assert_int_equal(
		ONE(.has_address = true, .do_listeners_fit = true, .is_mac_another = true).asset,
		0);
	assert_int_equal(
		ONE(.has_address = true, .has_certificate = true, .is_mac_another = true).asset, 0);
	assert_int_equal(
		ONE(.has_address = true, .has_host_key = true, .is_mac_another = true).asset, 7);
}

static void what_an_operator_split_stays_split(void **state)
{
	(void)state;
	assert_int_equal(ONE(.has_address = true, .has_mac = true, .is_split = true).asset, 0);
}

static void the_surest_wins_and_a_draw_is_nobodys(void **state)
{
	const struct join_candidate two[] = {
		{ .asset = 1, .has_address = true, .do_listeners_fit = true },
		{ .asset = 2, .has_address = true, .has_mac = true },
	};
	const struct join_candidate draw[] = {
		{ .asset = 1, .has_certificate = true },
		{ .asset = 2, .has_certificate = true },
	};

	(void)state;
	assert_int_equal(join_judge(two, 2).asset, 2);
	assert_int_equal(join_judge(draw, 2).asset, 0);
	assert_int_equal(join_judge(draw, 1).asset, 1);
}

static void a_machine_that_left_is_found_by_mac_or_key(void **state)
{
	const struct join_neighbour by_mac = { .asset = 3, .has_mac = true };
	const struct join_neighbour by_key = { .asset = 3, .has_host_key = true };

	(void)state;
	assert_int_equal(join_judge_neighbours(&by_mac, 1, false, 0, 0).asset, 3);
	assert_int_equal(join_judge_neighbours(&by_key, 1, false, 0, 0).asset, 3);
}

static void copies_of_an_image_are_not_one_machine(void **state)
{
	const struct join_neighbour live = { .asset = 3, .has_host_key = true, .is_live = true };
	const struct join_neighbour gone = { .asset = 3, .has_host_key = true };

	(void)state;
	/* of one family: a copy; of the other: the same host's other address */
	assert_int_equal(join_judge_neighbours(&live, 1, false, 0, 1).asset, 0);
	assert_int_equal(join_judge_neighbours(&live, 1, true, 0, 1).asset, 3);
	/* somebody else has the key now, too */
	assert_int_equal(join_judge_neighbours(&gone, 1, false, 0, 2).asset, 0);
}

static void a_router_that_answers_for_many_is_not_all_of_them(void **state)
{
	const struct join_neighbour n = { .asset = 3, .has_mac = true, .is_live = true };

	(void)state;
	assert_int_equal(join_judge_neighbours(&n, 1, false, 1, 0).asset, 3);
	assert_int_equal(join_judge_neighbours(&n, 1, false, 200, 0).asset, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_evidence_is_enough_and_is_named),
		cmocka_unit_test(an_address_alone_is_not_enough),
		cmocka_unit_test(another_mac_contradicts_all_but_a_host_key),
		cmocka_unit_test(what_an_operator_split_stays_split),
		cmocka_unit_test(the_surest_wins_and_a_draw_is_nobodys),
		cmocka_unit_test(a_machine_that_left_is_found_by_mac_or_key),
		cmocka_unit_test(copies_of_an_image_are_not_one_machine),
		cmocka_unit_test(a_router_that_answers_for_many_is_not_all_of_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
