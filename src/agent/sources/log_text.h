/*
 * log_text.h - the log as files of lines: auth.log or secure for who came and what they did, syslog
 * or messages for services, and for all where there is no other.
 *
 * Whoever may write to the syslog daemon can forge lines; a journal is preferred also because it
 * knows who wrote.
 */
#pragma once

#include "agent/sources/file_tail.h"
#include "agent/sources/log_events.h"
#include "agent/sources/log_watch.h"

#define LOG_TEXT_FILES 2

/* A longer line is passed over. */
#define LOG_TEXT_LINE_MAX 16384

struct log_text_file {
	struct file_tail tail;
	unsigned kinds; /* LOG_KIND() bits that are taken from it; 0: not in use */
	uint64_t watched;
};

struct log_text {
	struct log_text_file files[LOG_TEXT_FILES];
};

/* position: as log_text_write wrote it; NULL: from the end on. False where there is no log. */
MUST_USE bool log_text_open(struct log_text *log, const char *folder, struct reader *position);
void log_text_close(struct log_text *log);
void log_text_write(const struct log_text *log, struct writer *w);

/* What is new, a bounded part of it; true where there is more. */
bool log_text_read(struct log_text *log, struct log_events *events);

/* Watches the files as they are now. */
void log_text_watch(struct log_text *log, struct log_watch *watch);

/* Passes over what is there. */
void log_text_skip(struct log_text *log);
