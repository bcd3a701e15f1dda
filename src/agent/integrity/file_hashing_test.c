/* file_hashing_test.c - a hash is of one state of a file; what is remembered is what was written.
 */
#include "agent/integrity/file_hashing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/integrity/hash_cache.h"
#include "sys/alloc.h"

struct world {
	char folder[64];
	char path[128];
	struct tree *tree;
	struct file_set set;
	struct file_folder *root;
	struct tree_folder *opened;
};

static void append(const struct world *w, const char *text)
{
	int fd = open(w->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	struct world *w = alloc_zeroed(1, sizeof *w);
	struct file_entry *entry = alloc_zeroed(1, sizeof *entry);
	struct why why;

	snprintf(w->folder, sizeof w->folder, "/tmp/file-hashing-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof w->path, "%s/f", w->folder);
	append(w, "first");
	assert_int_equal(tree_new(w->folder, &w->tree, &why), 0);
	assert_int_equal(tree_folder_reach(w->tree, "/", &w->opened), 0);
	w->root = file_set_add_root(&w->set, "/", NULL);
	entry->mode = S_IFREG | 0644;
	entry->flags = FILE_IS_PENDING;
	file_set_replace(&w->set, w->root, entry, 1, alloc_text("f"));
	*state = w;
	return 0;
}

static void forget(void *context, struct file_folder *folder)
{
	(void)context;
	(void)folder;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tree_folder_close(&w->opened);
	file_set_remove(&w->set, w->root, forget, NULL);
	tree_free(&w->tree);
	unlink(w->path);
	rmdir(w->folder);
	free(w);
	return 0;
}

static bool hash(struct world *w, const char *meanwhile)
{
	struct file_hashing h = { .folder = NULL };
	uint8_t *piece OWNED(alloc_free) = alloc_zeroed(1, FILE_HASHING_PIECE);

	assert_int_equal(file_hashing_begin(&h, w->opened, &w->set, w->root, &w->root->entries[0]),
			 0);
	assert_true(file_hashing_step(&h, piece) > 0);
	if (meanwhile != NULL) {
		append(w, meanwhile);
	}
	while (file_hashing_step(&h, piece) > 0) {
	}
	return file_hashing_end(&h, &w->set);
}

static void assert_hash_of(const struct file_entry *entry, const char *text)
{
	uint8_t sha256[SHA256_SIZE];

	sha256_of(span_of(text), sha256);
	assert_memory_equal(entry->sha256, sha256, sizeof sha256);
}

static void one_that_changes_meanwhile_is_hashed_again(void **state)
{
	struct world *w = *state;
	const struct file_entry *entry = &w->root->entries[0];

	assert_false(hash(w, " more"));
	assert_int_equal(entry->flags & ~FILE_IS_NEW, FILE_IS_PENDING);
	assert_int_equal(w->set.pending, 1);
	assert_true(hash(w, NULL));
	assert_int_equal(entry->flags & ~FILE_IS_NEW, FILE_IS_KNOWN | FILE_HAS_HASH);
	assert_int_equal(w->set.pending, 0);
	assert_hash_of(entry, "first more");
}

static void one_that_never_rests_is_given_up(void **state)
{
	struct world *w = *state;
	const struct file_entry *entry = &w->root->entries[0];

	for (unsigned i = 0; i < FILE_HASHING_TRIES; i++) {
		assert_int_equal(w->set.pending, 1);
		(void)hash(w, "x");
	}
	assert_int_equal(w->set.pending, 0);
	assert_int_equal(entry->flags & ~FILE_IS_NEW,
			 FILE_IS_KNOWN); /* without a hash that would be none */
	assert_int_equal(entry->stamp, 0);
}

/* What changed in this tick of the clock may change again and have the same times. */
static void what_has_just_changed_is_looked_at_once_more(void **state)
{
	struct world *w = *state;
	const struct file_entry *entry = &w->root->entries[0];
	struct timespec tick = { .tv_nsec = 50000000 };

	append(w, "!");
	assert_true(hash(w, NULL));
	assert_int_equal(entry->stamp, 0);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
	file_set_pending(&w->set, w->root, &w->root->entries[0], true);
	assert_false(hash(w, NULL)); /* the same row */
	assert_int_not_equal(entry->stamp, 0);
}

static void open_cache(const struct world *w, int fds[HASH_CACHE_FILES])
{
	for (unsigned i = 0; i < HASH_CACHE_FILES; i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/cache.%u", w->folder, i);
		fds[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fds[i] >= 0);
	}
}

static void remove_cache(const struct world *w)
{
	for (unsigned i = 0; i < HASH_CACHE_FILES; i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/cache.%u", w->folder, i);
		unlink(path);
	}
}

/* Writes count hashes that tell their number and the round. */
static void write_cache(const struct world *w, unsigned count, uint8_t round)
{
	struct hash_cache *cache;
	int fds[HASH_CACHE_FILES];

	open_cache(w, fds);
	cache = hash_cache_new(fds);
	hash_cache_begin(cache);
	for (unsigned n = 0; n < count; n++) {
		uint8_t sha256[SHA256_SIZE] = { (uint8_t)n, (uint8_t)(n >> 8), round };
		char path[32];

		snprintf(path, sizeof path, "/etc/%u", n);
		hash_cache_add(cache, path, n + 1, sha256);
	}
	assert_int_equal(hash_cache_end(cache), 0);
	hash_cache_free(&cache);
}

static size_t read_cache(const struct world *w, uint8_t *out_round)
{
	struct hash_cache *cache;
	uint8_t sha256[SHA256_SIZE] = { 0 };
	int fds[HASH_CACHE_FILES];
	size_t count;

	open_cache(w, fds);
	cache = hash_cache_new(fds);
	count = hash_cache_count(cache);
	for (unsigned n = 0; n < count; n++) {
		char path[32];

		snprintf(path, sizeof path, "/etc/%u", n);
		assert_true(hash_cache_find(cache, path, n + 1, sha256));
		assert_int_equal(sha256[0] | sha256[1] << 8, n);
		assert_false(hash_cache_find(cache, path, n + 2, sha256));
	}
	*out_round = sha256[2];
	hash_cache_free(&cache);
	return count;
}

static void the_newest_whole_file_of_hashes_is_believed(void **state)
{
	struct world *w = *state;
	char path[128];
	uint8_t round = 0;

	assert_int_equal(read_cache(w, &round), 0);
	write_cache(w, 700, 1);
	assert_int_equal(read_cache(w, &round), 700);
	assert_int_equal(round, 1);
	write_cache(w, 600, 2);
	assert_int_equal(read_cache(w, &round), 600);
	assert_int_equal(round, 2);
	write_cache(w, 500, 3);
	assert_int_equal(read_cache(w, &round), 500);
	/* the third was written where the first was: without it the second counts */
	snprintf(path, sizeof path, "%s/cache.0", w->folder);
	assert_int_equal(truncate(path, 600), 0);
	assert_int_equal(read_cache(w, &round), 600);
	assert_int_equal(round, 2);
	remove_cache(w);
}

static void hashes_are_not_believed_once_a_byte_is_another(void **state)
{
	struct world *w = *state;
	char path[128];
	uint8_t round;

	snprintf(path, sizeof path, "%s/cache.0", w->folder);
	write_cache(w, 3, 1);
	for (off_t at = 0; at < 56 + 3 * 48; at++) {
		uint8_t byte;
		int fd = open(path, O_RDWR | O_CLOEXEC);

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_int_equal(read_cache(w, &round), 0);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
	}
	assert_int_equal(read_cache(w, &round), 3);
	remove_cache(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_changes_meanwhile_is_hashed_again),
		TEST(one_that_never_rests_is_given_up),
		TEST(what_has_just_changed_is_looked_at_once_more),
		TEST(the_newest_whole_file_of_hashes_is_believed),
		TEST(hashes_are_not_believed_once_a_byte_is_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
