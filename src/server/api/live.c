/*
 * live.c - from a commit to every reader, in one turn of the loop.
 *
 * A tenant has a cursor: the last change's row that was handed to its live streams. A stream that
 * begins in the past, or whose queue was full, is behind: it reads on from a cursor of its own
 * whenever its queue has room, until it meets the tenant's.
 */
#include "server/api/live.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/api/call.h"
#include "server/api/changes.h"
#include "server/api/counting.h"
#include "server/api/events.h"
#include "server/api/live_parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

/* Views that stay open without a stream. */
#define VIEWS_MAX 64

/* Rows read for live streams in one turn, and in one second: more is for machines, which page. */
#define TURN_ROWS   1000
#define SECOND_ROWS 20000

/* A live reader further behind than so many changes is told of a gap instead. */
#define BEHIND_MAX 2000

/* Rows that a stream which is behind reads at once. */
#define CATCH_UP_ROWS 500

#define COMMENT_MS 15000
#define SENSORS_MS 500
#define EVENT_MAX  (1u << 20)

static void feed(void *context);
static void tell_knowledge(struct stream *s)
{
	s->owes_knowledge =
		http_stream_write(s->call->http, span_of("event: knowledge\ndata: {}\n\n")) != 0;
}

void live_knowledge(struct live *live)
{
	for (struct tenant_live *t = live->tenants; t != NULL; t = t->next) {
		for (struct stream *s = t->streams; s != NULL; s = s->next) {
			tell_knowledge(s);
		}
	}
}

static void on_comment(void *context);
static void on_sensors_timer(void *context);
static void on_count(void *context);

/* --- tenants --- */

struct live *live_new(struct api *api)
{
	struct live *live = alloc_zeroed(1, sizeof *live);

	live->api = api;
	live->comment_timer = loop_timer(api->loop, on_comment, live);
	buffer_init(&live->event, EVENT_MAX);
	return live;
}

void live_free(struct live **live_variable)
{
	struct live *live = *live_variable;
	struct tenant_live *next;

	*live_variable = NULL;
	if (live == NULL) {
		return;
	}
	for (struct tenant_live *t = live->tenants; t != NULL; t = next) {
		next = t->next;
		assert(t->streams == NULL);
		view_close(&t->view);
		loop_timer_free(&t->more_timer);
		loop_timer_free(&t->events_timer);
		loop_timer_free(&t->sensors_timer);
		loop_timer_free(&t->count_timer);
		free(t->counted);
		free(t);
	}
	loop_timer_free(&live->comment_timer);
	buffer_done(&live->event);
	free(live);
}

static struct tenant_live *find(struct live *live, struct span name)
{
	struct tenant_live *t = live->tenants;

	while (t != NULL && !span_is(name, t->name)) {
		t = t->next;
	}
	return t;
}

static struct tenant_live *find_or_make(struct live *live, const char *name)
{
	struct tenant_live *t = find(live, span_of(name));

	if (t == NULL) {
		t = alloc_zeroed(1, sizeof *t);
		t->live = live;
		snprintf(t->name, sizeof t->name, "%s", name);
		t->more_timer = loop_timer(live->api->loop, feed, t);
		t->events_timer = loop_timer(live->api->loop, live_events_feed, t);
		t->sensors_timer = loop_timer(live->api->loop, on_sensors_timer, t);
		t->count_timer = loop_timer(live->api->loop, on_count, t);
		t->next = live->tenants;
		live->tenants = t;
	}
	return t;
}

/* Closes the view that was not used for longest, where too many are open. */
static void make_room(struct live *live)
{
	struct tenant_live *oldest = NULL;
	unsigned open = 0;

	for (struct tenant_live *t = live->tenants; t != NULL; t = t->next) {
		open += t->view != NULL;
		if (t->view != NULL && t->streams == NULL &&
		    (oldest == NULL || t->used_ms < oldest->used_ms)) {
			oldest = t;
		}
	}
	if (open >= VIEWS_MAX && oldest != NULL) {
		view_close(&oldest->view);
	}
}

int live_open_view(struct tenant_live *t, struct why *why)
{
	char path[4096];

	t->used_ms = clock_ms();
	if (t->view != NULL) {
		return 0;
	}
	make_room(t->live);
	tenant_path(t->live->api->config->data_folder, t->name, path, sizeof path);
	return view_open(path, &t->view, why);
}

int live_view(struct live *live, const char *tenant, struct view **out, struct why *why)
{
	struct tenant_live *t = find_or_make(live, tenant);
	int error = live_open_view(t, why);

	if (error != 0) {
		/* the tenant exists: its file is about to be made, or something is wrong with it */
		return error == ERR_NOT_FOUND ? why_set(why, ERR_AGAIN,
							"this tenant's inventory is not there yet; "
							"try again in a moment")
					      : error;
	}
	*out = t->view;
	return 0;
}

/* --- events --- */

/* Writes one change as an event into the shared buffer; false where it is too large for any. */
static bool write_event(struct live *live, const struct change *change)
{
	char head[96];
	struct emit j = emit_over(&live->event);
	bool is_written;

	buffer_clear(&live->event);
	snprintf(head, sizeof head, "event: change\nid: %lld.%lld\ndata: ", (long long)change->no,
		 (long long)change->index);
	is_written = buffer_append(&live->event, span_of(head)) == 0;
	change_write(&j, change);
	return is_written && emit_ok(&j) && buffer_append(&live->event, span_of("\n\n")) == 0;
}

static bool wants(const struct stream *s, const struct change *change)
{
	return !s->filter.is_without_changes &&
	       (s->filter.asset[0] == '\0' || span_is(change->asset, s->filter.asset)) &&
	       (s->filter.table[0] == '\0' || span_is(change->table, s->filter.table));
}

static bool is_behind_cursor(const struct change *change, const struct cursor *cursor)
{
	return change->no < cursor->no ||
	       (change->no == cursor->no && change->index <= cursor->index);
}

/* Moves a stream to the tenant's cursor and tells it what it missed. */
static void skip(struct stream *s)
{
	char event[64];
	int64_t missed = s->tenant->cursor.no - s->cursor.no;

	snprintf(event, sizeof event, "event: gap\ndata: {\"missed\":%lld}\n\n",
		 (long long)(missed > 0 ? missed : 1));
	if (http_stream_write(s->call->http, span_of(event)) != 0) {
		return; /* later: it stays behind until there is room */
	}
	s->tenant->live->api->figures.gaps++;
	s->is_behind = false;
}

/* --- live streams --- */

struct feeding {
	struct tenant_live *tenant;
	unsigned rows;
	bool is_cut; /* the budget is used up, there is more */
};

static bool feed_row(void *context, const struct change *change)
{
	struct feeding *feeding = context;
	struct tenant_live *t = feeding->tenant;
	bool is_good;

	if (is_behind_cursor(change, &t->cursor)) {
		return true;
	}
	if (feeding->rows >= TURN_ROWS || t->tokens <= 0) {
		feeding->is_cut = true;
		return false;
	}
	feeding->rows++;
	t->tokens--;
	is_good = write_event(t->live, change);
	for (struct stream *s = t->streams; s != NULL; s = s->next) {
		if (s->is_behind || !is_good || !wants(s, change)) {
			continue;
		}
		if (http_stream_write(s->call->http, buffer_span(&t->live->event)) == 0) {
			t->live->api->figures.changes_streamed++;
		} else {
			s->is_behind = true;
			s->cursor = t->cursor;
		}
	}
	t->cursor = (struct cursor){ change->no, change->index };
	return true;
}

static void fill_tokens(struct tenant_live *t)
{
	int64_t now_ms = clock_ms();
	int64_t more = (now_ms - t->tokens_ms) * SECOND_ROWS / 1000;

	if (more > 0) {
		t->tokens = t->tokens + more > SECOND_ROWS ? SECOND_ROWS : t->tokens + more;
		t->tokens_ms = now_ms;
	}
}

/* The history runs away from its readers: everybody goes on from the newest change. */
static void jump(struct tenant_live *t)
{
	struct cursor last = t->cursor;

	t->cursor = (struct cursor){ t->newest_no, INT64_MAX };
	for (struct stream *s = t->streams; s != NULL; s = s->next) {
		if (!s->is_behind) {
			s->is_behind = true;
			s->cursor = last;
			skip(s);
		}
	}
}

/* Hands what is new to the live streams, a bounded piece. Returns the delay after which there is
 * more to do, or -1. */
static int64_t feed_live(struct tenant_live *t)
{
	struct changes_range range = { .from = t->cursor.index == INT64_MAX ? t->cursor.no + 1
									    : t->cursor.no,
				       .timeout_ms = READ_TIMEOUT_MS };
	struct feeding feeding = { .tenant = t };
	struct why why = { 0 };
	int error;

	if (t->newest_no - t->cursor.no > BEHIND_MAX) {
		jump(t);
		return -1;
	}
	fill_tokens(t);
	error = live_open_view(t, &why);
	if (error == 0) {
		error = changes_read(t->view, &range, feed_row, &feeding, &why);
	}
	if (error != 0) {
		log_warn("live stream cannot read the history", log_text("tenant", t->name),
			 log_text("reason", why.text));
		return 1000;
	}
	if (feeding.is_cut) {
		return t->tokens > 0 ? 0 : 50;
	}
	t->cursor.index = INT64_MAX; /* nothing more comes of this change */
	return -1;
}

/* --- streams that are behind --- */

struct catching {
	struct stream *stream;
	unsigned rows;
	bool is_cut;
};

static bool catch_row(void *context, const struct change *change)
{
	struct catching *catching = context;
	struct stream *s = catching->stream;
	struct live *live = s->tenant->live;

	if (is_behind_cursor(change, &s->cursor)) {
		return true;
	}
	if (!is_behind_cursor(change, &s->tenant->cursor)) {
		return false; /* it has met the tenant's */
	}
	if (catching->rows++ >= CATCH_UP_ROWS) {
		catching->is_cut = true;
		return false;
	}
	if (wants(s, change) && write_event(live, change)) {
		if (http_stream_write(s->call->http, buffer_span(&live->event)) != 0) {
			catching->is_cut = true; /* on when it drained */
			return false;
		}
		live->api->figures.changes_streamed++;
	}
	s->cursor = (struct cursor){ change->no, change->index };
	return true;
}

/* Reads on for one stream. Returns true where it could go on at once. */
static bool catch_up(struct stream *s)
{
	struct tenant_live *t = s->tenant;
	struct changes_range range = { .from = s->cursor.no,
				       .asset = s->filter.asset[0] != '\0' ? s->filter.asset : NULL,
				       .table = s->filter.table[0] != '\0' ? s->filter.table : NULL,
				       .timeout_ms = READ_TIMEOUT_MS };
	struct catching catching = { .stream = s };
	struct why why = { 0 };
	int error;

	if (!s->wants_all && t->cursor.no - s->cursor.no > BEHIND_MAX) {
		skip(s);
		return false;
	}
	error = live_open_view(t, &why);
	if (error == 0) {
		error = changes_read(t->view, &range, catch_row, &catching, &why);
	}
	if (error != 0) {
		log_warn("live stream cannot read the history", log_text("tenant", t->name),
			 log_text("reason", why.text));
		http_stream_end(s->call->http, true);
		return false;
	}
	if (!catching.is_cut) {
		s->is_behind = false;
		s->wants_all = false;
	}
	return catching.is_cut && http_stream_room(s->call->http) > LIVE_QUEUE_MAX / 2;
}

/* One turn: first those who are live, then those who are behind and have room. */
static void feed(void *context)
{
	struct tenant_live *t = context;
	int64_t delay_ms = t->streams != NULL ? feed_live(t) : -1;

	for (struct stream *s = t->streams; s != NULL; s = s->next) {
		if (s->is_behind && http_stream_room(s->call->http) > LIVE_QUEUE_MAX / 2 &&
		    catch_up(s)) {
			delay_ms = 0;
		}
	}
	if (delay_ms >= 0) {
		loop_timer_arm(t->more_timer, delay_ms);
	}
}

void live_committed(struct live *live, struct span tenant, uint64_t change_no, uint64_t event_no)
{
	struct tenant_live *t = find(live, tenant);

	if (t == NULL) {
		return; /* nobody looks at it */
	}
	t->newest_no = (int64_t)change_no;
	if (t->streams != NULL && !loop_timer_is_armed(t->more_timer)) {
		feed(t);
	}
	live_events_committed(t, (int64_t)event_no);
}

void live_refresh(struct live *live)
{
	for (struct tenant_live *t = live->tenants; t != NULL; t = t->next) {
		if (t->streams != NULL && t->view != NULL) {
			t->newest_no = (int64_t)view_last_change(t->view);
			loop_timer_arm(t->more_timer, 0);
			live_events_committed(t, events_newest(t->view));
		}
	}
}

/* --- sensors and comments --- */

static void tell_sensors(struct stream *s)
{
	s->owes_sensors =
		http_stream_write(s->call->http, span_of("event: sensors\ndata: {}\n\n")) != 0;
}

static void on_sensors_timer(void *context)
{
	struct tenant_live *t = context;

	if (!t->are_sensors_due) {
		return;
	}
	t->are_sensors_due = false;
	for (struct stream *s = t->streams; s != NULL; s = s->next) {
		tell_sensors(s);
	}
	loop_timer_arm(t->sensors_timer, SENSORS_MS);
}

void live_sensors(struct live *live, struct span tenant)
{
	struct tenant_live *t = find(live, tenant);

	if (t == NULL || t->streams == NULL) {
		return;
	}
	t->are_sensors_due = true;
	/* the first at once, then at most one every while */
	if (!loop_timer_is_armed(t->sensors_timer)) {
		on_sensors_timer(t);
	}
}

static void on_comment(void *context)
{
	struct live *live = context;

	for (struct tenant_live *t = live->tenants; t != NULL; t = t->next) {
		for (struct stream *s = t->streams; s != NULL; s = s->next) {
			(void)!http_stream_write(s->call->http, span_of(": alive\n\n"));
		}
	}
	if (live->stream_count > 0) {
		loop_timer_arm(live->comment_timer, COMMENT_MS);
	}
}

/* --- opening and closing --- */

static void stream_drained(struct call *call)
{
	struct stream *s = call->work;

	if (s->owes_sensors) {
		tell_sensors(s);
	}
	if (s->owes_knowledge) {
		tell_knowledge(s);
	}
	if (s->is_behind) {
		loop_timer_arm(s->tenant->more_timer, 0);
	}
	if (s->is_events_behind) {
		loop_timer_arm(s->tenant->events_timer, 0);
	}
}

static void stream_ended(struct call *call)
{
	struct stream *s = call->work;
	struct tenant_live *t = s->tenant;

	if (s->previous != NULL) {
		s->previous->next = s->next;
	} else {
		t->streams = s->next;
	}
	if (s->next != NULL) {
		s->next->previous = s->previous;
	}
	t->stream_count--;
	t->live->stream_count--;
	free(s);
}

static void link_stream(struct stream *s)
{
	struct tenant_live *t = s->tenant;
	struct live *live = t->live;

	s->next = t->streams;
	if (t->streams != NULL) {
		t->streams->previous = s;
	}
	t->streams = s;
	t->stream_count++;
	live->stream_count++;
	if (!loop_timer_is_armed(live->comment_timer)) {
		loop_timer_arm(live->comment_timer, COMMENT_MS);
	}
}

/* Where a new stream begins to read events: with what comes next, or behind a number. */
static void begin_events(struct stream *s, int64_t after_event)
{
	struct tenant_live *t = s->tenant;

	if (s->filter.events[0] == '\0') {
		return;
	}
	live_events_begin(t);
	if (after_event >= 0 && after_event < t->event_no) {
		s->event_no = after_event;
		s->is_events_behind = true;
		s->wants_all_events = true;
		loop_timer_arm(t->events_timer, 0);
	}
}

void live_stream(struct live *live, struct call *call, const struct live_filter *filter,
		 const struct live_start *start)
{
	struct tenant_live *t = find_or_make(live, call->tenant);
	struct why why = { 0 };
	struct stream *s;
	int error;

	if (live->stream_count >= LIVE_STREAMS_MAX) {
		call_fail(call, 429, "%d streams are open, which is the most: close one",
			  LIVE_STREAMS_MAX);
		return;
	}
	error = live_open_view(t, &why);
	if (error != 0) {
		call_fail_why(call, error == ERR_NOT_FOUND ? ERR_AGAIN : error, &why);
		return;
	}
	if (t->streams == NULL) {
		t->newest_no = (int64_t)view_last_change(t->view);
		t->cursor = (struct cursor){ t->newest_no, INT64_MAX };
		t->tokens = SECOND_ROWS;
		t->tokens_ms = clock_ms();
	}
	s = alloc_zeroed(1, sizeof *s);
	*s = (struct stream){ .tenant = t, .call = call, .filter = *filter };
	if (start->after_no >= 0 && start->after_no < t->cursor.no) {
		s->cursor = (struct cursor){ start->after_no, start->after_index };
		s->is_behind = true;
		s->wants_all = true;
	}
	begin_events(s, start->after_event);
	link_stream(s);
	call->work = s;
	call->ended = stream_ended;
	call->drained = stream_drained;
	http_stream(call->http,
		    &(struct http_answer){ .status = 200,
					   .content_type = "text/event-stream",
					   .headers = { { "Cache-Control", "no-store" },
							{ "X-Accel-Buffering", "no" } } },
		    HTTP_SIZE_UNKNOWN, LIVE_QUEUE_MAX);
	/* something to read at once, so that the client knows that it is connected */
	(void)!http_stream_write(call->http, span_of("retry: 2000\n: live\n\n"));
	if (s->is_behind) {
		loop_timer_arm(t->more_timer, 0);
	}
}

unsigned live_streams(const struct live *live)
{
	return live->stream_count;
}

/* --- rates --- */

/* Pause between two pieces of counting. */
#define COUNT_PAUSE_MS 5

/* Counts a piece, and goes on later where there is more. */
static int count_on(struct tenant_live *t, struct why *why)
{
	bool has_more;
	int error;

	if (t->counted == NULL) {
		t->counted = alloc_zeroed(1, sizeof *t->counted);
	}
	error = counting_go_on(t->counted, t->view, clock_wall_ms(), &has_more, why);
	if (error == 0 && has_more) {
		loop_timer_arm(t->count_timer, COUNT_PAUSE_MS);
	}
	return error;
}

static void on_count(void *context)
{
	struct tenant_live *t = context;
	struct why why = { 0 };
	int error = live_open_view(t, &why);

	if (error == 0) {
		error = count_on(t, &why);
	}
	if (error != 0) {
		log_warn("changes cannot be counted", log_text("tenant", t->name),
			 log_text("reason", why.text));
	}
}

int live_rates(struct live *live, const char *tenant, unsigned count, uint32_t *out,
	       int64_t *out_start_ms, struct why *why)
{
	struct tenant_live *t = find_or_make(live, tenant);
	int error = live_open_view(t, why);

	if (error == 0) {
		error = count_on(t, why);
	}
	if (error == 0) {
		rates_read(&t->counted->rates, clock_wall_ms(), count, out, out_start_ms);
	}
	return error;
}
