/*
 * source_set.h - the event sources that could be opened on this machine.
 *
 * The table's order decides: a source is opened where it can put an event that no source before it
 * does, and is told to put those alone. What can be seen and what cannot, and why, health says, by
 * the events' names.
 */
#pragma once

#include "agent/health.h"
#include "agent/sources/source.h"
#include "wire/policy.h"

struct source_set;

/* Opens what can be opened, all off; sources: as event_sources, borrowed. */
struct source_set *source_set_open(const struct event_source *const *sources,
				   const struct source_host *host);
void source_set_close(struct source_set **set);

/* Turns sources on and off as the policy has it, and tells health. */
void source_set_apply(struct source_set *set, const struct policy *policy, struct health *health);

/* The source that puts this event, or NULL and why none does. */
const struct event_source *source_set_of(const struct source_set *set, uint16_t event,
					 const char **out_reason);
