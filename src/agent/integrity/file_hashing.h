/*
 * file_hashing.h - hashes one file, a piece at a time.
 *
 * The hash is of one state of the file: where it changed meanwhile (time of change or size), it is
 * hashed again, and after FILE_HASHING_TRIES given up until the file is looked at anew.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "agent/integrity/file_set.h"
#include "agent/tree.h"
#include "base/attr.h"
#include "base/sha256.h"

#define FILE_HASHING_TRIES 3

/* Of a piece; a file that is larger than FILE_HASHING_LARGE does not stay in the page cache. */
#define FILE_HASHING_PIECE 65536
#define FILE_HASHING_LARGE (1 << 20)

/* Fields are private to file_hashing.c, but for folder: NULL where nothing is being hashed. */
struct file_hashing {
	struct file_folder *folder;
	char *name;
	int fd;
	struct sha256 hash;
	struct stat before;
	uint64_t done;
	uint8_t tries;
};

/* Begins with the entry's file. An error where it cannot be read: the entry is then no longer
 * pending, its row without a hash where it is there at all. */
MUST_USE int file_hashing_begin(struct file_hashing *h, struct tree_folder *opened,
				struct file_set *set, struct file_folder *folder,
				struct file_entry *entry);

/* Reads a piece into the buffer of FILE_HASHING_PIECE bytes; returns its length. 0: the end. */
size_t file_hashing_step(struct file_hashing *h, uint8_t *piece);

/* After the end: the entry gets its hash, or stays pending to be hashed again. True where its row
 * has changed. */
bool file_hashing_end(struct file_hashing *h, struct file_set *set);

/* Leaves off; the entry stays pending. */
void file_hashing_drop(struct file_hashing *h);
