/*
 * source.h - what an event source is: one file that watches one stream of what happens.
 *
 * open runs before the sandbox, with the privileges of the start: it opens whatever needs them and
 * registers with the loop. Afterwards the process can open files for reading, and no socket.
 */
#pragma once

#include "sensor/event_sink.h"
#include "agent/machine.h"
#include "base/attr.h"
#include "sys/loop.h"
#include "sys/why.h"

struct source_host {
	struct loop *loop;
	struct machine *machine;
	struct event_sink *sink;
	uint32_t events; /* bits 1 << EVENT_*: all that the one that is opened is to put */
};

struct event_source {
	const char *name;
	const char *summary;
	unsigned slot;   /* for event_sink_position: below EVENT_SOURCES_MAX, its own for ever */
	uint32_t events; /* bits 1 << EVENT_* of what it can put; host->events are those of them
			    that no source before it puts, so that nothing is told twice */

	/* *out_state is given to the others. ERR_UNSUPPORTED with a reason where this machine or
	 * this process may not: another source of the same events, or none, is taken. */
	MUST_USE int (*open)(const struct source_host *host, void **out_state, struct why *why);

	/* The policy wants it on or off; as often as it changes, first after open (off until then).
	 */
	void (*enable)(void *state, bool is_on);
	void (*close)(void **state);
};

/* The better way before the fallback of the same events; ended by NULL. */
extern const struct event_source *const event_sources[];
