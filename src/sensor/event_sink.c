/* event_sink.c - switches, rates, gaps, and the way into the ring. */
#include "sensor/event_sink.h"

#include <stdlib.h>
#include <string.h>

#include "sensor/events.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "wire/message.h"

/* Reasons of losses that are told together; more are told at once. */
#define PENDING_MAX 8

#define MINUTE_MS 60000

struct pending_gap {
	const char *reason; /* NULL: free */
	uint64_t count;     /* 0: nobody knows */
	int64_t since_ms;
};

/* A bucket: what is left of a minute's allowance, in thousandths of an event. */
struct rate {
	uint32_t per_minute; /* the allowance that the bucket was filled for; 0: not yet */
	int64_t left;
	int64_t filled_ms;
};

struct event_sink {
	struct ring *ring;
	const struct policy *policy;
	struct rate rates[SCHEMA_EVENTS_MAX];
	struct pending_gap gaps[PENDING_MAX];
	int64_t put_ms;   /* the first thing put since the last write; 0: nothing was */
	int64_t tidy_ms;  /* as put_ms, for what is less urgent */
	int64_t retry_ms; /* not before, since the disk took nothing */
	int error;
	event_tap *tap;
	void *tap_context;
	uint8_t row[ROW_BYTES_MAX];
	uint8_t body[RING_BODY_MAX];
};

struct event_sink *event_sink_new(struct ring *ring, const struct policy *policy)
{
	struct event_sink *s = alloc_zeroed(1, sizeof *s);

	s->ring = ring;
	s->policy = policy;
	if (ring_was_damaged(ring)) {
		event_sink_lost(s, "ring", 0);
	}
	return s;
}

void event_sink_free(struct event_sink **sink)
{
	if (*sink != NULL) {
		event_sink_tell_gaps(*sink);
	}
	free(*sink);
	*sink = NULL;
}

void event_sink_tap(struct event_sink *s, event_tap *tap, void *context)
{
	s->tap = tap;
	s->tap_context = context;
}

bool event_sink_wants(const struct event_sink *s, uint16_t event)
{
	return event < SCHEMA_EVENTS_MAX && s->policy->events[event].is_on != POLICY_OFF;
}

static uint32_t allowance(const struct event_sink *s, uint16_t event)
{
	uint32_t asked = s->policy->events[event].per_minute_max;

	if (asked != 0) {
		return asked;
	}
	return event == EVENT_EXECUTIONS || event == EVENT_FILE_CHANGES ? EVENTS_PER_MINUTE_MANY
									: EVENTS_PER_MINUTE;
}

/* A minute's events may come at once; then as many as the minute has room for. */
static bool is_within_rate(struct event_sink *s, uint16_t event, int64_t now_ms)
{
	struct rate *rate = &s->rates[event];
	uint32_t per_minute = allowance(s, event);
	int64_t full = (int64_t)per_minute * 1000;

	if (rate->per_minute != per_minute) {
		*rate = (struct rate){ per_minute, full, now_ms };
	}
	rate->left += (now_ms - rate->filled_ms) * full / MINUTE_MS;
	rate->left = rate->left < full ? rate->left : full;
	rate->filled_ms = now_ms;
	if (rate->left < 1000) {
		return false;
	}
	rate->left -= 1000;
	return true;
}

static void keep(struct event_sink *s, int64_t at_ms, const struct row *row)
{
	struct writer rw = writer_over(s->row, sizeof s->row);
	struct writer w = writer_over(s->body, sizeof s->body);
	struct message_event event = { .event = row->table->number, .at_ms = at_ms };

	if (row_encode(row, &rw) != 0) {
		return; /* rows are cut until they fit */
	}
	event.row = writer_span(&rw);
	event_list_append(&w, &event);
	ring_put(s->ring, writer_span(&w));
	s->put_ms = s->put_ms != 0 ? s->put_ms : clock_ms();
	if (s->tap != NULL) {
		s->tap(s->tap_context, at_ms, row);
	}
}

void event_sink_put(struct event_sink *s, int64_t at_ms, const struct row *row)
{
	uint16_t event = row->table->number;

	if (!event_sink_wants(s, event)) {
		return;
	}
	if (!is_within_rate(s, event, clock_ms())) {
		event_sink_lost(s, "rate", 1);
		return;
	}
	keep(s, at_ms, row);
}

static void tell_gap(struct event_sink *s, struct pending_gap *gap)
{
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_GAPS));
	row_set_text(&row, GAPS_REASON, span_of(gap->reason));
	if (gap->count != 0) {
		row_set_integer(&row, GAPS_COUNT, (int64_t)gap->count);
	}
	keep(s, clock_wall_ms(), &row);
	gap->reason = NULL;
}

/* Losses whose number is known and others are not added up. */
void event_sink_lost(struct event_sink *s, const char *reason, uint64_t count)
{
	struct pending_gap *free_one = NULL;

	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending_gap *gap = &s->gaps[i];

		if (gap->reason == NULL) {
			free_one = free_one != NULL ? free_one : gap;
		} else if (strcmp(gap->reason, reason) == 0 && (gap->count == 0) == (count == 0)) {
			gap->count += count;
			return;
		}
	}
	if (free_one == NULL) {
		free_one = &s->gaps[0];
		tell_gap(s, free_one);
	}
	*free_one = (struct pending_gap){ reason, count, clock_ms() };
}

void event_sink_tell_gaps(struct event_sink *s)
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		if (s->gaps[i].reason != NULL) {
			tell_gap(s, &s->gaps[i]);
		}
	}
}

struct span event_sink_position(const struct event_sink *s, unsigned source)
{
	return ring_position(s->ring, source);
}

void event_sink_keep_position(struct event_sink *s, unsigned source, struct span position)
{
	ring_keep_position(s->ring, source, position);
}

int event_sink_error(const struct event_sink *s)
{
	return s->error;
}

void event_sink_write(struct event_sink *s, int64_t now_ms)
{
	int error;

	if (!ring_has_unwritten(s->ring) || now_ms < s->retry_ms) {
		return;
	}
	error = ring_flush(s->ring);
	s->put_ms = 0;
	s->tidy_ms = 0;
	s->retry_ms = error != 0 ? now_ms + EVENTS_RETRY_MS : 0;
	if (error != 0 && s->error == 0) {
		log_warn("events are kept in memory only", log_text("error", error_text(error)));
	}
	s->error = error;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When something is to be written. */
static int64_t write_at(struct event_sink *s, int64_t now_ms)
{
	int64_t at = INT64_MAX;

	if (!ring_has_unwritten(s->ring)) {
		s->put_ms = 0;
		s->tidy_ms = 0;
		return at;
	}
	if (s->tidy_ms == 0) {
		s->tidy_ms = now_ms;
	}
	at = s->tidy_ms + EVENTS_TIDY_MS;
	if (s->put_ms != 0) {
		at = sooner(at, s->put_ms + EVENTS_WRITE_MS);
	}
	return at > s->retry_ms ? at : s->retry_ms;
}

int64_t event_sink_turn(struct event_sink *s, int64_t now_ms)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < PENDING_MAX; i++) {
		if (s->gaps[i].reason == NULL) {
			continue;
		}
		if (s->gaps[i].since_ms + EVENTS_GAP_MS <= now_ms) {
			tell_gap(s, &s->gaps[i]);
		} else {
			next = sooner(next, s->gaps[i].since_ms + EVENTS_GAP_MS);
		}
	}
	if (write_at(s, now_ms) <= now_ms) {
		event_sink_write(s, now_ms);
	}
	return sooner(next, write_at(s, now_ms));
}
