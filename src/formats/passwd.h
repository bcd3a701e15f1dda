/*
 * passwd.h - passwd(5): one account a line, seven fields between colons.
 *
 * Everything borrows from the file. The password field is never handed out.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* A line longer than this counts as malformed. */
#define PASSWD_LINE_MAX 4096

struct passwd_entry {
	struct span name;
	uint32_t uid;
	uint32_t gid;
	struct span full_name; /* GECOS up to its first comma */
	struct span home;
	struct span shell;
};

struct passwd_iterator {
	struct reader rest;
	size_t nis;       /* lines that were skipped: + and - of NIS */
	size_t malformed; /* lines that were skipped: fields or numbers are wrong */
};

struct passwd_iterator passwd_over(struct span file);

/* The next account; false at the end. Blank lines and comments are passed over. */
bool passwd_next(struct passwd_iterator *it, struct passwd_entry *out);
