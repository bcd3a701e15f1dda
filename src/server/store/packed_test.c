/* packed_test.c - sets against arrays of booleans; malformed bytes against nothing. */
#include "server/store/packed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/alloc.h"

#define NUMBERS 200

static unsigned pick(uint64_t *state, unsigned below)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(*state >> 33) % below;
}

static struct span pack(struct packed_writer *w, const bool *set)
{
	packed_clear(w);
	for (uint32_t n = 0; n < NUMBERS; n++) {
		if (set[n]) {
			packed_put(w, n);
		}
	}
	return packed_end(w);
}

static void two_thousand_neighbours_take_four_bytes(void **state)
{
	struct packed_writer w;
	uint64_t count;

	(void)state;
	packed_init(&w);
	for (uint32_t n = 7; n < 2007; n++) {
		packed_put(&w, n);
	}
	assert_int_equal(packed_end(&w).len, 3);
	assert_int_equal(packed_count(packed_end(&w), &count), 0);
	assert_int_equal(count, 2000);
	packed_clear(&w);
	packed_put_run(&w, 0, UINT32_MAX);
	assert_true(packed_end(&w).len <= 6);
	assert_true(packed_has(packed_end(&w), UINT32_MAX));
	packed_free(&w);
}

static void a_set_has_one_form_and_reads_as_it_was_written(void **state)
{
	struct packed_writer w;
	uint64_t random = 1;

	(void)state;
	packed_init(&w);
	for (unsigned round = 0; round < 200; round++) {
		bool set[NUMBERS];
		uint32_t *numbers;
		size_t count;
		size_t at = 0;
		unsigned density = 1 + pick(&random, 8);

		for (uint32_t n = 0; n < NUMBERS; n++) {
			set[n] = pick(&random, density) == 0;
		}
		assert_int_equal(packed_numbers(pack(&w, set), NUMBERS, &numbers, &count), 0);
		for (uint32_t n = 0; n < NUMBERS; n++) {
			assert_int_equal(packed_has(packed_end(&w), n), set[n]);
			if (set[n]) {
				assert_int_equal(numbers[at++], n);
			}
		}
		assert_int_equal(at, count);
		free(numbers);
	}
	packed_free(&w);
}

static void merging_and_changing_agree_with_arrays(void **state)
{
	struct packed_writer w[5];
	uint64_t random = 7;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		packed_init(&w[i]);
	}
	for (unsigned round = 0; round < 300; round++) {
		bool before[NUMBERS];
		bool after[NUMBERS];
		bool removed[NUMBERS] = { false };
		bool added[NUMBERS] = { false };
		struct packed_edit edits[NUMBERS];
		size_t edit_count = 0;
		unsigned density = 1 + pick(&random, 6);

		for (uint32_t n = 0; n < NUMBERS; n++) {
			before[n] = pick(&random, density) == 0;
			after[n] = pick(&random, 4) == 0 ? !before[n] : before[n];
			removed[n] = before[n] && !after[n];
			added[n] = !before[n] && after[n];
			if (removed[n] || added[n] || pick(&random, 3) == 0) {
				edits[edit_count++] = (struct packed_edit){ n, after[n] };
			}
		}
		(void)pack(&w[0], before);
		(void)pack(&w[1], removed);
		(void)pack(&w[2], added);
		(void)pack(&w[3], after);
		packed_clear(&w[4]);
		assert_int_equal(packed_merge(packed_end(&w[0]), packed_end(&w[1]),
					      packed_end(&w[2]), &w[4]),
				 0);
		assert_true(span_equal(packed_end(&w[4]), packed_end(&w[3])));
		packed_clear(&w[4]);
		assert_int_equal(packed_difference(packed_end(&w[0]), packed_end(&w[3]), &w[4]), 0);
		assert_true(span_equal(packed_end(&w[4]), packed_end(&w[1])));
		packed_clear(&w[4]);
		assert_int_equal(packed_difference(packed_end(&w[3]), packed_end(&w[0]), &w[4]), 0);
		assert_true(span_equal(packed_end(&w[4]), packed_end(&w[2])));
		packed_clear(&w[4]);
		assert_int_equal(packed_change(packed_end(&w[0]), edits, edit_count, &w[4]), 0);
		assert_true(span_equal(packed_end(&w[4]), packed_end(&w[3])));
		/* applied twice, nothing more changes */
		packed_clear(&w[0]);
		assert_int_equal(packed_change(packed_end(&w[4]), edits, edit_count, &w[0]), 0);
		assert_true(span_equal(packed_end(&w[0]), packed_end(&w[3])));
	}
	for (size_t i = 0; i < 5; i++) {
		packed_free(&w[i]);
	}
}

static void what_does_not_fit_a_merge_is_a_conflict(void **state)
{
	static const uint8_t set[] = { 5 << 1 | 1, 3 }; /* 5..9 */
	static const uint8_t six[] = { 6 << 1 };
	static const uint8_t ten[] = { 10 << 1 };
	static const uint8_t two_to_six[] = { 2 << 1 | 1, 3 };
	const struct span none = { NULL, 0 };
	const struct span s = { set, sizeof set };
	struct packed_writer w;

	(void)state;
	packed_init(&w);
	assert_int_equal(packed_merge(s, none, (struct span){ six, 1 }, &w), ERR_CONFLICT);
	packed_clear(&w);
	assert_int_equal(packed_merge(s, (struct span){ ten, 1 }, none, &w), ERR_CONFLICT);
	packed_clear(&w);
	assert_int_equal(packed_merge(s, (struct span){ two_to_six, 2 }, none, &w), ERR_CONFLICT);
	packed_clear(&w);
	assert_int_equal(packed_merge(s, none, (struct span){ two_to_six, 2 }, &w), ERR_CONFLICT);
	packed_clear(&w);
	assert_int_equal(packed_merge(s, (struct span){ six, 1 }, (struct span){ ten, 1 }, &w), 0);
	packed_free(&w);
}

static void malformed_bytes_are_refused(void **state)
{
	static const uint8_t cut[] = { 0x80 };
	static const uint8_t no_length[] = { 1 };
	static const uint8_t long_form[] = { 0x82, 0x00 };
	static const uint8_t too_large[] = { 0xff, 0xff, 0xff, 0xff, 0x7f };
	static const uint8_t past_the_end[] = { 0xfc, 0xff, 0xff, 0xff, 0x1f, 0x02 };
	static const uint8_t endless[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 };
	const struct span bad[] = {
		{ cut, sizeof cut },
		{ no_length, sizeof no_length },
		{ long_form, sizeof long_form },
		{ too_large, sizeof too_large },
		{ past_the_end, sizeof past_the_end },
		{ endless, sizeof endless },
	};
	uint64_t count;
	uint32_t *numbers;
	size_t number_count;
	static const uint8_t many[] = { 1, 100 };
	struct packed_writer w;

	(void)state;
	packed_init(&w);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(packed_count(bad[i], &count), ERR_MALFORMED);
		assert_int_equal(packed_difference(bad[i], (struct span){ many, 2 }, &w),
				 ERR_MALFORMED);
		packed_clear(&w);
		assert_int_equal(packed_difference((struct span){ many, 2 }, bad[i], &w),
				 ERR_MALFORMED);
		packed_clear(&w);
	}
	packed_free(&w);
	assert_int_equal(packed_numbers((struct span){ many, 2 }, 10, &numbers, &number_count),
			 ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_thousand_neighbours_take_four_bytes),
		cmocka_unit_test(a_set_has_one_form_and_reads_as_it_was_written),
		cmocka_unit_test(merging_and_changing_agree_with_arrays),
		cmocka_unit_test(what_does_not_fit_a_merge_is_a_conflict),
		cmocka_unit_test(malformed_bytes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
