/*
 * mountinfo.h - /proc/PID/mountinfo (proc_pid_mountinfo(5)): one mount a line.
 *
 * Everything borrows from the file and is as the kernel writes it: blanks and
 * backslashes as octal escapes, which mountinfo_write() undoes.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

struct mountinfo_entry {
	uint32_t id;
	uint32_t parent;
	uint32_t major;
	uint32_t minor;
	struct span root;
	struct span target;
	struct span options; /* of the mount */
	struct span type;
	struct span source;
	struct span super_options; /* of the file system */
};

struct mountinfo_iterator {
	struct reader rest;
	size_t malformed;
};

struct mountinfo_iterator mountinfo_over(struct span file);

/* The next mount; false at the end. */
bool mountinfo_next(struct mountinfo_iterator *it, struct mountinfo_entry *out);

/* Appends a field with \040 and its like undone. */
void mountinfo_write(struct span raw, struct writer *w);

/* Appends the options of mount and file system as findmnt(8) merges them: one
 * ro or rw first. */
void mountinfo_write_options(const struct mountinfo_entry *entry, struct writer *w);

/* True where the mount or its file system is read-only. */
bool mountinfo_is_read_only(const struct mountinfo_entry *entry);

/* True where a comma-separated list holds this option. */
bool mountinfo_has_option(struct span options, const char *option);
