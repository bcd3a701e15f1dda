/*
 * apt_packages.h - APT's lists of what archives offer: /var/lib/apt/lists/..._Packages.
 *
 * Of fifty megabytes some thousand stanzas are of interest: stanzas that are passed over cost a
 * search for the next blank line. Everything borrows from the bytes.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct apt_package {
	struct span name;
	struct span stanza; /* from the package's line to before the blank line */
};

struct apt_packages_iterator {
	struct reader rest;
};

/* bytes: a piece of a list that begins with a stanza. */
struct apt_packages_iterator apt_packages_over(struct span bytes);

/* The next whole stanza, one that ends in a blank line; false where there is none. Stanzas that do
 * not begin with "Package: " are passed over. */
bool apt_packages_next(struct apt_packages_iterator *it, struct apt_package *out);

/* How many bytes at the end belong to a stanza that is not whole. */
size_t apt_packages_left(const struct apt_packages_iterator *it);

/* Version and architecture of a stanza. False where one is missing. */
bool apt_package_version(const struct apt_package *package, struct span *out_version,
			 struct span *out_architecture);
