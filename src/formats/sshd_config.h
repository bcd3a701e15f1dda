/*
 * sshd_config.h - sshd_config(5): a keyword and its arguments a line.
 *
 * The iterator borrows from the file. Which value wins, includes and Match blocks are the
 * caller's business; names of keywords are not checked.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* A line longer than this counts as malformed. */
#define SSHD_CONFIG_LINE_MAX 8192

struct sshd_config_entry {
	struct span keyword;   /* as written; its case does not count */
	struct span arguments; /* as written, for sshd_config_next_word() */
};

struct sshd_config_iterator {
	struct reader rest;
	size_t malformed; /* lines that were skipped: a keyword without arguments, or too long */
};

struct sshd_config_iterator sshd_config_over(struct span file);

/* The next keyword; false at the end. */
bool sshd_config_next(struct sshd_config_iterator *it, struct sshd_config_entry *out);

/* Appends the next argument without its quotes and escapes. ERR_NOT_FOUND at the end or where a
 * comment begins; ERR_MALFORMED for an open quote, ERR_FULL where it does not fit; nothing is then
 * appended. */
MUST_USE int sshd_config_next_word(struct reader *arguments, struct writer *w);

/* Appends all arguments, a blank between two. As sshd_config_next_word, but never ERR_NOT_FOUND. */
MUST_USE int sshd_config_write(struct span arguments, struct writer *w);
