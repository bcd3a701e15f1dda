/*
 * apk.h - Alpine's database of installed packages, /lib/apk/db/installed:
 * lines of one letter, a colon and a value; a blank line ends a package.
 *
 * Everything borrows from the file. deb822_whole() tells how much of a piece of
 * the file is whole packages.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct apk_package {
	struct span name;         /* P: */
	struct span version;      /* V: */
	struct span architecture; /* A: */
	struct span origin;       /* o: the source package; the name where not stated */
	struct span maintainer;   /* m: */
	uint64_t size_bytes;      /* I: */
	bool has_size;
};

struct apk_iterator {
	struct reader rest;
	size_t malformed; /* packages that were skipped: no name or version, a bad size */
};

struct apk_iterator apk_over(struct span file);

/* The next package; false at the end. */
bool apk_next(struct apk_iterator *it, struct apk_package *out);
