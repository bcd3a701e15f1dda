/*
 * log_journal.h - the log as systemd's journal: its files in one folder, those of users too.
 *
 * Only what root wrote is believed, or one of the programs that run as their caller (sudo, su, ...)
 * from where only root can put them: whoever may log could else make up logins.
 */
#pragma once

#include "agent/sources/log_events.h"
#include "agent/sources/log_watch.h"
#include "base/reader.h"
#include "base/writer.h"

/* Files that are followed at a time, and of how many of them a position is kept. */
#define LOG_JOURNAL_FILES 16
#define LOG_JOURNAL_KEPT  7

/* Bytes of a position at the most. */
#define LOG_JOURNAL_POSITION (8 + 16 * LOG_JOURNAL_KEPT)

struct log_journal;

/* The journal of this machine below a root. position: as log_journal_write wrote it, or NULL: from
 * the end on. NULL where there is none. */
struct log_journal *log_journal_open(const char *root, struct reader *position);
void log_journal_close(struct log_journal **journal);
void log_journal_write(const struct log_journal *journal, struct writer *w);

/* What is new, a bounded part of it; true where there is more. */
bool log_journal_read(struct log_journal *journal, struct log_events *events);

/* Watches the files as they are now. */
void log_journal_watch(struct log_journal *journal, struct log_watch *watch);

/* Passes over what is there. */
void log_journal_skip(struct log_journal *journal);
