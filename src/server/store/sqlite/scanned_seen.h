/*
 * scanned_seen.h - when scans saw an asset that no agent watches, and since when they do not.
 *
 * No row says so while nothing changes: an asset that is there was seen by the end of the latest
 * complete run of its scope, as the scanners' rows tell it.
 */
#pragma once

#include "server/store/sqlite/snapshot.h"

/* Ends of runs, read once; good within one snapshot. */
struct scanned_run {
	char *scope;
	int64_t finished_s;
};

/* Zero it before the first use. */
struct scanned_seen {
	sqlite3_stmt *join;
	bool are_runs_known;
	struct scanned_run *runs;
	size_t run_count;
};
void scanned_seen_done(struct scanned_seen *seen);

struct seen {
	bool is_known; /* it has a place: it is somebody's asset */
	int64_t last_ms;
	int64_t gone_ms; /* 0: something answers there */
};
MUST_USE int scanned_seen_of(struct scanned_seen *seen, struct snapshot *s, uint32_t asset,
			     struct seen *out);
