/*
 * events.h - what happened, as the view tells it, written as the API's Event.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "server/api/emit.h"
#include "server/inventory/view.h"

/* Spans are valid during the callback. */
struct event {
	int64_t no;
	int64_t at_ms;
	int64_t received_ms;
	struct span asset;
	struct span asset_name;
	struct span kind;
	struct span row; /* a JSON object */
};

struct events_range {
	const char *asset; /* NULL: every asset */
	const char *kind;  /* NULL: every kind */
	int64_t after;     /* only newer numbers */
	int64_t before;    /* only older ones; 0: no bound */
	int64_t since_ms;  /* by the sensors' clocks; INT64_MIN: no bound */
	int64_t until_ms;  /* before this moment; INT64_MAX: no bound */
	bool is_newest_first;
	int64_t timeout_ms;
};

/* Everything. */
struct events_range events_range_all(void);

/* Returns false to stop. */
typedef bool events_each(void *context, const struct event *event);

MUST_USE int events_read(struct view *view, const struct events_range *range, events_each *each,
			 void *context, struct why *why);

/* The number of the newest event; 0 where there is none, or it cannot be read. */
int64_t events_newest(struct view *view);

/* The Event of openapi.yaml. */
void event_write(struct emit *j, const struct event *event);
