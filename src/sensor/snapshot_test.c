/* snapshot_test.c - a snapshot is whole or refused, and the older one is then used. */
#include "sensor/snapshot.h"
#include "sensor/snapshot_store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/alloc.h"

#define LEDGERS 2

static void fill(struct ledger ledgers[LEDGERS], uint8_t first, size_t count)
{
	struct rowhash *hashes = alloc_zeroed(count + 1, sizeof *hashes);

	ledger_init(&ledgers[0], 4);
	ledger_init(&ledgers[1], 10);
	for (size_t i = 0; i < count; i++) {
		hashes[i].bytes[0] = first;
		hashes[i].bytes[1] = (uint8_t)(i >> 8);
		hashes[i].bytes[2] = (uint8_t)i;
	}
	ledger_replace(&ledgers[0], hashes, count);
}

static void done(struct ledger ledgers[LEDGERS])
{
	ledger_done(&ledgers[0]);
	ledger_done(&ledgers[1]);
}

static void what_was_written_is_found_again(void **state)
{
	struct ledger ledgers[LEDGERS];
	struct ledger loaded[LEDGERS];
	struct snapshot snapshot;
	struct buffer bytes;

	(void)state;
	fill(ledgers, 7, 300);
	fill(loaded, 9, 5);
	buffer_init(&bytes, 1 << 20);
	assert_int_equal(snapshot_encode(12, ledgers, LEDGERS, &bytes), 0);
	assert_int_equal(buffer_append(&bytes, span_of("left over from a longer one")), 0);
	assert_int_equal(snapshot_check(buffer_span(&bytes), &snapshot), 0);
	assert_int_equal(snapshot.generation, 12);
	snapshot_load(&snapshot, loaded, LEDGERS);
	assert_int_equal(loaded[0].count, 300);
	assert_true(digest_equal(loaded[0].digest, ledgers[0].digest));
	assert_int_equal(loaded[1].count, 0);
	buffer_done(&bytes);
	done(ledgers);
	done(loaded);
}

static void every_truncation_and_every_flipped_bit_is_refused(void **state)
{
	struct ledger ledgers[LEDGERS];
	struct snapshot snapshot;
	struct buffer bytes;
	uint8_t copy[1024];
	struct span good;

	(void)state;
	fill(ledgers, 7, 20);
	buffer_init(&bytes, 1 << 20);
	assert_int_equal(snapshot_encode(1, ledgers, LEDGERS, &bytes), 0);
	good = buffer_span(&bytes);
	assert_in_range(good.len, 1, sizeof copy);
	for (size_t len = 0; len < good.len; len++) {
		assert_int_equal(snapshot_check(span_first(good, len), &snapshot), ERR_MALFORMED);
	}
	for (size_t bit = 0; bit < 8 * good.len; bit++) {
		memcpy(copy, good.ptr, good.len);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(snapshot_check((struct span){ copy, good.len }, &snapshot),
				 ERR_MALFORMED);
	}
	buffer_done(&bytes);
	done(ledgers);
}

static void a_torn_write_leaves_the_older_snapshot(void **state)
{
	int fds[STATE_SNAPSHOTS] = { memfd_create("a", 0), memfd_create("b", 0) };
	struct ledger ledgers[LEDGERS];
	struct snapshot_store store;

	(void)state;
	fill(ledgers, 1, 0);
	assert_false(snapshot_store_open(&store, fds, ledgers, LEDGERS));
	for (uint8_t i = 1; i <= 5; i++) {
		done(ledgers);
		fill(ledgers, i, i);
		assert_int_equal(snapshot_store_write(&store, ledgers, LEDGERS), 0);
	}
	/* the newest is torn: what it had begun to overwrite was the third */
	assert_int_equal(ftruncate(fds[1 - store.next], 60), 0);
	assert_true(snapshot_store_open(&store, fds, ledgers, LEDGERS));
	assert_int_equal(ledgers[0].count, 4);
	assert_int_equal(store.generation, 4);
	/* and the next write goes over the torn one */
	assert_int_equal(snapshot_store_write(&store, ledgers, LEDGERS), 0);
	done(ledgers);
	fill(ledgers, 1, 0);
	assert_true(snapshot_store_open(&store, fds, ledgers, LEDGERS));
	assert_int_equal(store.generation, 5);
	assert_int_equal(ledgers[0].count, 4);
	done(ledgers);
	snapshot_store_close(&store);
}

static void both_files_bad_is_an_empty_start(void **state)
{
	int fds[STATE_SNAPSHOTS] = { memfd_create("a", 0), memfd_create("b", 0) };
	struct ledger ledgers[LEDGERS];
	struct snapshot_store store;

	(void)state;
	assert_int_equal(write(fds[0], "garbage", 7), 7);
	assert_int_equal(write(fds[1], "BTZSNAP1 and more", 17), 17);
	fill(ledgers, 1, 0);
	assert_false(snapshot_store_open(&store, fds, ledgers, LEDGERS));
	assert_int_equal(ledgers[0].count, 0);
	assert_int_equal(snapshot_store_write(&store, ledgers, LEDGERS), 0);
	assert_true(snapshot_store_open(&store, fds, ledgers, LEDGERS));
	done(ledgers);
	snapshot_store_close(&store);
}

/* A file system that is full, as far as this process may write. */
static void a_full_disk_leaves_the_newest_as_it_was(void **state)
{
	int fds[STATE_SNAPSHOTS] = { memfd_create("a", 0), memfd_create("b", 0) };
	struct ledger ledgers[LEDGERS];
	struct snapshot_store store;
	int full = open("/dev/full", O_RDWR);

	(void)state;
	assert_true(full >= 0);
	fill(ledgers, 1, 3);
	(void)snapshot_store_open(&store, fds, ledgers, LEDGERS);
	done(ledgers);
	fill(ledgers, 1, 3);
	assert_int_equal(snapshot_store_write(&store, ledgers, LEDGERS), 0);
	assert_int_equal(dup2(full, store.fds[store.next]), store.fds[store.next]);
	assert_int_equal(snapshot_store_write(&store, ledgers, LEDGERS), ERR_FULL);
	assert_int_equal(store.generation, 1);
	done(ledgers);
	close(full);
	snapshot_store_close(&store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_found_again),
		cmocka_unit_test(every_truncation_and_every_flipped_bit_is_refused),
		cmocka_unit_test(a_torn_write_leaves_the_older_snapshot),
		cmocka_unit_test(both_files_bad_is_an_empty_start),
		cmocka_unit_test(a_full_disk_leaves_the_newest_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
