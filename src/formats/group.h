/*
 * group.h - group(5): one group a line, four fields between colons.
 *
 * Everything borrows from the file. The password field is never handed out.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* A line longer than this counts as malformed. */
#define GROUP_LINE_MAX (256 * 1024)

struct group_entry {
	struct span name;
	uint32_t gid;
	struct span members; /* as written; walk it with group_members_next() */
};

struct group_iterator {
	struct reader rest;
	size_t nis;       /* lines that were skipped: + and - of NIS */
	size_t malformed; /* lines that were skipped: fields or numbers are wrong */
};

struct group_iterator group_over(struct span file);

/* The next group; false at the end. Blank lines and comments are passed over. */
bool group_next(struct group_iterator *it, struct group_entry *out);

/* The next member's name, never empty, from a reader over members; false at the end. */
bool group_members_next(struct reader *members, struct span *name);
