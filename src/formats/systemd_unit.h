/*
 * systemd_unit.h - unit files (systemd.syntax(7)): [Section], Key=value.
 *
 * The iterator borrows from the file and gives values as they are written,
 * with continuation lines; systemd_unit_write() joins them. Order of drop-ins,
 * and that an empty value clears a list, are the caller's business.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* The longest line, continuation lines included (LONG_LINE_MAX of systemd). */
#define SYSTEMD_UNIT_LINE_MAX (1024 * 1024)

struct systemd_unit_entry {
	struct span section; /* empty before the first one */
	struct span key;
	struct span raw; /* for systemd_unit_write() */
};

struct systemd_unit_iterator {
	struct reader rest;
	struct span section;
	size_t malformed; /* lines that were skipped: neither section, assignment nor comment */
};

struct systemd_unit_iterator systemd_unit_over(struct span file);

/* The next assignment; false at the end. */
bool systemd_unit_next(struct systemd_unit_iterator *it, struct systemd_unit_entry *out);

/* Appends a raw value: continuation lines joined by a space each, comments among them left out,
 * no blanks at the ends. ERR_FULL where it does not fit; nothing is then appended. */
MUST_USE int systemd_unit_write(struct span raw, struct writer *w);

/* A joined ExecStart= and its like without the prefix characters @ - : + ! |. */
struct span systemd_unit_exec(struct span value);

/* Appends the next word of a joined value, without its quotes and with its C escapes undone.
 * ERR_NOT_FOUND at the end; ERR_MALFORMED for an open quote or a bad escape, ERR_FULL where
 * it does not fit; nothing is then appended. */
MUST_USE int systemd_unit_next_word(struct reader *value, struct writer *w);
