/* tally_test.c - keys have dense numbers that they keep. */
#include "server/api/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define KEYS 5000

static struct tally_key key(int64_t n)
{
	return (struct tally_key){ { n % 7, -n, n / 7 } };
}

static void each_key_keeps_its_number_while_others_come(void **state)
{
	struct tally t = { .keys = NULL };

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint32_t n = 0; n < KEYS; n++) {
			const struct tally_key k = key(n);
			bool is_new;

			assert_int_equal(tally_number(&t, &k, &is_new), n);
			assert_int_equal(is_new, round == 0);
			assert_memory_equal(tally_key_of(&t, n), &k, sizeof k);
		}
	}
	assert_int_equal(t.count, KEYS);
	tally_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_keeps_its_number_while_others_come),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
