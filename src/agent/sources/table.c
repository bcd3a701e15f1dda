/*
 * table.c - every event source; of those that tell of the same, the better one first.
 *
 * One that is open is the only one for its events: where the log can be followed, wtmp and btmp are
 * not read, so that no login is told twice.
 */
#include "agent/sources/table.h"

const struct event_source *const event_sources[] = {
	&event_source_exec_tracepoint,
	&event_source_exec_connector,
	&event_source_log_follow,
	&event_source_login_records,
	NULL,
};
