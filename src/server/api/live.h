/*
 * live.h - each tenant's resident view, its changes a minute, and its live streams.
 *
 * A commit wakes the tenant's streams; what it changed is read once, written as JSON once, and put
 * into the queue of every stream that wants it. Queues are bounded: a reader that is too slow is
 * told so (`gap`) and goes on from the newest change.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

#define LIVE_STREAMS_MAX 1000

/* Bytes that wait for one reader. */
#define LIVE_QUEUE_MAX (256u << 10)

#define LIVE_RATE_MINUTES 1440

struct api;
struct call;
struct live;
struct tenant_live;
struct view;

struct live *live_new(struct api *api);
void live_free(struct live **live);

/* A tenant's view, opened where it is not yet. Valid until the loop's next turn. */
MUST_USE int live_view(struct live *live, const char *tenant, struct view **out, struct why *why);

/* What the bus says. */
void live_committed(struct live *live, struct span tenant, uint64_t change_no, uint64_t event_no);
void live_sensors(struct live *live, struct span tenant);

/* The feeds say something else: scores, probabilities, exploitation may differ where no finding
 * does. */
void live_knowledge(struct live *live);

/* The engine came back: what it committed meanwhile is looked up. */
void live_refresh(struct live *live);

/* Changes in each of the last minutes, oldest first, the running one last; out has count elements,
 * count at most LIVE_RATE_MINUTES. out_start_ms: when the first minute began. */
MUST_USE int live_rates(struct live *live, const char *tenant, unsigned count, uint32_t *out,
			int64_t *out_start_ms, struct why *why);

struct live_filter {
	char asset[17]; /* id; "" for every asset */
	char table[64]; /* "" for every table */
	bool is_without_changes;
	char events[64]; /* a kind, or "all"; "" for no events */
};

/* What a reader has already; -1: it wants what comes next. */
struct live_start {
	int64_t after_no; /* and of this change, the row: */
	int64_t after_index;
	int64_t after_event;
};

/* Answers the call with a stream. */
void live_stream(struct live *live, struct call *call, const struct live_filter *filter,
		 const struct live_start *start);

/* Streams that are open. */
unsigned live_streams(const struct live *live);
