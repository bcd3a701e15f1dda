/* difference_test.c - against a naive model that keeps whole tables. */
#include "sensor/difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TABLE 4

/* Rows are numbers, each written in some bytes. */
static struct span row_of(unsigned number, size_t len, uint8_t bytes[ROWHASH_SIZE * 1024])
{
	memset(bytes, 'x', len);
	memcpy(bytes, &number, sizeof number);
	return (struct span){ bytes, len };
}

struct model {
	unsigned rows[4096];
	size_t count;
	size_t row_bytes;
};

static struct digest digest_of(const struct model *model)
{
	static uint8_t bytes[16384];
	struct digest d = { 0, 0 };

	for (size_t i = 0; i < model->count; i++) {
		struct rowhash hash =
			rowhash_of(TABLE, row_of(model->rows[i], model->row_bytes, bytes));

		digest_add(&d, &hash);
	}
	return d;
}

static void feed(struct difference *d, const struct model *model)
{
	static uint8_t bytes[16384];

	for (size_t i = 0; i < model->count; i++) {
		difference_row(d, row_of(model->rows[i], model->row_bytes, bytes));
		if (i % 7 == 0) { /* twice is once */
			difference_row(d, row_of(model->rows[i], model->row_bytes, bytes));
		}
	}
	difference_end(d);
}

/* Rounds until the ledger is the model; returns how many it took. */
static unsigned settle(struct ledger *ledger, const struct model *model)
{
	for (unsigned rounds = 0;; rounds++) {
		struct difference d;
		bool is_empty;

		difference_begin(&d, ledger);
		feed(&d, model);
		is_empty = difference_is_empty(&d);
		assert_true(buffer_span(&d.rows).len <= DIFFERENCE_BYTES_MAX);
		assert_in_range(d.add_count, 0, DIFFERENCE_HASHES_MAX);
		difference_apply(&d, ledger);
		assert_true(digest_equal(d.digest, ledger->digest));
		difference_done(&d);
		if (is_empty) {
			return rounds;
		}
		assert_true(rounds < 100);
	}
}

static void assert_is_model(const struct ledger *ledger, const struct model *model)
{
	assert_int_equal(ledger->count, model->count);
	assert_true(digest_equal(ledger->digest, digest_of(model)));
	for (size_t i = 1; i < ledger->count; i++) {
		assert_true(rowhash_compare(&ledger->hashes[i - 1], &ledger->hashes[i]) < 0);
	}
}

/* Numbers that look random, the same in every run (xorshift). */
static unsigned any(unsigned *seed, unsigned below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

/* Takes rows out and puts others in, never one twice. */
static void change(struct model *model, unsigned *next, unsigned *seed)
{
	size_t gone = model->count > 0 ? any(seed, (unsigned)model->count) : 0;
	size_t come = any(seed, 40);

	for (size_t i = 0; i < gone; i++) {
		model->rows[any(seed, (unsigned)model->count)] = model->rows[model->count - 1];
		model->count--;
	}
	for (size_t i = 0; i < come; i++) {
		model->rows[model->count++] = (*next)++;
	}
}

static void follows_a_table_that_changes_at_random(void **state)
{
	struct model model = { .row_bytes = 40 };
	struct ledger ledger;
	unsigned next = 0;
	unsigned seed = 1;

	(void)state;
	ledger_init(&ledger, TABLE);
	for (unsigned i = 0; i < 300; i++) {
		change(&model, &next, &seed);
		settle(&ledger, &model);
		assert_is_model(&ledger, &model);
	}
	ledger_done(&ledger);
}

static void a_large_difference_takes_several_rounds_of_bounded_memory(void **state)
{
	struct model model = { .row_bytes = 1500 };
	struct ledger ledger;

	(void)state;
	ledger_init(&ledger, TABLE);
	for (unsigned i = 0; i < 4000; i++) {
		model.rows[model.count++] = i;
	}
	assert_in_range(settle(&ledger, &model), 6, 8); /* 6 MB by 1 MiB */
	assert_is_model(&ledger, &model);
	model.count = 0;
	assert_int_equal(settle(&ledger, &model), 1);
	assert_is_model(&ledger, &model);
	ledger_done(&ledger);
}

static void what_goes_waits_for_what_comes(void **state)
{
	struct model model = { .row_bytes = 1500 };
	struct ledger ledger;
	struct difference d;

	(void)state;
	ledger_init(&ledger, TABLE);
	model.rows[model.count++] = 9999;
	settle(&ledger, &model);
	model.count = 0;
	for (unsigned i = 0; i < 1000; i++) {
		model.rows[model.count++] = i;
	}
	difference_begin(&d, &ledger);
	feed(&d, &model);
	assert_true(d.is_partial);
	assert_int_equal(d.remove_count, 0);
	difference_done(&d);
	settle(&ledger, &model);
	assert_is_model(&ledger, &model);
	ledger_done(&ledger);
}

/* Ranges, each a walk of its own, mend a ledger that holds anything. */
static unsigned send_ranges(struct ledger *ledger, const struct model *model)
{
	struct rowhash low = { { 0 } };

	for (unsigned ranges = 1;; ranges++) {
		struct difference d;
		bool is_last;

		difference_begin_range(&d, ledger, &low);
		feed(&d, model);
		assert_in_range(buffer_span(&d.rows).len, 0, DIFFERENCE_BYTES_MAX);
		for (size_t i = 0; i < d.add_count; i++) {
			assert_true(rowhash_compare(&d.adds[i].hash, &d.low) >= 0);
			assert_true(rowhash_compare(&d.adds[i].hash, &d.high) <= 0);
		}
		is_last = difference_is_last_range(&d);
		if (!is_last) {
			low = difference_next_low(&d);
		}
		difference_apply(&d, ledger);
		if (is_last) {
			assert_true(digest_equal(d.digest, ledger->digest));
			difference_done(&d);
			return ranges;
		}
		difference_done(&d);
		assert_true(ranges < 100);
	}
}

static void ranges_cover_a_table_whole_whatever_was_there(void **state)
{
	struct model model = { .row_bytes = 1000 };
	struct model other = { .row_bytes = 30 };
	struct ledger ledger;

	(void)state;
	ledger_init(&ledger, TABLE);
	for (unsigned i = 0; i < 4000; i++) {
		model.rows[model.count++] = i;
		other.rows[other.count++] = i + 100000;
	}
	settle(&ledger, &other);
	assert_in_range(send_ranges(&ledger, &model), 4, 16);
	assert_is_model(&ledger, &model);
	model.count = 0;
	assert_int_equal(send_ranges(&ledger, &model), 1);
	assert_int_equal(ledger.count, 0);
	ledger_done(&ledger);
}

static void finds_wanted_rows_and_their_bytes(void **state)
{
	static uint8_t bytes[16384];
	struct model model = { .rows = { 1, 2, 3 }, .count = 3, .row_bytes = 50 };
	struct rowhash hash = rowhash_of(TABLE, row_of(2, 50, bytes));
	struct rowhash other = rowhash_of(TABLE, row_of(4, 50, bytes));
	struct ledger ledger;
	struct difference d;

	(void)state;
	ledger_init(&ledger, TABLE);
	difference_begin(&d, &ledger);
	feed(&d, &model);
	assert_true(difference_want(&d, &hash));
	assert_false(difference_want(&d, &other));
	for (size_t i = 0; i < d.add_count; i++) {
		struct rowhash its = rowhash_of(TABLE, difference_row_at(&d, i));

		assert_true(rowhash_equal(&its, &d.adds[i].hash));
		assert_int_equal(d.adds[i].is_wanted, rowhash_equal(&its, &hash));
	}
	difference_done(&d);
	ledger_done(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_a_table_that_changes_at_random),
		cmocka_unit_test(a_large_difference_takes_several_rounds_of_bounded_memory),
		cmocka_unit_test(what_goes_waits_for_what_comes),
		cmocka_unit_test(ranges_cover_a_table_whole_whatever_was_there),
		cmocka_unit_test(finds_wanted_rows_and_their_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
