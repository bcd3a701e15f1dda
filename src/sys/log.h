/*
 * log.h - one line of key=value on stderr, once, where a decision is taken.
 *
 * 2026-11-21T12:00:00.000Z warn ingest "sensor refused" tenant=default reason="..."
 * Foreign strings are escaped here; no secrets, no payloads.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* A field of a line: made by the functions below, ended by LOG_END. */
struct log_field {
	const char *key;
	enum { LOG_FIELD_END, LOG_FIELD_TEXT, LOG_FIELD_SPAN, LOG_FIELD_NUMBER } kind;
	const char *text;
	struct span span;
	int64_t number;
};

struct log_field log_text(const char *key, const char *value);
struct log_field log_span(const char *key, struct span value);
struct log_field log_number(const char *key, int64_t value);
#define LOG_END ((struct log_field){ .kind = LOG_FIELD_END })

/* The role's name in each line ("agent", "ingest"), and the least level shown. Call once. */
void log_open(const char *role, enum log_level least);

void log_line(enum log_level level, const char *what, const struct log_field *fields);

#define LOG_WITH(level, what, ...)                                                                 \
	log_line(level, what, (const struct log_field[]){ __VA_ARGS__, LOG_END })
#define log_debug(...) LOG_WITH(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  LOG_WITH(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  LOG_WITH(LOG_WARN, __VA_ARGS__)
#define log_error(...) LOG_WITH(LOG_ERROR, __VA_ARGS__)

/* For lines that a stranger can trigger: at most burst lines, refilled at one a second;
 * returns true where the line may be written, and how many were held back before it. */
struct log_limit {
	int64_t last_ms;
	unsigned tokens;
	unsigned held_back;
};
bool log_allowed(struct log_limit *limit, unsigned burst, unsigned *held_back);
