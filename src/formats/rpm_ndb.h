/*
 * rpm_ndb.h - Packages.db of rpm's "ndb" database (rpm's lib/backend/ndb/rpmpkg.c),
 * which SUSE uses: slots at the front, blobs of headers behind, little endian.
 *
 * Everything borrows from the file.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* Slot pages of 4096 bytes that a file may have: millions of packages. */
#define RPM_NDB_SLOT_PAGES_MAX 8192

struct rpm_ndb_iterator {
	struct span file;
	struct reader slots;
	size_t malformed; /* slots whose blob is not as it should be */
};

/* ERR_MALFORMED, or ERR_UNSUPPORTED for another version. */
MUST_USE int rpm_ndb_over(struct span file, struct rpm_ndb_iterator *out);

/* The next package's header, for rpm_header_parse(); false at the end. */
bool rpm_ndb_next(struct rpm_ndb_iterator *it, uint32_t *package_index, struct span *header);
