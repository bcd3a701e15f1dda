/*
 * os_release.h - os-release(5): NAME=value lines quoted as a shell would.
 *
 * The iterator borrows from the file and gives values as they are written;
 * os_release_write() undoes quotes and escapes. No variable is ever expanded.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* A line longer than this counts as malformed. */
#define OS_RELEASE_LINE_MAX 4096

struct os_release_entry {
	struct span name; /* PRETTY_NAME */
	struct span raw;  /* with its quotes and escapes */
};

struct os_release_iterator {
	struct reader rest;
	size_t malformed; /* lines that were skipped: no assignment, or badly quoted */
};

struct os_release_iterator os_release_over(struct span file);

/* The next assignment; false at the end. Comments and blank lines are passed over. */
bool os_release_next(struct os_release_iterator *it, struct os_release_entry *out);

/* Appends a raw value without its quotes and escapes. ERR_MALFORMED for a quote
 * that is not closed, ERR_FULL where it does not fit; nothing is then appended. */
MUST_USE int os_release_write(struct span raw, struct writer *w);

/* Appends the value of a name; its last assignment counts. ERR_NOT_FOUND, or as above. */
MUST_USE int os_release_find(struct span file, const char *name, struct writer *w);
