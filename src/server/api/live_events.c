/*
 * live_events.c - events on live streams, for those who asked for them.
 *
 * As with changes the tenant has a place that its live streams share: an event is read and written
 * as JSON once. A stream that is behind reads on from a place of its own, or is told of a gap.
 */
#include "server/api/live_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "server/api/events.h"
#include "sys/clock.h"
#include "sys/log.h"

/* Events that are read in one turn, for all live streams and for one that is behind. */
#define TURN_EVENTS     1000
#define CATCH_UP_EVENTS 500

/* Pause between two turns while there are more: a core is not spent on watching. */
#define PAUSE_MS 20

/* A live reader further behind is told of a gap instead. */
#define BEHIND_MAX 20000

static bool has_wanting(const struct tenant_live *t)
{
	for (const struct stream *s = t->streams; s != NULL; s = s->next) {
		if (s->filter.events[0] != '\0') {
			return true;
		}
	}
	return false;
}

static bool wants(const struct stream *s, const struct event *event)
{
	return (strcmp(s->filter.events, "all") == 0 || span_is(event->kind, s->filter.events)) &&
	       (s->filter.asset[0] == '\0' || span_is(event->asset, s->filter.asset));
}

/* Writes one event into the shared buffer; false where it is too large for any. */
static bool write_event(struct live *live, const struct event *event)
{
	struct emit j = emit_over(&live->event);

	buffer_clear(&live->event);
	if (buffer_append(&live->event, span_of("event: event\ndata: ")) != 0) {
		return false;
	}
	event_write(&j, event);
	return emit_ok(&j) && buffer_append(&live->event, span_of("\n\n")) == 0;
}

/* Moves a stream to the tenant's place and tells it what it missed. */
static void skip(struct stream *s)
{
	char text[96];

	snprintf(text, sizeof text, "event: events_gap\ndata: {\"missed\":%lld}\n\n",
		 (long long)(s->tenant->event_no - s->event_no));
	if (http_stream_write(s->call->http, span_of(text)) == 0) {
		s->tenant->live->api->figures.gaps++;
		s->is_events_behind = false;
	}
}

/* --- those who are live --- */

struct feeding {
	struct tenant_live *tenant;
	unsigned count;
	bool is_cut;
};

static bool feed_event(void *context, const struct event *event)
{
	struct feeding *feeding = context;
	struct tenant_live *t = feeding->tenant;
	bool is_good;

	if (feeding->count++ >= TURN_EVENTS) {
		feeding->is_cut = true;
		return false;
	}
	is_good = write_event(t->live, event);
	for (struct stream *s = t->streams; s != NULL; s = s->next) {
		if (s->filter.events[0] != '\0' && !s->is_events_behind && is_good &&
		    wants(s, event) &&
		    http_stream_write(s->call->http, buffer_span(&t->live->event)) != 0) {
			s->is_events_behind = true;
			s->event_no = event->no - 1;
		}
	}
	t->event_no = event->no;
	return true;
}

/* What is new runs away from its readers: everybody goes on from the newest. */
static void jump(struct tenant_live *t)
{
	int64_t before = t->event_no;

	t->event_no = t->newest_event_no;
	for (struct stream *s = t->streams; s != NULL; s = s->next) {
		if (s->filter.events[0] != '\0' && !s->is_events_behind) {
			s->is_events_behind = true;
			s->event_no = before;
			skip(s);
		}
	}
}

/* True where there is more to read. */
static bool feed_live(struct tenant_live *t)
{
	struct events_range range = events_range_all();
	struct feeding feeding = { .tenant = t };
	struct why why = { 0 };
	int error;

	if (t->newest_event_no - t->event_no > BEHIND_MAX) {
		jump(t);
	}
	if (t->newest_event_no <= t->event_no) {
		return false;
	}
	range.after = t->event_no;
	range.timeout_ms = READ_TIMEOUT_MS;
	error = live_open_view(t, &why);
	if (error == 0) {
		error = events_read(t->view, &range, feed_event, &feeding, &why);
	}
	if (error != 0) {
		log_warn("live stream cannot read events", log_text("tenant", t->name),
			 log_text("reason", why.text));
		return false;
	}
	return feeding.is_cut;
}

/* --- those who are behind --- */

struct catching {
	struct stream *stream;
	unsigned count;
	bool is_cut;
};

static bool catch_event(void *context, const struct event *event)
{
	struct catching *catching = context;
	struct stream *s = catching->stream;

	if (event->no > s->tenant->event_no) {
		return false; /* it has met the tenant's */
	}
	if (catching->count++ >= CATCH_UP_EVENTS ||
	    (wants(s, event) && write_event(s->tenant->live, event) &&
	     http_stream_write(s->call->http, buffer_span(&s->tenant->live->event)) != 0)) {
		catching->is_cut = true;
		return false;
	}
	s->event_no = event->no;
	return true;
}

/* Reads on for one stream. True where it could go on at once. */
static bool catch_up(struct stream *s)
{
	struct tenant_live *t = s->tenant;
	struct events_range range = events_range_all();
	struct catching catching = { .stream = s };
	struct why why = { 0 };
	int error;

	if (!s->wants_all_events && t->event_no - s->event_no > BEHIND_MAX) {
		skip(s);
		return false;
	}
	range.after = s->event_no;
	range.timeout_ms = READ_TIMEOUT_MS;
	range.asset = s->filter.asset[0] != '\0' ? s->filter.asset : NULL;
	range.kind = strcmp(s->filter.events, "all") != 0 ? s->filter.events : NULL;
	error = live_open_view(t, &why);
	if (error == 0) {
		error = events_read(t->view, &range, catch_event, &catching, &why);
	}
	if (error != 0) {
		log_warn("live stream cannot read events", log_text("tenant", t->name),
			 log_text("reason", why.text));
		http_stream_end(s->call->http, true);
		return false;
	}
	if (!catching.is_cut) {
		s->is_events_behind = false;
		s->wants_all_events = false;
	}
	return catching.is_cut && http_stream_room(s->call->http) > LIVE_QUEUE_MAX / 2;
}

void live_events_feed(void *context)
{
	struct tenant_live *t = context;
	bool is_more = has_wanting(t) && feed_live(t);

	for (struct stream *s = t->streams; s != NULL; s = s->next) {
		if (s->is_events_behind && http_stream_room(s->call->http) > LIVE_QUEUE_MAX / 2 &&
		    catch_up(s)) {
			is_more = true;
		}
	}
	if (is_more) {
		loop_timer_arm(t->events_timer, PAUSE_MS);
	}
}

void live_events_committed(struct tenant_live *t, int64_t event_no)
{
	if (event_no <= t->newest_event_no) {
		return;
	}
	t->newest_event_no = event_no;
	if (has_wanting(t) && !loop_timer_is_armed(t->events_timer)) {
		live_events_feed(t);
	}
}

void live_events_begin(struct tenant_live *t)
{
	if (!has_wanting(t)) {
		t->newest_event_no = events_newest(t->view);
		t->event_no = t->newest_event_no;
	}
}
