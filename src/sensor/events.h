/*
 * events.h - the owner's side of the event sink (event_sink.h): the ring behind it, and time.
 *
 * What was put is written soon, not at once: a burst is one write. A loss becomes an event `gaps`
 * when a second has gone by without anything in front of it being known better.
 */
#pragma once

#include "sensor/event_sink.h"
#include "sensor/ring.h"
#include "base/attr.h"
#include "wire/policy.h"

/* What was put is in memory only for at most so long; positions and acknowledgements, which are
 * only doubled where they are lost, for longer. */
#define EVENTS_WRITE_MS 100
#define EVENTS_TIDY_MS  2000
#define EVENTS_GAP_MS   1000

/* A disk that takes nothing is asked again so often. */
#define EVENTS_RETRY_MS 1000

/* Events a minute where the policy does not say. */
#define EVENTS_PER_MINUTE      6000
#define EVENTS_PER_MINUTE_MANY 60000 /* executions, file changes */

/* ring and policy must outlive the sink; the policy may change at any time. */
struct event_sink *event_sink_new(struct ring *ring, const struct policy *policy);
void event_sink_free(struct event_sink **sink);

/* Gaps and writes that are due. Returns when it is to be called again; INT64_MAX for never. */
int64_t event_sink_turn(struct event_sink *sink, int64_t now_ms);

/* Writes what was put now, for whoever is about to send it. */
void event_sink_write(struct event_sink *sink, int64_t now_ms);

/* Why events are kept in memory only at the moment; 0 where they are not. */
int event_sink_error(const struct event_sink *sink);

/* Losses that wait become events now. */
void event_sink_tell_gaps(struct event_sink *sink);

/* Shows each event to somebody else too, as it is put. */
typedef void event_tap(void *context, int64_t at_ms, const struct row *row);
void event_sink_tap(struct event_sink *sink, event_tap *tap, void *context);
