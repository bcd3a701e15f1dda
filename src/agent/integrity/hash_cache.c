/* hash_cache.c - records stream through a small buffer; the head, written last, makes them count.
 */
#include "agent/integrity/hash_cache.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define RECORDS_BUFFERED 256

static const char magic[8] = "btzhash1";

struct record {
	uint8_t key[HASH_CACHE_KEY_SIZE];
	uint8_t sha256[SHA256_SIZE];
};

struct head {
	char magic[8];
	uint8_t sha256[SHA256_SIZE]; /* of the records and the two below */
	uint64_t generation;
	uint64_t count;
};

#define CHECKED_AT offsetof(struct head, generation)

struct hash_cache {
	int fds[HASH_CACHE_FILES];
	uint64_t generation;
	unsigned next;          /* the file to be written next */
	struct record *records; /* by rising key */
	size_t count;
	struct { /* what is being written */
		struct record buffered[RECORDS_BUFFERED];
		size_t buffered_count;
		struct sha256 hash;
		struct head head;
		int error;
	} * writing;
};

static void add_head(struct sha256 *hash, const struct head *head)
{
	sha256_add(hash,
		   (struct span){ (const uint8_t *)&head->generation, sizeof *head - CHECKED_AT });
}

/* Reads one file; true where all of it is as it was written. */
static bool read_records(int fd, struct head *head, struct record **out)
{
	struct record *records OWNED(alloc_free) = NULL;
	uint8_t sha256[SHA256_SIZE];
	struct sha256 hash;
	size_t bytes;

	if (fd < 0 || file_bytes_at(fd, (uint8_t *)head, sizeof *head, 0).len != sizeof *head ||
	    memcmp(head->magic, magic, sizeof magic) != 0 || head->count > HASH_CACHE_MAX) {
		return false;
	}
	bytes = (size_t)head->count * sizeof *records;
	records = alloc_zeroed((size_t)head->count + 1, sizeof *records);
	if (file_bytes_at(fd, (uint8_t *)records, bytes, sizeof *head).len != bytes) {
		return false;
	}
	sha256_init(&hash);
	sha256_add(&hash, (struct span){ (const uint8_t *)records, bytes });
	add_head(&hash, head);
	sha256_done(&hash, sha256);
	if (memcmp(sha256, head->sha256, sizeof sha256) != 0) {
		return false;
	}
	*out = records;
	records = NULL;
	return true;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, HASH_CACHE_KEY_SIZE);
}

struct hash_cache *hash_cache_new(const int fds[HASH_CACHE_FILES])
{
	struct hash_cache *cache = alloc_zeroed(1, sizeof *cache);

	memcpy(cache->fds, fds, sizeof cache->fds);
	for (unsigned i = 0; i < HASH_CACHE_FILES; i++) {
		struct record *records = NULL;
		struct head head;

		if (!read_records(fds[i], &head, &records)) {
			continue;
		}
		if (cache->records != NULL && head.generation <= cache->generation) {
			free(records);
			continue;
		}
		free(cache->records);
		cache->records = records;
		cache->count = (size_t)head.count;
		cache->generation = head.generation;
		cache->next = (i + 1) % HASH_CACHE_FILES;
	}
	if (cache->count > 0) {
		qsort(cache->records, cache->count, sizeof *cache->records, by_key);
	}
	return cache;
}

void hash_cache_free(struct hash_cache **cache)
{
	struct hash_cache *c = *cache;

	if (c == NULL) {
		return;
	}
	for (unsigned i = 0; i < HASH_CACHE_FILES; i++) {
		file_close(&c->fds[i]);
	}
	free(c->records);
	free(c->writing);
	free(c);
	*cache = NULL;
}

static void make_key(const char *path, uint64_t stamp, uint8_t out[HASH_CACHE_KEY_SIZE])
{
	struct sha256 hash;
	uint8_t sha256[SHA256_SIZE];

	sha256_init(&hash);
	sha256_add(&hash, (struct span){ (const uint8_t *)&stamp, sizeof stamp });
	sha256_add(&hash, span_of(path));
	sha256_done(&hash, sha256);
	memcpy(out, sha256, HASH_CACHE_KEY_SIZE);
}

bool hash_cache_find(const struct hash_cache *cache, const char *path, uint64_t stamp,
		     uint8_t out[SHA256_SIZE])
{
	uint8_t key[HASH_CACHE_KEY_SIZE];
	const struct record *found;

	if (cache->count == 0) {
		return false;
	}
	make_key(path, stamp, key);
	found = bsearch(key, cache->records, cache->count, sizeof *cache->records, by_key);
	if (found == NULL) {
		return false;
	}
	memcpy(out, found->sha256, SHA256_SIZE);
	return true;
}

void hash_cache_forget(struct hash_cache *cache)
{
	free(cache->records);
	cache->records = NULL;
	cache->count = 0;
}

size_t hash_cache_count(const struct hash_cache *cache)
{
	return cache->count;
}

void hash_cache_begin(struct hash_cache *cache)
{
	free(cache->writing);
	cache->writing = alloc_zeroed(1, sizeof *cache->writing);
	sha256_init(&cache->writing->hash);
}

static void flush_records(struct hash_cache *cache)
{
	const struct span bytes = { (const uint8_t *)cache->writing->buffered,
				    cache->writing->buffered_count * sizeof(struct record) };
	off_t offset = (off_t)(sizeof(struct head) +
			       (cache->writing->head.count - cache->writing->buffered_count) *
				       sizeof(struct record));

	sha256_add(&cache->writing->hash, bytes);
	if (cache->writing->error == 0) {
		cache->writing->error = file_write_at(cache->fds[cache->next], bytes, offset);
	}
	cache->writing->buffered_count = 0;
}

void hash_cache_add(struct hash_cache *cache, const char *path, uint64_t stamp,
		    const uint8_t sha256[SHA256_SIZE])
{
	struct record *record;

	if (cache->writing->head.count == HASH_CACHE_MAX) {
		return;
	}
	record = &cache->writing->buffered[cache->writing->buffered_count++];
	make_key(path, stamp, record->key);
	memcpy(record->sha256, sha256, SHA256_SIZE);
	cache->writing->head.count++;
	if (cache->writing->buffered_count == RECORDS_BUFFERED) {
		flush_records(cache);
	}
}

int hash_cache_end(struct hash_cache *cache)
{
	struct head *head = &cache->writing->head;
	int error;

	flush_records(cache);
	memcpy(head->magic, magic, sizeof magic);
	head->generation = cache->generation + 1;
	error = cache->writing->error;
	if (error == 0) {
		add_head(&cache->writing->hash, head);
		sha256_done(&cache->writing->hash, head->sha256);
		error = file_write_at(cache->fds[cache->next],
				      (struct span){ (const uint8_t *)head, sizeof *head }, 0);
	}
	if (error == 0) {
		cache->generation++;
		cache->next = (cache->next + 1) % HASH_CACHE_FILES;
	}
	free(cache->writing);
	cache->writing = NULL;
	return error;
}
