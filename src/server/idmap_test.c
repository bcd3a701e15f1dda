/* idmap_test.c - against a plain array, with many keys that collide. */
#include "server/idmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <cmocka.h>

#define KEYS 997

static void holds_what_was_put_and_not_removed(void **state)
{
	static int values[KEYS];
	bool is_there[KEYS] = { false };
	struct idmap map = { 0 };
	uint64_t random = 1;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		size_t i;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
		i = (size_t)(random >> 33) % KEYS;
		if ((random >> 62) != 0) {
			idmap_put(&map, i + 1, &values[i]);
			is_there[i] = true;
		} else {
			idmap_remove(&map, i + 1);
			is_there[i] = false;
		}
		i = (size_t)(random >> 13) % KEYS;
		assert_ptr_equal(idmap_get(&map, i + 1), is_there[i] ? &values[i] : NULL);
	}
	for (size_t i = 0; i < KEYS; i++) {
		assert_ptr_equal(idmap_get(&map, i + 1), is_there[i] ? &values[i] : NULL);
	}
	idmap_done(&map);
}

static void a_walk_meets_each_value_once(void **state)
{
	int values[100] = { 0 };
	struct idmap map = { 0 };
	size_t at = 0;
	int *value;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		idmap_put(&map, (i + 1) << 40, &values[i]);
	}
	while ((value = idmap_next(&map, &at)) != NULL) {
		(*value)++;
	}
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(values[i], 1);
	}
	idmap_done(&map);
}

static void an_empty_map_holds_nothing(void **state)
{
	struct idmap map = { 0 };

	(void)state;
	assert_null(idmap_get(&map, 1));
	idmap_remove(&map, 1);
	idmap_done(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_was_put_and_not_removed),
		cmocka_unit_test(a_walk_meets_each_value_once),
		cmocka_unit_test(an_empty_map_holds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
