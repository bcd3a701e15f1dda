/*
 * archive_parts.h - what zip.c, tar.c, zstd.c and archive.c share.
 */
#pragma once

#include "server/feeds/archive.h"

struct archive_walk {
	archive_member *each;
	void *context;
	struct archive_figures *figures;
	struct why *why;
};

/* Counts a member and passes it on, or over, by its name. */
int archive_tell(struct archive_walk *walk, struct span name, struct span bytes);

/* Counts size towards what may be inflated in all. ERR_LIMIT past it. */
int archive_count(struct archive_walk *walk, uint64_t size);

/* PKWARE's APPNOTE 6.3: store and deflate, zip64; no encryption, no parts. */
bool zip_is(struct span bytes);
int zip_each(struct span bytes, struct archive_walk *walk);

/* formats/tar.h reads it; what is not a regular file is passed over. */
int archive_each_of_tar(struct span bytes, struct archive_walk *walk);

/* RFC 8878: a tar, which is never whole in memory, or one document. */
bool zstd_is(struct span bytes);
int zstd_each(struct span bytes, struct archive_walk *walk);
bool zstd_has_members(struct span bytes);
