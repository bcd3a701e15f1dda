/*
 * dpkg.h - dpkg's status database, /var/lib/dpkg/status, and the single stanzas
 * in /var/lib/dpkg/status.d of distroless images.
 *
 * Everything borrows from the file. Packages that are known but not installed
 * are passed over, as dpkg-query does.
 */
#pragma once

#include "formats/deb822.h"

/* Installed-Size above this (in KiB) counts as malformed. */
#define DPKG_SIZE_KIB_MAX (UINT64_C(1) << 40)

struct dpkg_package {
	struct span name;
	struct span version;
	struct span architecture;
	struct span status;         /* third word of Status: installed, config-files, ... */
	struct span source;         /* the package's own name where no source is stated */
	struct span source_version; /* the package's own version where none is stated */
	struct span section;        /* empty where not stated, as the rest */
	struct span maintainer;
	uint64_t size_bytes;
	bool has_size;
};

struct dpkg_iterator {
	struct deb822_stanzas stanzas;
	size_t malformed; /* stanzas that were skipped: no name, version or status, a bad size */
};

struct dpkg_iterator dpkg_over(struct span file);

/* The next package; false at the end. A stanza without a Status field, as
 * distroless images have, counts as installed. */
bool dpkg_next(struct dpkg_iterator *it, struct dpkg_package *out);
