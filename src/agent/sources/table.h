/*
 * table.h - every source, and the places where they remember where they were.
 */
#pragma once

#include "agent/sources/source.h"

/* For ever: below EVENT_SOURCES_MAX. */
enum { SLOT_EXECUTIONS = 0, SLOT_LOG = 1, SLOT_LOGINS = 2, SLOT_CONNECTOR = 3 };

extern const struct event_source event_source_exec_tracepoint;
extern const struct event_source event_source_exec_connector;
extern const struct event_source event_source_log_follow;
extern const struct event_source event_source_login_records;
