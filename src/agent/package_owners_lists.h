/*
 * package_owners_lists.h - the lists of files that dpkg, apk and rpm keep, one by one to a taker.
 *
 * The order is the databases' own. Nothing is kept; bytes that are no list give no files.
 */
#pragma once

#include "agent/tree.h"
#include "base/attr.h"
#include "base/span.h"

/* A file of a package, borrowed. */
struct listed_file {
	const char *manager;
	struct span package;
	struct span path; /* absolute */
};

typedef void listed_taker(void *context, const struct listed_file *file);

/* All files of all packages. ERR_IO. */
MUST_USE int package_owners_dpkg(struct tree *tree, listed_taker *take, void *context);
MUST_USE int package_owners_apk(struct tree *tree, listed_taker *take, void *context);

/* Where the databases are, for whoever wants to see that they change; ended by NULL. */
extern const char *const package_owners_databases[];
