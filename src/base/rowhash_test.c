/* rowhash_test.c - a digest depends on which rows are there, not on how they came. */
#include "base/rowhash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void order_does_not_matter_and_removal_undoes(void **state)
{
	struct rowhash a = rowhash_of(1, span_of("a"));
	struct rowhash b = rowhash_of(1, span_of("b"));
	struct digest one = { 0, 0 };
	struct digest two = { 0, 0 };

	(void)state;
	digest_add(&one, &a);
	digest_add(&one, &b);
	digest_add(&two, &b);
	digest_add(&two, &a);
	assert_true(digest_equal(one, two));
	digest_remove(&one, &b);
	assert_false(digest_equal(one, two));
	digest_remove(&one, &a);
	assert_true(digest_equal(one, (struct digest){ 0, 0 }));
}

static void carries_and_borrows_across_the_halves(void **state)
{
	struct rowhash ones;
	struct digest d = { 0, 1 };
	uint8_t bytes[ROWHASH_SIZE];

	(void)state;
	for (unsigned i = 0; i < ROWHASH_SIZE; i++) {
		ones.bytes[i] = 0xff;
	}
	digest_add(&d, &ones); /* 1 + (2^128 - 1) */
	assert_true(digest_equal(d, (struct digest){ 0, 0 }));
	digest_remove(&d, &ones);
	assert_true(digest_equal(d, (struct digest){ 0, 1 }));
	digest_to_bytes(d, bytes);
	assert_int_equal(bytes[15], 1);
	assert_true(digest_equal(digest_from_bytes(bytes), d));
}

static void the_same_bytes_in_another_table_are_another_row(void **state)
{
	struct rowhash a = rowhash_of(1, span_of("a"));
	struct rowhash b = rowhash_of(2, span_of("a"));

	(void)state;
	assert_false(rowhash_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_does_not_matter_and_removal_undoes),
		cmocka_unit_test(carries_and_borrows_across_the_halves),
		cmocka_unit_test(the_same_bytes_in_another_table_are_another_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
