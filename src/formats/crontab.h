/*
 * crontab.h - crontab(5), of a user (five fields, command) and of the system
 * (/etc/crontab, /etc/cron.d: a user between them).
 *
 * The iterator borrows from the file. Fields' characters are checked, their
 * ranges and names are not.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* A line longer than this counts as malformed (cron's own limits are about 1000). */
#define CRONTAB_LINE_MAX 8192

enum crontab_kind {
	CRONTAB_USER,   /* no user column */
	CRONTAB_SYSTEM, /* a user column */
};

enum crontab_entry_type {
	CRONTAB_JOB,
	CRONTAB_VARIABLE,
};

struct crontab_entry {
	enum crontab_entry_type type;
	struct span schedule; /* five fields as written, or @daily */
	struct span user;     /* empty in a user's crontab */
	struct span command;  /* as written, with % and \%; for crontab_write_command() */
	struct span name;     /* of a variable */
	struct span value;    /* of a variable, without its quotes */
};

struct crontab_iterator {
	struct reader rest;
	enum crontab_kind kind;
	size_t malformed; /* lines that were skipped: cron would refuse them */
};

struct crontab_iterator crontab_over(struct span file, enum crontab_kind kind);

/* The next job or variable; false at the end. */
bool crontab_next(struct crontab_iterator *it, struct crontab_entry *out);

/* Appends a schedule with one space between fields. */
void crontab_write_schedule(struct span schedule, struct writer *w);

/* Appends what runs: up to the first % that no backslash precedes (the rest is the
 * command's input), and \% as %. */
void crontab_write_command(struct span command, struct writer *w);
