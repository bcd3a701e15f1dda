/*
 * unpack.h - one layer of an image onto a tree: only what collectors read, and the folders and
 * links on the way there.
 *
 * Nothing outside the tree is ever touched: names are taken apart here, and every folder is reached
 * with openat2(RESOLVE_IN_ROOT), so that links, also absolute ones, end in the tree. Regular files,
 * folders and links are all that is made.
 */
#pragma once

#include "base/attr.h"
#include "cli/check/scratch.h"
#include "formats/tar.h"

/* Of one image, all layers together. */
#define UNPACK_BYTES_MAX   (UINT64_C(2) << 30) /* written */
#define UNPACK_OBJECTS_MAX 2000000             /* files, folders and links made */
#define UNPACK_FILE_MAX    (UINT64_C(512) << 20)

struct unpack {
	struct scratch *scratch;
	uint64_t bytes;
	size_t objects;
	size_t refused; /* names that lead out or are none, links that could not be made */
	int parent_fd;  /* the folder reached last, by its name below */
	char parent[TAR_NAME_SIZE];
	struct tar tar;
	struct tar_entry entry;
};

void unpack_init(struct unpack *u, struct scratch *scratch);
void unpack_done(struct unpack *u);

/* What the layer takes away from those below it: to be called before its files are unpacked, as
 * markers may stand behind them. */
MUST_USE int unpack_whiteouts(struct unpack *u, struct tar_source layer);

/* What it adds and replaces. ERR_LIMIT, ERR_MALFORMED, ERR_IO. */
MUST_USE int unpack_files(struct unpack *u, struct tar_source layer);

/* True for a path (without a slash in front) that a collector reads. out_is_program: only where it
 * is a program of Go. */
bool unpack_wants(const char *path, bool *out_is_program);
