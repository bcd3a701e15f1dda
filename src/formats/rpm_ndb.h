/*
 * rpm_ndb.h - Packages.db of rpm's "ndb" database (rpm's lib/backend/ndb/rpmpkg.c),
 * which SUSE uses: slots at the front, blobs of headers behind, little endian.
 *
 * Read through a source, a page of slots at a time: the file has a hundred megabytes. rpm writes
 * it in place, and says in its header how often it did.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "formats/rpm_header.h"

/* Slot pages of 4096 bytes that a file may have: millions of packages. */
#define RPM_NDB_SLOT_PAGES_MAX 8192
#define RPM_NDB_PAGE_SIZE      4096

/* Fields are private to rpm_ndb.c, but for the last two. */
struct rpm_ndb {
	struct rpm_header_source file;
	uint32_t generation;
	uint32_t slot_count; /* the file's header counts as two */
	uint32_t next;       /* slot */
	uint64_t header;     /* where the one at hand is in the file */
	uint8_t page[RPM_NDB_PAGE_SIZE];
	size_t malformed; /* slots whose blob is not as it should be */
	int error;        /* 0, or the source's, which ended the walk */
};

/* ERR_MALFORMED, ERR_UNSUPPORTED for another version, ERR_LIMIT, or the source's error. */
MUST_USE int rpm_ndb_open(struct rpm_header_source file, struct rpm_ndb *out);

/* The next package's header, for rpm_header_read() until the next call; false at the end. */
bool rpm_ndb_next(struct rpm_ndb *db, uint32_t *out_package, struct rpm_header_source *out_header);

/* True where somebody wrote to the file since it was opened: what was read may be of neither
 * before nor after. */
bool rpm_ndb_has_changed(const struct rpm_ndb *db);
