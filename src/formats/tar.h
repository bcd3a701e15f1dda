/*
 * tar.h - tar archives (POSIX.1-2017 pax and ustar, GNU, v7), entry by entry from a stream.
 *
 * Nothing is allocated and nothing is sought: what a caller does not read of an entry is passed
 * over by the next tar_next(). Names are as the archive has them: whoever unpacks judges them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/reader.h"

#define TAR_BLOCK_SIZE 512

/* The longest name and link with its NUL; an entry with a longer one is ERR_LIMIT. */
#define TAR_NAME_SIZE 4096

/* What comes before one entry: extended headers, and their bytes. */
#define TAR_EXTENSIONS_MAX      16
#define TAR_EXTENSION_BYTES_MAX (1u << 20)

/* An entry's content. */
#define TAR_SIZE_MAX (UINT64_C(1) << 50)

/* Where the bytes come from: up to len of them, *out_len 0 at the end only; or an error. */
struct tar_source {
	int (*read)(void *context, uint8_t *to, size_t len, size_t *out_len);
	void *context;
};

enum tar_type {
	TAR_FILE,
	TAR_FOLDER,
	TAR_LINK,      /* symbolic */
	TAR_HARD_LINK, /* to an entry before it */
	TAR_OTHER,     /* devices, FIFOs, sparse files */
};

struct tar_entry {
	enum tar_type type;
	uint64_t size;   /* of the content */
	uint64_t offset; /* of the content in the archive */
	char name[TAR_NAME_SIZE];
	char target[TAR_NAME_SIZE]; /* of links; else empty */
};

/* Fields are private to tar.c. */
struct tar {
	struct tar_source source;
	uint64_t offset;
	uint64_t left;    /* of the entry's content */
	unsigned padding; /* behind it */
	bool has_end;     /* the blocks of zeros were there */
	uint8_t block[TAR_BLOCK_SIZE];
};

void tar_init(struct tar *tar, struct tar_source source);

/* Bytes in memory as a source. */
struct tar_source tar_source_over(struct reader *bytes);

/* Whether these bytes begin with an entry's header. */
bool tar_is(struct span bytes);

/* The next entry; ERR_NOT_FOUND at the end. ERR_MALFORMED (also where it is cut off), ERR_LIMIT, or
 * the source's error; the archive can then not be read on. */
MUST_USE int tar_next(struct tar *tar, struct tar_entry *out);

/* Whether the end was marked as such, once tar_next has come to it: some writers leave that out,
 * but so does a file that is cut off between two entries. */
bool tar_has_end(const struct tar *tar);

/* Up to len bytes of the entry's content; *out_len 0 at its end. */
MUST_USE int tar_read(struct tar *tar, uint8_t *to, size_t len, size_t *out_len);
