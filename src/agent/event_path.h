/*
 * event_path.h - the collector's events from end to end: sources, sink, ring, sender.
 *
 * Opened before the sandbox. What cannot be opened costs only itself.
 */
#pragma once

#include "sensor/event_sender.h"
#include "agent/machine.h"
#include "agent/source_set.h"
#include "sensor/state.h"
#include "sys/loop.h"

struct event_path {
	struct ring *ring;
	struct event_sink *sink;
	struct event_sender sender;
	struct source_set *sources; /* NULL where none are looked at */
	const struct policy *policy;
	struct health *health;
	uint64_t ring_bytes;
	bool is_forgetful; /* there should be a file, and there is none */
};

/* state: NULL: in memory only. has_sources: watch, not only send what is left from before. */
void event_path_open(struct event_path *path, const struct state *state, struct machine *machine,
		     struct loop *loop, bool has_sources);
void event_path_close(struct event_path *path);

/* The policy, which is read where it is, has changed. */
void event_path_apply_policy(struct event_path *path);

/* What is due. Returns when it is to be called again; INT64_MAX for never. */
int64_t event_path_turn(struct event_path *path, int64_t now_ms);
