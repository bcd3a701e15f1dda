/* ring_test.c - the ring through restarts, lies of the disk, a full disk and other sizes. */
#include "sensor/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/reader.h"
#include "sys/alloc.h"

#define LIFE 7

/* What came out, in order. */
struct taken {
	uint64_t epoch; /* of the last one */
	uint64_t first; /* number of the first one */
	uint64_t next;
	size_t count;
	uint64_t missing; /* by their numbers, within an epoch */
	uint64_t last;    /* the last body's number */
};

struct disk {
	int fd; /* kept, so that what the ring closes can be opened again */
};

static int set_up(void **state)
{
	struct disk *disk = calloc(1, sizeof *disk);

	disk->fd = memfd_create("ring", 0);
	assert_true(disk->fd >= 0);
	*state = disk;
	return 0;
}

static int tear_down(void **state)
{
	struct disk *disk = *state;

	close(disk->fd);
	free(disk);
	return 0;
}

static struct ring *open_ring(const struct disk *disk, uint64_t size)
{
	return ring_open(dup(disk->fd), size, LIFE);
}

/* A body that tells its number, of so many bytes. */
static void put(struct ring *ring, uint64_t number, size_t len)
{
	uint8_t *bytes = alloc_zeroed(1, len);
	struct writer w = writer_over(bytes, len);

	writer_be64(&w, number);
	ring_put(ring, (struct span){ bytes, len });
	free(bytes);
}

static void put_many(struct ring *ring, uint64_t from, size_t count, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		put(ring, from + i, len);
	}
}

/* Takes all out; bodies are of len bytes each. */
static struct taken take_all(struct ring *ring, size_t len)
{
	struct taken t = { .count = 0 };

	for (;;) {
		struct buffer out OWNED(buffer_done);
		struct ring_run run;
		struct reader r;

		buffer_init(&out, 64u << 10);
		if (!ring_peek(ring, 100, &out, &run)) {
			return t;
		}
		assert_true(run.count > 0 && run.count <= 100);
		assert_int_equal(out.len, run.count * len);
		if (t.count > 0 && run.epoch == t.epoch) {
			assert_true(run.first >= t.next);
			t.missing += run.first - t.next;
		}
		t.first = t.count == 0 ? run.first : t.first;
		t.epoch = run.epoch;
		t.next = run.first + run.count;
		t.count += run.count;
		r = reader_over(span_after(buffer_span(&out), out.len - len));
		t.last = reader_be64(&r);
		ring_acknowledge(ring);
	}
}

static void what_is_put_comes_out_once_and_in_order(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_MIN);
	struct taken t;

	put_many(ring, 0, 250, 40);
	t = take_all(ring, 40);
	assert_int_equal(t.count, 250);
	assert_int_equal(t.first, 0);
	assert_int_equal(t.missing, 0);
	assert_int_equal(t.last, 249);
	assert_int_equal(take_all(ring, 40).count, 0);
	put(ring, 250, 40);
	t = take_all(ring, 40);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.first, 250);
	ring_close(&ring);
}

static void what_was_not_acknowledged_comes_again(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_MIN);
	struct buffer out;
	struct ring_run run;

	buffer_init(&out, 4096);
	put_many(ring, 0, 10, 40);
	assert_true(ring_peek(ring, 4, &out, &run));
	assert_int_equal(run.count, 4);
	assert_true(ring_peek(ring, 6, &out, &run));
	assert_int_equal(run.first, 0);
	assert_int_equal(run.count, 6);
	ring_acknowledge(ring);
	assert_true(ring_peek(ring, 100, &out, &run));
	assert_int_equal(run.first, 6);
	assert_int_equal(run.count, 4);
	assert_int_equal(ring_waiting(ring), 4);
	buffer_done(&out);
	ring_close(&ring);
}

static void a_restart_goes_on_where_it_was(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_MIN);
	uint64_t epoch;
	struct taken t;

	put_many(ring, 0, 30, 40);
	epoch = take_all(ring, 40).epoch;
	ring_keep_position(ring, 3, span_of("here"));
	ring_close(&ring);

	ring = open_ring(*state, RING_BYTES_MIN);
	assert_false(ring_was_damaged(ring));
	assert_true(span_equal(ring_position(ring, 3), span_of("here")));
	assert_int_equal(ring_position(ring, 2).len, 0);
	put(ring, 30, 40);
	t = take_all(ring, 40);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.first, 30);
	assert_true(t.epoch == epoch);
	ring_close(&ring);
}

static void what_waits_survives_a_restart_under_its_own_numbers(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_MIN);
	struct buffer out;
	struct ring_run run;
	struct taken t;

	put_many(ring, 0, 5, 40);
	ring_close(&ring);
	ring = open_ring(*state, RING_BYTES_MIN);
	assert_int_equal(ring_waiting(ring), 5);
	put_many(ring, 5, 5, 40);
	buffer_init(&out, 4096);
	assert_true(ring_peek(ring, 100, &out, &run));
	assert_int_equal(run.count, 5); /* a run is of one epoch */
	buffer_done(&out);
	t = take_all(ring, 40);
	assert_int_equal(t.count, 10);
	assert_int_equal(t.last, 9);
	ring_close(&ring);
}

static void another_life_counts_anew(void **state)
{
	struct disk *disk = *state;
	struct ring *ring = open_ring(disk, RING_BYTES_MIN);
	uint64_t epoch;
	struct taken t;

	put_many(ring, 0, 5, 40);
	epoch = take_all(ring, 40).epoch;
	ring_close(&ring);
	ring = ring_open(dup(disk->fd), RING_BYTES_MIN, LIFE + 1);
	put(ring, 5, 40);
	t = take_all(ring, 40);
	assert_int_equal(t.first, 0);
	assert_true(t.epoch != epoch);
	ring_close(&ring);
}

static void the_oldest_are_overwritten_and_their_numbers_are_missing(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_MIN);
	struct taken t;

	put_many(ring, 0, 1000, 1000);
	assert_true(ring_waiting(ring) < 64);
	assert_int_equal(ring_waiting(ring) + ring_lost(ring), 1000);
	t = take_all(ring, 1000);
	assert_int_equal(t.last, 999);
	assert_int_equal(t.first + t.count, 1000);
	assert_int_equal(t.missing, 0);
	ring_close(&ring);
}

static off_t size_of(const struct disk *disk)
{
	struct stat status;

	assert_int_equal(fstat(disk->fd, &status), 0);
	return status.st_size;
}

static void a_ring_that_is_emptied_stays_small(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_DEFAULT);

	for (uint64_t i = 0; i < 20000; i++) {
		put(ring, i, 200);
		if (i % 10 == 9) {
			assert_int_equal(ring_flush(ring), 0);
			assert_int_equal(take_all(ring, 200).count, 10);
		}
	}
	ring_close(&ring);
	assert_true(size_of(*state) < 4 * RING_BLOCK_SIZE);
}

static void the_longest_event_fits(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_MIN);

	for (unsigned i = 0; i < EVENT_SOURCES_MAX; i++) {
		uint8_t place[EVENT_POSITION_SIZE];

		memset(place, (int)i + 1, sizeof place);
		ring_keep_position(ring, i, (struct span){ place, sizeof place });
	}
	put(ring, 1, RING_BODY_MAX);
	put(ring, 2, RING_BODY_MAX);
	put(ring, 3, RING_BODY_MAX + 1); /* refused */
	ring_close(&ring);
	ring = open_ring(*state, RING_BYTES_MIN);
	assert_int_equal(ring_waiting(ring), 2);
	assert_int_equal(ring_position(ring, 7).len, EVENT_POSITION_SIZE);
	assert_int_equal(take_all(ring, RING_BODY_MAX).last, 2);
	ring_close(&ring);
}

/* A file with two blocks in use, part of it acknowledged. */
static uint8_t *make_file(struct disk *disk, size_t *out_size)
{
	struct ring *ring = open_ring(disk, 4 * RING_BYTES_MIN);
	uint8_t *bytes;
	struct buffer out;
	struct ring_run run;

	buffer_init(&out, 4096);
	put_many(ring, 0, 60, 600);
	assert_true(ring_peek(ring, 5, &out, &run));
	ring_acknowledge(ring);
	ring_keep_position(ring, 0, span_of("place"));
	buffer_done(&out);
	ring_close(&ring);
	*out_size = (size_t)size_of(disk);
	bytes = alloc_zeroed(1, *out_size);
	assert_int_equal(pread(disk->fd, bytes, *out_size, 0), *out_size);
	return bytes;
}

static void set_file(const struct disk *disk, const uint8_t *bytes, size_t size)
{
	assert_int_equal(ftruncate(disk->fd, 0), 0);
	assert_int_equal(pwrite(disk->fd, bytes, size, 0), size);
}

/* Opens a file that was tampered with, and puts one event more. */
static struct taken reopen(const struct disk *disk)
{
	struct ring *ring = open_ring(disk, 4 * RING_BYTES_MIN);
	struct taken t;

	put(ring, 1000, 600);
	t = take_all(ring, 600);
	assert_int_equal(t.last, 1000);
	assert_int_equal(ring_waiting(ring), 0);
	ring_close(&ring);
	return t;
}

static void every_truncation_leaves_what_was_whole_before_it(void **state)
{
	struct disk *disk = *state;
	size_t size;
	uint8_t *bytes = make_file(disk, &size);
	size_t before = 0;

	for (size_t len = 0; len < size; len += len < 4200 ? 7 : 61) {
		size_t count;

		set_file(disk, bytes, len);
		count = reopen(disk).count;
		assert_true(count >= before || len < 4200);
		before = count;
	}
	set_file(disk, bytes, size);
	assert_int_equal(reopen(disk).count, 56);
	free(bytes);
}

static void a_flipped_byte_costs_one_event_or_brings_some_again(void **state)
{
	struct disk *disk = *state;
	size_t size;
	uint8_t *bytes = make_file(disk, &size);

	for (size_t i = 0; i < size; i += i < 64 || (i > 4090 && i < 6000) ? 1 : 97) {
		struct taken t;

		bytes[i] ^= 0x10;
		set_file(disk, bytes, size);
		bytes[i] ^= 0x10;
		t = reopen(disk);
		if (i >= 4096 + RING_BLOCK_HEAD && i < 4096 + RING_BLOCK_SIZE) {
			assert_true(t.count >= 55);
		} else if (i < 4096) {
			assert_true(t.count >= 56); /* of the head: nothing is lost */
		}
		assert_true(t.count <= 61);
	}
	free(bytes);
}

static void a_lost_event_within_shows_in_the_numbers(void **state)
{
	struct disk *disk = *state;
	size_t size;
	uint8_t *bytes = make_file(disk, &size);
	struct ring *ring;
	struct taken t;

	bytes[4096 + RING_BLOCK_HEAD + 20 * ring_record_size(600) + 100] ^= 1;
	set_file(disk, bytes, size);
	ring = open_ring(disk, RING_BYTES_MIN);
	assert_true(ring_was_damaged(ring));
	t = take_all(ring, 600);
	assert_int_equal(t.count, 54);
	assert_int_equal(t.missing, 1);
	ring_close(&ring);
	free(bytes);
}

/* Every event that the process said it had flushed is there after it was killed. */
static void killing_the_process_at_any_time_loses_nothing_that_was_flushed(void **state)
{
	struct disk *disk = *state;

	for (unsigned round = 0; round < 10; round++) {
		int pipe_fds[2];
		uint64_t flushed = 0;
		uint64_t word;
		struct ring *ring;
		struct taken t;
		pid_t pid;

		assert_int_equal(pipe(pipe_fds), 0);
		pid = fork();
		if (pid == 0) {
			ring = open_ring(disk, 1u << 20);
			for (uint64_t i = 1;; i++) {
				put(ring, i, 100);
				if (i % 3 == 0 && (ring_flush(ring) != 0 ||
						   write(pipe_fds[1], &i, sizeof i) < 0)) {
					_exit(1);
				}
			}
		}
		close(pipe_fds[1]);
		for (unsigned i = 0; i < 100 + 37 * round; i++) {
			assert_int_equal(read(pipe_fds[0], &flushed, sizeof flushed),
					 sizeof flushed);
		}
		assert_int_equal(kill(pid, SIGKILL), 0);
		while (read(pipe_fds[0], &word, sizeof word) == sizeof word) {
			flushed = word;
		}
		close(pipe_fds[0]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		ring = open_ring(disk, 1u << 20);
		t = take_all(ring, 100);
		assert_true(t.last >= flushed);
		assert_int_equal(t.missing, 0);
		ring_close(&ring);
	}
}

/* A disk with room for so many bytes: a limit of the process's own. */
static void limit_files(uint64_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_leaves_the_newest_in_memory_and_is_tried_again(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_DEFAULT);
	struct taken t;

	signal(SIGXFSZ, SIG_IGN);
	limit_files(4096 + 2 * RING_BLOCK_SIZE);
	put_many(ring, 0, 1000, 1000);
	assert_int_not_equal(ring_flush(ring), 0);
	assert_true(ring_waiting(ring) > 31 * RING_MEMORY_BLOCKS);
	assert_true(ring_waiting(ring) <= 31 * (RING_MEMORY_BLOCKS + 3));
	t = take_all(ring, 1000);
	assert_int_equal(t.last, 999);
	assert_int_equal(t.missing, 0);

	put_many(ring, 1000, 200, 1000);
	(void)!ring_flush(ring);
	limit_files(RLIM_INFINITY);
	assert_int_equal(ring_flush(ring), 0);
	ring_close(&ring);
	ring = open_ring(*state, RING_BYTES_DEFAULT);
	t = take_all(ring, 1000);
	assert_int_equal(t.count, 200);
	assert_int_equal(t.last, 1199);
	ring_close(&ring);
}

static void without_a_file_a_bounded_number_is_kept(void **state)
{
	struct ring *ring = ring_open(-1, RING_BYTES_DEFAULT, LIFE);
	struct taken t;

	(void)state;
	put_many(ring, 0, 5000, 1000);
	assert_true(ring_waiting(ring) <= 33 * RING_MEMORY_BLOCKS);
	t = take_all(ring, 1000);
	assert_int_equal(t.last, 4999);
	ring_close(&ring);
}

static void it_grows_and_shrinks_while_it_is_used(void **state)
{
	struct ring *ring = open_ring(*state, RING_BYTES_MIN);
	struct taken t;

	ring_resize(ring, 1u << 20);
	put_many(ring, 0, 900, 1000);
	assert_int_equal(ring_lost(ring), 0);
	ring_resize(ring, 4 * RING_BLOCK_SIZE);
	assert_true(ring_waiting(ring) >= 3 * 31);
	put_many(ring, 900, 10, 1000);
	ring_close(&ring);
	ring = open_ring(*state, 4 * RING_BLOCK_SIZE);
	t = take_all(ring, 1000);
	assert_int_equal(t.last, 909);
	assert_int_equal(t.missing, 0);
	assert_true(size_of(*state) <= 4096 + 4 * RING_BLOCK_SIZE);
	ring_close(&ring);
}

static void every_flipped_bit_and_every_length_changes_the_sum(void **state)
{
	uint8_t bytes[67];
	struct span all = { bytes, sizeof bytes };
	uint32_t sum;

	(void)state;
	memset(bytes, 0x5a, sizeof bytes);
	sum = ring_sum(ring_sum_add(7, all));
	for (size_t i = 0; i < 8 * sizeof bytes; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(ring_sum(ring_sum_add(7, all)), sum);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t len = 0; len < sizeof bytes; len++) {
		assert_int_not_equal(ring_sum(ring_sum_add(7, span_first(all, len))), sum);
	}
	assert_int_not_equal(ring_sum(ring_sum_add(8, all)), sum);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_comes_out_once_and_in_order),
		TEST(what_was_not_acknowledged_comes_again),
		TEST(a_restart_goes_on_where_it_was),
		TEST(what_waits_survives_a_restart_under_its_own_numbers),
		TEST(another_life_counts_anew),
		TEST(the_oldest_are_overwritten_and_their_numbers_are_missing),
		TEST(a_ring_that_is_emptied_stays_small),
		TEST(the_longest_event_fits),
		TEST(every_truncation_leaves_what_was_whole_before_it),
		TEST(a_flipped_byte_costs_one_event_or_brings_some_again),
		TEST(a_lost_event_within_shows_in_the_numbers),
		TEST(killing_the_process_at_any_time_loses_nothing_that_was_flushed),
		TEST(a_full_disk_leaves_the_newest_in_memory_and_is_tried_again),
		TEST(without_a_file_a_bounded_number_is_kept),
		TEST(it_grows_and_shrinks_while_it_is_used),
		TEST(every_flipped_bit_and_every_length_changes_the_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
