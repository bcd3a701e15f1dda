/* observer.c - turns of the reporter, and what the connector says. */
#include "sensor/observer.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "sensor/link.h"
#include "sensor/secret.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

#define SNAPSHOT_PAUSE_MS 2000

/* Every table is read again this often, whatever was or was not signalled. */
#define FULL_WALK_MS 3600000

/* --once gives up when nothing moved for so long. */
#define ONCE_PATIENCE_MS 60000

void observer_stop(struct observer *o, int status)
{
	o->status = status;
	loop_stop(o->loop);
}

void observer_signal(struct observer *o, uint16_t table)
{
	reporter_signal(o->reporter, table, clock_ms());
}

void observer_tick(struct observer *o, uint16_t table)
{
	const struct link_tick told = { table, policy_store_digest(o->policy) };
	uint8_t bytes[LINK_TICK_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);

	link_tick_write(&told, &w);
	o->ticked_ms = clock_ms();
	(void)!channel_send(o->channel, LINK_TICK, o->connection, writer_span(&w));
}

void observer_tick_now(struct observer *o, uint16_t table)
{
	observer_tick(o, table);
	channel_flush(o->channel);
}

/* --- what the reporter asks --- */

static int on_collect(void *context, uint16_t table, row_taker *take, void *take_context)
{
	const struct observer *o = context;

	return o->hooks->collect(o->context, table, take, take_context);
}

static int on_collect_changes(void *context, uint16_t table, row_taker *gone, row_taker *take,
			      void *take_context)
{
	const struct observer *o = context;

	return o->hooks->collect_changes(o->context, table, gone, take, take_context);
}

static int64_t on_walk_at(void *context, uint16_t table, int64_t now_ms)
{
	const struct observer *o = context;

	return o->hooks->walk_at(o->context, table, now_ms);
}

static bool on_is_ready(void *context, uint16_t table)
{
	const struct observer *o = context;

	return o->hooks->is_ready(o->context, table);
}

static int on_send(void *context, struct span frame)
{
	const struct observer *o = context;

	if (o->hooks->sent != NULL) {
		o->hooks->sent(o->context, frame.len);
	}
	return channel_send(o->channel, LINK_FRAME, o->connection, frame);
}

static bool on_is_congested(void *context)
{
	const struct observer *o = context;

	return channel_is_congested(o->channel);
}

static void on_end(void *context, const struct link_end *end)
{
	struct observer *o = context;
	uint8_t bytes[LINK_END_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);

	link_end_write(end, &w);
	if (channel_send(o->channel, LINK_END, o->connection, writer_span(&w)) != 0) {
		observer_stop(o, SENSOR_RESTART);
	}
	o->connection = 0;
}

static void on_acknowledged(void *context)
{
	struct observer *o = context;

	if (!loop_timer_is_armed(o->snapshot_timer)) {
		loop_timer_arm(o->snapshot_timer, SNAPSHOT_PAUSE_MS);
	}
	if (o->hooks->acknowledged != NULL) {
		o->hooks->acknowledged(o->context);
	}
}

static int on_policy(void *context, struct span digest, struct span bytes)
{
	struct observer *o = context;
	bool is_remembered = false;
	int error = policy_store_set(o->policy, digest, bytes, &is_remembered);

	if (error != 0) {
		log_warn("the server's policy cannot be read, the old one stays",
			 log_text("error", error_text(error)));
		return error;
	}
	log_info("a new policy is in force", log_number("bytes", (int64_t)bytes.len),
		 log_text("remembered", is_remembered ? "yes" : "no"));
	o->hooks->policy_changed(o->context);
	reporter_set_policy(o->reporter, policy_store_digest(o->policy));
	return 0;
}

/* --- timers --- */

static void write_snapshot(void *context)
{
	struct observer *o = context;
	size_t count;
	struct ledger *ledgers = reporter_ledgers(o->reporter, &count);
	int error = snapshot_store_write(&o->snapshots, ledgers, count);

	if (error != 0) {
		log_warn("cannot write the snapshot; after a restart tables are compared whole",
			 log_text("folder", o->settings->state.folder),
			 log_text("error", error_text(error)));
	}
}

/* Spread, so that a fleet does not do it at once. */
static void walk_all(void *context)
{
	struct observer *o = context;
	int64_t spread_ms = o->hooks->walk_spread_ms;

	if (o->hooks->walk != NULL) {
		o->hooks->walk(o->context);
	}
	observer_signal(o, 0);
	loop_timer_arm(o->walk_timer, FULL_WALK_MS + (spread_ms > 0 ? random() % spread_ms : 0));
}

/* --once: ends when all is said, or when nothing moves. */
static void check_once(struct observer *o)
{
	const char *refused = reporter_refused(o->reporter);
	uint64_t progress = reporter_progress(o->reporter) + o->hooks->progress(o->context);

	if (refused != NULL) {
		log_error("the server refused a table", log_text("table", refused));
		observer_stop(o, SENSOR_FAILED);
	} else if (reporter_is_settled(o->reporter) && o->hooks->is_done(o->context)) {
		observer_stop(o, SENSOR_DONE);
	} else if (progress != o->once_progress) {
		o->once_progress = progress;
		loop_timer_arm(o->once_timer, ONCE_PATIENCE_MS);
	}
}

static void give_up_once(void *context)
{
	struct observer *o = context;

	if (o->hooks->tell_stuck == NULL || !o->hooks->tell_stuck(o->context)) {
		log_error("nothing moved for a minute, giving up",
			  log_text("hint", "is the server running, and reachable from here?"));
	}
	observer_stop(o, SENSOR_FAILED);
}

/* Before each sleep: does what is due and asks to be woken for the next. */
static void turn(void *context)
{
	struct observer *o = context;
	int64_t next_ms = reporter_turn(o->reporter, clock_ms());
	int64_t own_ms = o->hooks->turn(o->context);

	next_ms = own_ms < next_ms ? own_ms : next_ms;
	if (next_ms == SCHEDULE_NEVER) {
		loop_timer_disarm(o->turn_timer);
	} else {
		int64_t now_ms = clock_ms();

		loop_timer_arm(o->turn_timer, next_ms > now_ms ? next_ms - now_ms : 0);
	}
	if (o->settings->is_once) {
		check_once(o);
	}
}

static void wake(void *context)
{
	(void)context; /* the turn follows */
}

/* --- the connector --- */

static void take_cost(const struct observer *o, struct span body)
{
	struct reader r = reader_over(body);
	uint64_t used_us = reader_be64(&r);

	if (reader_ok(&r) && o->hooks->cost != NULL) {
		o->hooks->cost(o->context, used_us);
	}
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct observer *o = context;

	switch (kind) {
	case LINK_CONNECTED:
		o->connection = id;
		reporter_connected(o->reporter, clock_ms());
		break;
	case LINK_DISCONNECTED:
		if (id == o->connection) {
			o->connection = 0;
			reporter_disconnected(o->reporter);
		}
		break;
	case LINK_FRAME:
		if (id == o->connection) {
			reporter_receive(o->reporter, body, clock_ms());
		}
		break;
	case LINK_PING:
		observer_tick(o, 0);
		break;
	case LINK_COST:
		take_cost(o, body);
		break;
	default:
		break;
	}
}

static void on_closed(void *context)
{
	observer_stop(context, SENSOR_RESTART); /* the connector is gone */
}

/* Whether the sensor ends or only this process the supervisor knows, who asked for it or did not.
 */
static void on_stop(void *context)
{
	observer_stop(context, SENSOR_RESTART);
}

/* --- life --- */

void observer_begin(struct observer *o, struct sensor_child *child,
		    const struct observer_hooks *hooks, void *context)
{
	*o = (struct observer){ .settings = child->settings,
				.status = SENSOR_DONE,
				.hooks = hooks,
				.context = context,
				.channel_fd = child->channel_fd };
	file_close(&child->other_fd);
	log_open(hooks->log_name, o->settings->is_verbose ? LOG_DEBUG : LOG_INFO);
	if (o->settings->token != NULL) {
		secret_wipe(span_of(o->settings->token)); /* enrolling is the connector's */
	}
}

void observer_open(struct observer *o)
{
	struct why why = { .text = "" };
	int fd;

	o->loop = loop_new();
	loop_on_signal(o->loop, SIGTERM, on_stop, o);
	loop_on_signal(o->loop, SIGINT, on_stop, o);
	fd = state_open_file(&o->settings->state, "policy", &why);
	if (fd < 0) {
		log_warn("policies are not remembered", log_text("reason", why.text));
	}
	o->policy = policy_store_open(fd);
}

int observer_open_reporter(struct observer *o, const uint16_t *tables, size_t count,
			   struct why *why)
{
	const struct observer_hooks *own = o->hooks;
	const struct reporter_hooks hooks = {
		.collect = on_collect,
		.collect_changes = own->collect_changes != NULL ? on_collect_changes : NULL,
		.send = on_send,
		.is_congested = on_is_congested,
		.end = on_end,
		.acknowledged = on_acknowledged,
		.policy = on_policy,
		.walk_at = own->walk_at != NULL ? on_walk_at : NULL,
		.is_ready = own->is_ready != NULL ? on_is_ready : NULL
	};
	int fds[STATE_SNAPSHOTS];
	struct ledger *ledgers;
	int error = state_open_snapshots(&o->settings->state, fds, why);

	if (error != 0) {
		return error;
	}
	o->reporter = reporter_new(tables, count, span_of(BARTIZAN_VERSION), &hooks, o);
	if (own->kind != NULL) {
		reporter_set_kind(o->reporter, own->kind);
	}
	ledgers = reporter_ledgers(o->reporter, &count);
	if (!snapshot_store_open(&o->snapshots, fds, ledgers, count)) {
		log_debug("no snapshot of earlier runs",
			  log_text("folder", o->settings->state.folder));
	}
	reporter_set_policy(o->reporter, policy_store_digest(o->policy));
	return 0;
}

void observer_start(struct observer *o)
{
	static const struct channel_handler handler = { .message = on_message,
							.drained = wake,
							.closed = on_closed };

	o->channel = channel_new(o->loop, o->channel_fd, SENSOR_CHANNEL_QUEUE_MAX, &handler, o);
	o->turn_timer = loop_timer(o->loop, wake, o);
	o->snapshot_timer = loop_timer(o->loop, write_snapshot, o);
	o->walk_timer = loop_timer(o->loop, walk_all, o);
	o->once_timer = loop_timer(o->loop, give_up_once, o);
	srandom((unsigned)(clock_us() ^ getpid()));
	walk_all(o);
	if (o->settings->is_once) {
		loop_timer_arm(o->once_timer, ONCE_PATIENCE_MS);
	}
}

int observer_run(struct observer *o)
{
	loop_on_idle(o->loop, turn, o);
	loop_run(o->loop);
	loop_on_idle(o->loop, NULL, NULL);
	write_snapshot(o);
	return o->status;
}

void observer_close(struct observer *o)
{
	channel_free(&o->channel);
	loop_timer_free(&o->turn_timer);
	loop_timer_free(&o->snapshot_timer);
	loop_timer_free(&o->walk_timer);
	loop_timer_free(&o->once_timer);
	snapshot_store_close(&o->snapshots);
	reporter_free(&o->reporter);
}

void observer_done(struct observer *o)
{
	policy_store_close(&o->policy);
	loop_free(&o->loop);
}
