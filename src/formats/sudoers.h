/*
 * sudoers.h - sudoers(5): who may run what, as whom, where.
 *
 * The iterator gives lines by their kind; a rule is then cut into what each of its parts grants.
 * Aliases are left as they are written. Everything borrows from the file, so that spans of
 * continued lines hold backslashes and line ends: sudoers_write() takes them out.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* A line with its continuations longer than this counts as malformed. */
#define SUDOERS_LINE_MAX 65536

enum sudoers_kind {
	SUDOERS_RULE,
	SUDOERS_INCLUDE,        /* #include, @include */
	SUDOERS_INCLUDE_FOLDER, /* #includedir, @includedir */
	SUDOERS_DEFAULTS,
	SUDOERS_ALIAS,
};

struct sudoers_entry {
	enum sudoers_kind kind;
	struct span users; /* of a rule: before the hosts */
	struct span rest; /* of a rule: "ALL = (ALL) ALL", for sudoers_grants_over(); of an include:
			   * the path; else what follows the first word */
};

struct sudoers_iterator {
	struct reader rest;
	size_t malformed; /* lines that were skipped */
};

struct sudoers_iterator sudoers_over(struct span file);

/* The next line that says something; false at the end. */
bool sudoers_next(struct sudoers_iterator *it, struct sudoers_entry *out);

/* Tags and options of one grant: one of a kind, of which there are fewer. */
#define SUDOERS_TAGS_MAX 20

/* Commands of one rule with the same hosts, the same users to run as, and the same tags. */
struct sudoers_grant {
	struct span hosts;
	struct span runas;                  /* within the brackets; empty where not said: root */
	struct span commands;               /* "/bin/a, /bin/b x" */
	struct span tags[SUDOERS_TAGS_MAX]; /* "NOPASSWD:", "CWD=/": all that hold */
	size_t tag_count;
};

struct sudoers_grants {
	struct reader rest;
	struct sudoers_grant last; /* runas and tags hold for the commands that follow */
	bool is_malformed;
};

struct sudoers_grants sudoers_grants_over(struct span rest);

/* The next grant; false at the end. */
bool sudoers_grants_next(struct sudoers_grants *it, struct sudoers_grant *out);

/* Appends a grant's tags, a blank between. */
void sudoers_write_tags(const struct sudoers_grant *grant, struct writer *w);

/* Appends a part of a line: continuations and runs of blanks become one blank. */
void sudoers_write(struct span part, struct writer *w);
