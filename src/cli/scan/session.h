/*
 * session.h - one scan in the foreground, from its first probe to its end or to Ctrl-C.
 */
#pragma once

#include "cli/scan/request.h"
#include "scan/discovery.h"
#include "scan/journal.h"

struct session_options {
	const char *resume; /* file to go on with and to keep; NULL: none until Ctrl-C */
	bool is_quiet;      /* no progress */
};

struct session_outcome {
	struct discovery_report report;
	char kept[4096]; /* the file to go on with; "" where the scan is complete */
};

/* plan's cookie key and positions are filled in: new ones, or the file's. ERR_DENIED: raw packets
 * are not allowed here. */
MUST_USE int session_run(const struct session_options *options, struct discovery_plan *plan,
			 const char *plan_text, struct results *results,
			 struct session_outcome *out, struct why *why);
