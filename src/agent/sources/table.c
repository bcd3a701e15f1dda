/* table.c - every event source; of those that tell of the same, the better one first. */
#include "agent/sources/table.h"

const struct event_source *const event_sources[] = {
	&event_source_exec_tracepoint,
	&event_source_exec_connector,
	NULL,
};
