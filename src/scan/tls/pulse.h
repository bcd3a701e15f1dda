/*
 * pulse.h - a population of servers: how many have which grade, protocol, key, ..., now and over
 * time.
 *
 * Counts only, no names of servers; each run is one line of JSON in a history file, so that
 * trends can be told later. Pure but for the two functions of the file.
 */
#pragma once

#include "base/attr.h"
#include "scan/tls/grade.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* All counters together, and runs of one history. */
#define TLS_PULSE_COUNTERS    128
#define TLS_PULSE_HISTORY_MAX 10000

struct tls_pulse {
	int64_t time_s; /* of the run */
	uint64_t counts[TLS_PULSE_COUNTERS];
};

/* Counts one server that was assessed, or could not be. */
void tls_pulse_add(struct tls_pulse *pulse, const struct tls_result *result,
		   const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES],
		   const struct tls_grade *grade);

/* The counter of a group: "grade" and "A+", "protocol" and "TLSv1.3", "post_quantum" and "yes";
 * 0 where there is no such counter. */
uint64_t tls_pulse_count(const struct tls_pulse *pulse, const char *group, const char *name);

/* One line: {"time":N,"servers":N,"graded":N,"grade":{"A+":N,...},...}, and a line feed. ERR_FULL.
 */
MUST_USE int tls_pulse_write_json(const struct tls_pulse *pulse, struct buffer *out);

/* Back from a line; counters that are not known are passed over. ERR_MALFORMED. */
MUST_USE int tls_pulse_parse(struct span line, struct tls_pulse *out);

/* For people: counts and shares, and beside them the change of the share since an earlier run, or
 * none where it is NULL. ERR_FULL. */
MUST_USE int tls_pulse_write_text(const struct tls_pulse *pulse, const struct tls_pulse *earlier,
				  struct buffer *out);

/* For people: a line for each run, with its shares of what matters most. ERR_FULL. */
MUST_USE int tls_pulse_write_trend(const struct tls_pulse *runs, size_t count, struct buffer *out);

struct tls_pulse_history {
	struct tls_pulse *runs; /* oldest first */
	size_t count;
	size_t skipped; /* lines that were no runs */
};

/* A file that is not there is an empty history. ERR_IO, ERR_LIMIT. */
MUST_USE int tls_pulse_history_read(const char *path, struct tls_pulse_history *out,
				    struct why *why);
void tls_pulse_history_done(struct tls_pulse_history *history);

/* Adds a line at the end; makes the file where it is not there. ERR_IO. */
MUST_USE int tls_pulse_history_append(const char *path, const struct tls_pulse *pulse,
				      struct why *why);
