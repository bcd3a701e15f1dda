/*
 * archive.h - the documents of a feed's file: a zip, a tar, something gzipped or in zstd, or
 * itself.
 *
 * Names of members are never used as paths. Nothing is inflated beyond the limits of limits.h,
 * whatever the archive says about itself.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

/* One member, whole; borrowed for the call. What is not 0 stops and is returned. */
typedef int archive_member(void *context, struct span name, struct span bytes);

struct archive_figures {
	uint64_t members;
	uint64_t bad_names; /* absolute, or with .. or a control character: passed over */
	uint64_t inflated;  /* bytes */
};

/* Calls each with every document of the bytes: members that are files, of a zip or tar, which may
 * be gzipped or in zstd; else the bytes themselves (inflated, where they are) with an empty name.
 * ERR_MALFORMED where the archive is broken or cut off, ERR_LIMIT where it holds more than it may,
 * ERR_UNSUPPORTED for encryption and other methods than store and deflate. */
MUST_USE int archive_each(struct span bytes, archive_member *each, void *context,
			  struct archive_figures *figures, struct why *why);
