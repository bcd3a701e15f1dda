/*
 * event_sink.h - where what happened goes: numbered, kept in the disk ring until the server has it.
 *
 * Sources (agent/sources) put events in; the sink applies the policy's switches and rates, encodes,
 * numbers and keeps them. Nothing here fails: what cannot be kept is counted and told as one event
 * `gaps` with a count and a reason.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "wire/row.h"

struct event_sink;

/* False where the policy has this kind off: a source need not look then. */
bool event_sink_wants(const struct event_sink *sink, uint16_t event);

/* One event of the row's kind (its table is of schema_events), which happened at at_ms, wall clock.
 */
void event_sink_put(struct event_sink *sink, int64_t at_ms, const struct row *row);

/* count events were lost before they came here; 0: nobody knows how many. reason: as GAPS_REASON,
 * borrowed for ever. Losses for the same reason within a second become one gap. */
void event_sink_lost(struct event_sink *sink, const char *reason, uint64_t count);

/* A source's own place to remember where it was (a file's inode and offset, a journal's cursor): it
 * is written with the events that were put, so that after a crash both are of the same moment.
 * Empty where nothing was kept. */
#define EVENT_SOURCES_MAX   8
#define EVENT_POSITION_SIZE 128
struct span event_sink_position(const struct event_sink *sink, unsigned source);
void event_sink_keep_position(struct event_sink *sink, unsigned source, struct span position);
