/*
 * hash_cache.h - hashes of contents that survive a restart, so that a file that has not changed is
 * not read again.
 *
 * Two files in the state folder, opened before the sandbox, written in turn, each whole: a magic
 * number, SHA-256 of the rest, generation, count, and for each hash 16 bytes of its key and 32 of
 * itself; numbers as this machine has them. What is torn, cut or anything else is not believed. A
 * key is made of the path and all that changes when content does (file_stamp()).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/sha256.h"

#define HASH_CACHE_FILES    2
#define HASH_CACHE_MAX      131072
#define HASH_CACHE_KEY_SIZE 16

struct hash_cache;

/* Takes the descriptors over and reads the newer of both files, or nothing. */
struct hash_cache *hash_cache_new(const int fds[HASH_CACHE_FILES]);
void hash_cache_free(struct hash_cache **cache);

/* False where the file in this state was not hashed before. */
bool hash_cache_find(const struct hash_cache *cache, const char *path, uint64_t stamp,
		     uint8_t out[SHA256_SIZE]);

/* Gives back the memory of what was read: the first walk is over. */
void hash_cache_forget(struct hash_cache *cache);

/* Hashes that were read. */
size_t hash_cache_count(const struct hash_cache *cache);

/* Writing: begin, each hash, end. ERR_FULL where the disk is, ERR_IO; the other file stays. */
void hash_cache_begin(struct hash_cache *cache);
void hash_cache_add(struct hash_cache *cache, const char *path, uint64_t stamp,
		    const uint8_t sha256[SHA256_SIZE]);
MUST_USE int hash_cache_end(struct hash_cache *cache);
