/*
 * syslog.h - lines of log files as syslog daemons write them: the traditional form (RFC 3164), the
 * same with an ISO 8601 time (Debian 12, SUSE), and RFC 5424; each with or without <priority>.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "formats/civil.h"

struct syslog_line {
	struct civil when; /* year 0 where the line says none */
	unsigned millisecond;
	bool has_offset;        /* else in the machine's own zone */
	int32_t offset_seconds; /* east of Greenwich */
	struct span host;
	struct span program;
	uint32_t pid; /* 0 where none is said */
	struct span message;
};

/* Borrowed from the line. ERR_MALFORMED. */
MUST_USE int syslog_parse(struct span line, struct syslog_line *out);
