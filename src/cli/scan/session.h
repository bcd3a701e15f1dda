/*
 * session.h - one scan in the foreground, from its first probe to its end or to Ctrl-C.
 */
#pragma once

#include "cli/scan/request.h"
#include "scan/discovery/discovery.h"
#include "scan/follow/follow_up.h"
#include "scan/journal.h"

struct session_options {
	const char *resume;        /* file to go on with and to keep; NULL: none until Ctrl-C */
	bool is_quiet;             /* no progress */
	struct services *services; /* where what is identified goes; NULL: nothing is */
	struct follow_up_options follow_up;
	int64_t identify_ms; /* after discovery's end, what is under way then not counted */
};

struct session_outcome {
	struct discovery_report report;
	struct follow_up_counts identified; /* by this run; zeros where nothing is */
	char kept[4096];                    /* the file to go on with; "" where all is done */
};

/* Open ports that were not asked what they are: interrupted, or out of time. */
uint64_t session_left(const struct session_outcome *outcome);

/* plan's cookie key and positions are filled in: new ones, or the file's. ERR_DENIED: raw packets
 * are not allowed here. */
MUST_USE int session_run(const struct session_options *options, struct discovery_plan *plan,
			 const char *plan_text, struct results *results,
			 struct session_outcome *out, struct why *why);
