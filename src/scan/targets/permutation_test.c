/* permutation_test.c - coverage is proved with a bitmap, not believed. */
#include "scan/targets/permutation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"

#define SIZE_MOST 200003

static bool seen[SIZE_MOST];

static void forget(void)
{
	for (size_t i = 0; i < SIZE_MOST; i++) {
		seen[i] = false;
	}
}

static void see(const struct permutation *p, uint64_t position)
{
	uint64_t at = permutation_at(p, position);

	assert_true(at < p->size);
	assert_false(seen[at]);
	seen[at] = true;
}

static void visits_each_number_once(void **state)
{
	static const uint64_t sizes[] = { 1,   2,    3,     4,     5,     7,      255,
					  257, 1000, 65536, 65537, 99991, 131071, SIZE_MOST };
	struct permutation p;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		permutation_init(&p, sizes[i], 7 + i);
		forget();
		for (uint64_t at = 0; at < sizes[i]; at++) {
			see(&p, at);
		}
	}
}

static void shards_together_are_the_whole(void **state)
{
	static const uint64_t counts[] = { 2, 3, 7, 64, 1000 };
	const uint64_t size = 65537;
	struct permutation p;

	(void)state;
	permutation_init(&p, size, 99);
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		uint64_t total = 0;

		forget();
		for (uint64_t shard = 0; shard < counts[i]; shard++) {
			uint64_t mine = permutation_shard_size(size, shard, counts[i]);

			total += mine;
			for (uint64_t k = 0; k < mine; k++) {
				see(&p, k * counts[i] + shard);
			}
		}
		assert_int_equal(total, size);
	}
}

static void goes_on_anywhere(void **state)
{
	struct permutation first;
	struct permutation second;

	(void)state;
	for (uint64_t cut = 0; cut <= 1009; cut += 101) {
		forget();
		permutation_init(&first, 1009, 5);
		for (uint64_t at = 0; at < cut; at++) {
			see(&first, at);
		}
		permutation_init(&second, 1009, 5); /* another process */
		for (uint64_t at = cut; at < 1009; at++) {
			see(&second, at);
		}
	}
}

/* Neighbouring positions are far apart: no host gets all its probes at once. */
static void another_seed_is_another_order(void **state)
{
	struct permutation a;
	struct permutation b;
	unsigned same = 0;
	unsigned near = 0;

	(void)state;
	permutation_init(&a, 65536, 1);
	permutation_init(&b, 65536, 2);
	for (uint64_t at = 0; at + 1 < 65536; at++) {
		uint64_t now = permutation_at(&a, at);
		uint64_t next = permutation_at(&a, at + 1);

		same += now == permutation_at(&b, at) ? 1 : 0;
		near += (now > next ? now - next : next - now) < 16 ? 1 : 0;
	}
	assert_true(same < 20);
	assert_true(near < 100); /* 32 of 65,536 where it is random */
}

static void more_shards_than_numbers_leave_some_empty(void **state)
{
	(void)state;
	assert_int_equal(permutation_shard_size(3, 2, 10), 1);
	assert_int_equal(permutation_shard_size(3, 3, 10), 0);
	assert_int_equal(permutation_shard_size(0, 0, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(visits_each_number_once),
		cmocka_unit_test(shards_together_are_the_whole),
		cmocka_unit_test(goes_on_anywhere),
		cmocka_unit_test(another_seed_is_another_order),
		cmocka_unit_test(more_shards_than_numbers_leave_some_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
