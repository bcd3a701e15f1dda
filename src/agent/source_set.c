/* source_set.c - one pass over the table. */
#include "agent/source_set.h"

#include <stdlib.h>

#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/log.h"

struct opened {
	const struct event_source *source;
	void *state;
	uint32_t events; /* that it puts here: the others are told by one before it */
	bool is_on;
};

struct source_set {
	struct opened opened[EVENT_SOURCES_MAX];
	size_t count;
	const struct event_source *by_event[SCHEMA_EVENTS_MAX];
	char *reasons[SCHEMA_EVENTS_MAX]; /* of the best way, where there is none */
};

static void note_failure(struct source_set *set, const struct event_source *source,
			 const char *reason)
{
	log_debug("event source cannot be used", log_text("source", source->name),
		  log_text("reason", reason));
	for (unsigned i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		if ((source->events & 1u << i) != 0 && set->reasons[i] == NULL) {
			set->reasons[i] = alloc_text(reason);
		}
	}
}

/* The bits of what it can put and nobody else does. */
static uint32_t needed(const struct source_set *set, const struct event_source *source)
{
	uint32_t events = 0;

	for (unsigned i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		events |= set->by_event[i] == NULL ? source->events & 1u << i : 0;
	}
	return events;
}

static void open_one(struct source_set *set, const struct event_source *source,
		     const struct source_host *host)
{
	struct source_host own = *host;
	struct why why = { .text = "" };
	void *state = NULL;

	own.events = needed(set, source);
	if (source->open(&own, &state, &why) != 0) {
		note_failure(set, source, why.text);
		return;
	}
	set->opened[set->count++] =
		(struct opened){ .source = source, .state = state, .events = own.events };
	for (unsigned i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		if ((own.events & 1u << i) != 0) {
			set->by_event[i] = source;
		}
	}
}

struct source_set *source_set_open(const struct event_source *const *sources,
				   const struct source_host *host)
{
	struct source_set *set = alloc_zeroed(1, sizeof *set);

	for (; *sources != NULL && set->count < EVENT_SOURCES_MAX; sources++) {
		if (needed(set, *sources) != 0) {
			open_one(set, *sources, host);
		}
	}
	return set;
}

void source_set_close(struct source_set **set)
{
	if (*set == NULL) {
		return;
	}
	for (size_t i = 0; i < (*set)->count; i++) {
		(*set)->opened[i].source->close(&(*set)->opened[i].state);
	}
	for (size_t i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		free((*set)->reasons[i]);
	}
	free(*set);
	*set = NULL;
}

const struct event_source *source_set_of(const struct source_set *set, uint16_t event,
					 const char **out_reason)
{
	*out_reason = set->by_event[event] != NULL  ? NULL
		      : set->reasons[event] != NULL ? set->reasons[event]
						    : "no source of it here";
	return set->by_event[event];
}

static bool is_wanted(uint32_t events, const struct policy *policy)
{
	for (unsigned i = 0; i < SCHEMA_EVENTS_MAX; i++) {
		if ((events & 1u << i) != 0 && policy->events[i].is_on != POLICY_OFF) {
			return true;
		}
	}
	return false;
}

static void tell(const struct source_set *set, const struct policy *policy, struct health *health)
{
	for (size_t i = 0; schema_events[i] != NULL; i++) {
		uint16_t event = schema_events[i]->number;
		const char *reason = NULL;
		bool is_off = policy->events[event].is_on == POLICY_OFF;

		if (event == EVENT_GAPS || event == EVENT_FILE_CHANGES || /* told by integrity */
		    schema_events[i]->is_derived) {
			continue;
		}
		if (is_off) {
			reason = "off by policy";
		} else {
			(void)source_set_of(set, event, &reason);
		}
		health_say(health, schema_events[i]->name, reason != NULL ? HEALTH_OFF : HEALTH_OK,
			   reason);
	}
}

void source_set_apply(struct source_set *set, const struct policy *policy, struct health *health)
{
	for (size_t i = 0; i < set->count; i++) {
		struct opened *one = &set->opened[i];
		bool is_on = is_wanted(one->events, policy);

		if (is_on != one->is_on) {
			one->is_on = is_on;
			one->source->enable(one->state, is_on);
		}
	}
	tell(set, policy, health);
}
