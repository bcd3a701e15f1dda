/*
 * language_packages.h - what the files of the table language_packages share.
 */
#pragma once

#include "agent/collector.h"

/* Packages of all ecosystems but those in programs of Go. Each that has a folder of its own is
 * watched there. */
#define LANGUAGE_PACKAGES_MAX 4096

struct language_walk {
	struct collection *c;
	size_t packages;
};

/* A row; nothing where it has no name or no version. */
void language_emit(struct language_walk *walk, const char *ecosystem, struct span name,
		   struct span version, const char *path, struct span license);

/* The first bytes of a file, as many as the buffer may hold. */
MUST_USE int language_read_head(const struct language_walk *walk, const char *path,
				struct buffer *out);

/* Calls take with each name in a folder; nothing where there is no folder. */
typedef void language_taker(struct language_walk *walk, const char *folder, const char *name,
			    char type);
void language_each(struct language_walk *walk, const char *folder, language_taker *take);

/* The same for FOLDER/SUB of every FOLDER in parent whose name begins with the prefix. */
void language_each_below(struct language_walk *walk, const char *parent, const char *prefix,
			 const char *sub, language_taker *take);

void language_packages_python(struct language_walk *walk);

/* Programs of Go in a folder. */
void language_packages_go(struct language_walk *walk, const char *folder);
