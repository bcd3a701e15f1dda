/*
 * fake_sink.h - an event_sink in memory, for tests of sources.
 */
#pragma once

#include "sensor/event_sink.h"

struct event_sink *fake_sink_new(void);
void fake_sink_free(struct event_sink **sink);

/* All kinds are wanted until this one is not. */
void fake_sink_refuse(struct event_sink *sink, uint16_t event);

size_t fake_sink_count(const struct event_sink *sink);

/* One that was put: its row, borrowed from the sink, and its time. */
void fake_sink_row(const struct event_sink *sink, size_t index, struct row *out,
		   int64_t *out_at_ms);
void fake_sink_clear(struct event_sink *sink);

/* Of a text, integer or boolean column as text; "-" for null; a list's items between bars. Static,
 * until the next but three. */
const char *fake_sink_text(const struct row *row, unsigned column);

/* What was told as lost: how often, of how many in all, and why the last time. */
unsigned fake_sink_losses(const struct event_sink *sink, uint64_t *out_count,
			  const char **out_reason);
