/*
 * live_parts.h - what live.c and live_events.c share; nobody else includes this.
 */
#pragma once

#include "server/api/call.h"
#include "server/api/live.h"
#include "server/inventory/view.h"

/* Bounds of one read. */
#define READ_TIMEOUT_MS 2000

/* A place in the history: behind row `index` of change `no`. */
struct cursor {
	int64_t no;
	int64_t index;
};

struct stream {
	struct tenant_live *tenant;
	struct call *call;
	struct live_filter filter;
	bool is_behind; /* not at the tenant's cursor, but at its own: */
	struct cursor cursor;
	bool wants_all;        /* began in the past: it gets everything, however late */
	bool is_events_behind; /* the same for events: not at the tenant's event, but at its own: */
	bool wants_all_events;
	int64_t event_no;
	bool owes_sensors;   /* a `sensors` event had no room */
	bool owes_knowledge; /* the same of `knowledge` */
	struct stream *next;
	struct stream *previous;
};

struct tenant_live {
	struct live *live;
	char name[TENANT_NAME_SIZE];
	struct view *view; /* NULL: closed */
	int64_t used_ms;
	struct stream *streams;
	unsigned stream_count;
	struct cursor cursor;
	int64_t newest_no; /* as the bus says */
	int64_t event_no;  /* the last event that was handed to its live streams */
	int64_t newest_event_no;
	int64_t tokens;    /* rows that may still be read now */
	int64_t tokens_ms; /* when they were last filled up */
	struct loop_timer *more_timer;
	struct loop_timer *events_timer;
	struct loop_timer *sensors_timer;
	bool are_sensors_due;
	struct counting *counted; /* NULL until asked for */
	struct loop_timer *count_timer;
	struct tenant_live *next;
};

struct live {
	struct api *api;
	struct tenant_live *tenants;
	unsigned stream_count;
	struct loop_timer *comment_timer;
	struct buffer event; /* one event, written once for all */
};

/* Opens the tenant's view where it is not open. */
MUST_USE int live_open_view(struct tenant_live *t, struct why *why);

/* --- live_events.c --- */

/* A timer's callback, with a struct tenant_live: hands what happened to those who want it. */
void live_events_feed(void *context);

/* New events were committed, up to this number. */
void live_events_committed(struct tenant_live *t, int64_t event_no);

/* The first stream of a tenant that wants events: they begin now. */
void live_events_begin(struct tenant_live *t);
