/*
 * shadow.h - shadow(5): how an account's password stands, nine fields between colons.
 *
 * Of the password itself only is told what is said about it: no byte of a hash or a salt is
 * in what is handed out. Names borrow from the file.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* A line longer than this counts as malformed. */
#define SHADOW_LINE_MAX 4096

/* A number that the line leaves empty. */
#define SHADOW_NONE (-1)

struct shadow_entry {
	struct span name;
	bool is_locked;    /* no password opens the account: the field begins with ! or * */
	bool has_password; /* there is a hash, perhaps behind a ! */
	const char
		*algorithm;  /* "yescrypt", "sha512", ..., "unknown"; NULL without a hash. Static */
	int64_t last_change; /* days since 1970-01-01; 0: to be changed at the next login */
	int64_t min_days;
	int64_t max_days;
	int64_t warn_days;
	int64_t inactive_days;
	int64_t expires; /* days since 1970-01-01 */
};

struct shadow_iterator {
	struct reader rest;
	size_t malformed; /* lines that were skipped: fields or numbers are wrong, or NIS */
};

struct shadow_iterator shadow_over(struct span file);

/* The next account; false at the end. Blank lines are passed over. */
bool shadow_next(struct shadow_iterator *it, struct shadow_entry *out);
