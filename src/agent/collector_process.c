/*
 * collector_process.c - reads the machine, talks to nobody but the connector.
 *
 * Everything is opened first, then the process confines itself: no socket, no file opened for
 * writing, no program. Landlock is not used here on purpose: it also hides /proc/PID/fd of
 * processes outside its domain, and with them whose a listening socket is.
 */
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/collector.h"
#include "agent/event_path.h"
#include "agent/health.h"
#include "agent/integrity/file_changes.h"
#include "agent/integrity/integrity.h"
#include "agent/integrity/privileged_walk.h"
#include "agent/load.h"
#include "agent/machine.h"
#include "agent/offers.h"
#include "agent/served_listeners.h"
#include "agent/signals.h"
#include "agent/socket_owners.h"
#include "agent/thrift.h"
#include "agent/watches.h"
#include "base/error.h"
#include "base/reader.h"
#include "schema/schema.h"
#include "sensor/link.h"
#include "sensor/policy_store.h"
#include "sensor/reporter.h"
#include "sensor/schedule.h"
#include "sensor/secret.h"
#include "sensor/snapshot_store.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/heap.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "sys/sandbox.h"
#include "wire/message.h"

#define SNAPSHOT_PAUSE_MS 2000

/* Every table is read again this often, whatever was or was not signalled; and up to a quarter
 * later, so that a fleet does not do it at once. */
#define FULL_WALK_MS        3600000
#define FULL_WALK_SPREAD_MS 900000

/* --once gives up when nothing moved for so long. */
#define ONCE_PATIENCE_MS 60000

/* Memory goes back to the system when nothing was read for so long. */
#define TRIM_AFTER_MS 200

/* A long walk says so often that it moves. */
#define TICK_MS 5000

struct collecting {
	const struct agent_settings *settings;
	struct loop *loop;
	struct machine machine;
	int group_fd; /* of fanotify; integrity takes it over */
	struct watches *watches;
	struct signals *signals;
	struct reporter *reporter;
	struct snapshot_store store;
	struct event_path events;
	struct file_changes file_changes;
	struct policy_store *policy;
	struct thrift thrift;
	struct channel *channel;
	uint64_t connection; /* the number of the one at hand; 0: none */
	bool is_off[SCHEMA_TABLES_MAX];
	uint16_t reading; /* the table that was read in this turn; 0: none */
	int64_t ticked_ms;
	uint64_t hung_tables; /* a bit each */
	unsigned walks;       /* through all tables, by the clock */
	struct loop_timer *turn_timer;
	struct loop_timer *snapshot_timer;
	struct loop_timer *walk_timer;
	struct loop_timer *trim_timer;
	struct loop_timer *updates_timer;
	struct loop_timer *once_timer;
	bool are_programs_watched;
	bool are_files_whole; /* to be told whole: more than watched files may have changed */
	bool are_files_new;   /* none of them was told in an earlier run */
	uint64_t once_progress;
	int status;
};

static void stop(struct collecting *p, int status)
{
	p->status = status;
	loop_stop(p->loop);
}

static void tick(struct collecting *p, uint16_t table)
{
	const struct link_tick told = { table, policy_store_digest(p->policy) };
	uint8_t bytes[LINK_TICK_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);

	link_tick_write(&told, &w);
	p->ticked_ms = clock_ms();
	(void)!channel_send(p->channel, LINK_TICK, p->connection, writer_span(&w));
}

/* Told at once, because what is begun may never end. */
static void tick_now(struct collecting *p)
{
	tick(p, p->reading);
	channel_flush(p->channel);
}

/* A walk goes on, however long it takes. */
static void on_walk_progress(void *context)
{
	struct collecting *p = context;

	if (p->reading != 0 && clock_ms() - p->ticked_ms > TICK_MS) {
		tick_now(p);
	}
}

/* Of files that were told before a restart nothing is said until all is known anew: what is not
 * known yet would be taken for gone. */
static bool on_is_ready(void *context, uint16_t table)
{
	const struct collecting *p = context;

	if (table == TABLE_PRIVILEGED_FILES) {
		return privileged_walk_is_known(p->machine.programs);
	}
	if (table != TABLE_FILES || integrity_is_whole(p->machine.integrity)) {
		return true;
	}
	return p->are_files_new && !p->settings->sensor.is_once; /* once says all of it */
}

static int64_t begin_walk(struct collecting *p, uint16_t table)
{
	p->reading = table;
	tick_now(p);
	return clock_cpu_us();
}

static void end_walk(struct collecting *p, uint16_t table, int64_t begun_us)
{
	thrift_note_walk(&p->thrift, table, clock_cpu_us() - begun_us);
	loop_timer_arm(p->trim_timer, TRIM_AFTER_MS);
}

static int on_collect(void *context, uint16_t table, row_taker *take, void *take_context)
{
	struct collecting *p = context;
	int64_t begun_us = begin_walk(p, table);
	int error;

	if (table == TABLE_FILES) {
		p->are_files_whole = false;
	}
	watches_begin(p->watches, table);
	error = collector_run(collector_of(table), &p->machine, take, take_context);
	watches_end(p->watches);
	if (p->machine.served != NULL && served_listeners_take_change(p->machine.served)) {
		reporter_signal(p->reporter, TABLE_CERTIFICATES, clock_ms());
	}
	if (table == TABLE_UPDATES && offers_reread_at_ms(p->machine.offers) != 0) {
		loop_timer_arm(p->updates_timer,
			       offers_reread_at_ms(p->machine.offers) - clock_ms());
	}
	end_walk(p, table, begun_us);
	return error;
}

static int on_collect_changes(void *context, uint16_t table, row_taker *gone, row_taker *take,
			      void *take_context)
{
	struct collecting *p = context;
	int64_t begun_us;
	int error;

	if (table != TABLE_FILES || p->are_files_whole) {
		return ERR_UNSUPPORTED;
	}
	begun_us = begin_walk(p, table);
	error = collector_run_changes(collector_of(table), &p->machine, gone, take, take_context);
	if (error != ERR_UNSUPPORTED) {
		end_walk(p, table, begun_us);
	}
	return error;
}

/* New packages have waited for APT's lists. */
static void read_updates(void *context)
{
	struct collecting *p = context;

	reporter_signal(p->reporter, TABLE_UPDATES, clock_ms());
}

static int on_send(void *context, struct span frame)
{
	struct collecting *p = context;

	thrift_note_sent(&p->thrift, frame.len, clock_ms());
	return channel_send(p->channel, LINK_FRAME, p->connection, frame);
}

/* Tables follow what the policy says, and what the supervisor knows of walks that never ended. */
static void apply_to_tables(struct collecting *p)
{
	const struct policy *policy = policy_store_policy(p->policy);

	for (size_t i = 0; collectors[i] != NULL; i++) {
		uint16_t table = collectors[i]->table;
		const struct policy_collector *asked = &policy->collectors[table];
		bool is_hung = (p->hung_tables & UINT64_C(1) << table) != 0;
		const char *off = is_hung ? "reading it did not end, so it is left out"
				  : asked->is_on == POLICY_OFF ? "off by policy"
							       : NULL;

		reporter_set_table(p->reporter, table, off != NULL,
				   (int64_t)asked->period_s * 1000);
		if (off != NULL) {
			health_note(p->machine.health, table, is_hung ? ERR_TIMEOUT : 0, off, 0);
		} else if (p->is_off[table]) {
			reporter_signal(p->reporter, table, clock_ms());
		}
		p->is_off[table] = off != NULL;
	}
}

/* Events of files have no source of their own: they come with the table's watching. */
static void tell_file_changes(struct collecting *p)
{
	const struct policy *policy = policy_store_policy(p->policy);

	if (policy->events[EVENT_FILE_CHANGES].is_on == POLICY_OFF) {
		health_say(p->machine.health, "file_changes", HEALTH_OFF, "off by policy");
	} else if (p->group_fd < 0) {
		health_say(p->machine.health, "file_changes", HEALTH_LIMITED,
			   "no fanotify: inotify does not tell who");
	} else {
		health_say(p->machine.health, "file_changes", HEALTH_OK, NULL);
	}
}

/* Everything that depends on the policy is told that it changed. */
static void apply_policy(struct collecting *p)
{
	apply_to_tables(p);
	thrift_apply_policy(&p->thrift, policy_store_policy(p->policy));
	integrity_use_policy(p->machine.integrity, policy_store_policy(p->policy));
	event_path_apply_policy(&p->events);
	tell_file_changes(p);
	reporter_set_policy(p->reporter, policy_store_digest(p->policy));
	p->are_files_whole = true;
	reporter_signal(p->reporter, TABLE_FILES, clock_ms());
}

static int on_policy(void *context, struct span digest, struct span bytes)
{
	struct collecting *p = context;
	bool is_remembered = false;
	int error = policy_store_set(p->policy, digest, bytes, &is_remembered);

	if (error != 0) {
		log_warn("the server's policy cannot be read, the old one stays",
			 log_text("error", error_text(error)));
		return error;
	}
	log_info("a new policy is in force", log_number("bytes", (int64_t)bytes.len),
		 log_text("remembered", is_remembered ? "yes" : "no"));
	apply_policy(p);
	return 0;
}

static int64_t on_walk_at(void *context, uint16_t table, int64_t now_ms)
{
	struct collecting *p = context;

	/* what the sensor says of itself costs nothing, and is what would say why all else waits */
	return table == TABLE_SENSOR_HEALTH ? now_ms : thrift_walk_at(&p->thrift, table, now_ms);
}

static bool on_is_congested(void *context)
{
	const struct collecting *p = context;

	return channel_is_congested(p->channel);
}

static void on_end(void *context, const struct link_end *end)
{
	struct collecting *p = context;
	uint8_t bytes[LINK_END_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);

	link_end_write(end, &w);
	if (channel_send(p->channel, LINK_END, p->connection, writer_span(&w)) != 0) {
		stop(p, SENSOR_RESTART);
	}
	p->connection = 0;
}

static void on_acknowledged(void *context)
{
	struct collecting *p = context;

	if (!loop_timer_is_armed(p->snapshot_timer)) {
		loop_timer_arm(p->snapshot_timer, SNAPSHOT_PAUSE_MS);
	}
}

static void write_snapshot(void *context)
{
	struct collecting *p = context;
	size_t count;
	struct ledger *ledgers = reporter_ledgers(p->reporter, &count);
	int error = snapshot_store_write(&p->store, ledgers, count);

	if (error != 0) {
		log_warn("cannot write the snapshot; after a restart tables are compared whole",
			 log_text("folder", p->settings->sensor.state.folder),
			 log_text("error", error_text(error)));
	}
}

static void trim(void *context)
{
	(void)context;
	heap_trim();
}

/* The table may have changed, for whatever reason; 0: all of them. */
static void signal_table(struct collecting *p, uint16_t table)
{
	p->are_files_whole = p->are_files_whole || table == 0 || table == TABLE_FILES;
	reporter_signal(p->reporter, table, clock_ms());
}

static void on_file_changed(void *context, uint16_t table)
{
	struct collecting *p = context;

	if (table == TABLE_PRIVILEGED_FILES || table == 0) {
		privileged_walk_begin(p->machine.programs); /* which ends in its signal */
	}
	if (table != TABLE_PRIVILEGED_FILES) {
		signal_table(p, table);
	}
}

static void on_signal(void *context, uint16_t table, pid_t pid)
{
	struct collecting *p = context;

	if (pid != 0 && p->machine.owners != NULL) {
		socket_owners_hint(p->machine.owners, pid);
	}
	signal_table(p, table);
}

static void walk_all(void *context)
{
	struct collecting *p = context;

	if (p->hung_tables != 0 && !p->settings->sensor.is_stuck && p->walks++ > 0) {
		p->hung_tables = 0; /* what hung an hour ago may not any more */
		apply_to_tables(p);
	}
	signal_table(p, 0);
	integrity_verify(p->machine.integrity);
	privileged_walk_begin(p->machine.programs);
	loop_timer_arm(p->walk_timer, FULL_WALK_MS + random() % FULL_WALK_SPREAD_MS);
}

static uint64_t progress(const struct collecting *p)
{
	return reporter_progress(p->reporter) + integrity_progress(p->machine.integrity);
}

/* --once: ends when all is said, or when nothing moves. */
static void check_once(struct collecting *p)
{
	const char *refused = reporter_refused(p->reporter);

	if (refused != NULL) {
		log_error("the server refused a table", log_text("table", refused));
		stop(p, SENSOR_FAILED);
	} else if (reporter_is_settled(p->reporter) && integrity_is_settled(p->machine.integrity)) {
		stop(p, SENSOR_DONE);
	} else if (progress(p) != p->once_progress) {
		p->once_progress = progress(p);
		loop_timer_arm(p->once_timer, ONCE_PATIENCE_MS);
	}
}

static void give_up_once(void *context)
{
	log_error("nothing moved for a minute, giving up",
		  log_text("hint", "is the server running, and reachable from here?"));
	stop(context, SENSOR_FAILED);
}

/* What the turn cost, and whether the next should be another one. */
static void after_work(struct collecting *p)
{
	int64_t now_ms = clock_ms();
	bool is_changed = false;
	bool is_busy;

	if (reporter_is_settled(p->reporter)) {
		thrift_hold(&p->thrift);
	}
	/* what watching files takes it accounts for itself: a baseline must not make tables wait */
	thrift_note_cpu(&p->thrift,
			(uint64_t)clock_cpu_us() - integrity_cpu_us(p->machine.integrity) -
				privileged_walk_cpu_us(p->machine.programs),
			now_ms);
	thrift_tell(&p->thrift, p->machine.health, now_ms);
	if (p->reading == 0) {
		return;
	}
	p->reading = 0;
	tick(p, 0);
	is_busy = thrift_is_busy(&p->thrift, now_ms, &is_changed);
	if (is_changed) {
		log_debug("others need this machine", log_text("busy", is_busy ? "yes" : "no"));
		reporter_set_patient(p->reporter, is_busy);
	}
}

/* Before each sleep: does what is due and asks to be woken for the next. */
static void turn(void *context)
{
	struct collecting *p = context;
	int64_t now_ms = clock_ms();
	int64_t next_ms = reporter_turn(p->reporter, now_ms);
	int64_t events_ms = event_path_turn(&p->events, clock_ms());

	after_work(p);
	if (health_take_change(p->machine.health)) {
		reporter_signal(p->reporter, TABLE_SENSOR_HEALTH, clock_ms());
		next_ms = clock_ms() + SCHEDULE_QUIET_MS;
	}
	next_ms = events_ms < next_ms ? events_ms : next_ms;
	if (next_ms == SCHEDULE_NEVER) {
		loop_timer_disarm(p->turn_timer);
	} else {
		now_ms = clock_ms();
		loop_timer_arm(p->turn_timer, next_ms > now_ms ? next_ms - now_ms : 0);
	}
	if (p->settings->sensor.is_once) {
		check_once(p);
	}
}

static void wake(void *context)
{
	(void)context; /* the turn follows */
}

static void note_cost(struct collecting *p, struct span body)
{
	struct reader r = reader_over(body);
	uint64_t used_us = reader_be64(&r);

	if (reader_ok(&r)) {
		thrift_note_other_cpu(&p->thrift, used_us, clock_ms());
	}
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct collecting *p = context;

	switch (kind) {
	case LINK_CONNECTED:
		p->connection = id;
		reporter_connected(p->reporter, clock_ms());
		break;
	case LINK_DISCONNECTED:
		if (id == p->connection) {
			p->connection = 0;
			reporter_disconnected(p->reporter);
		}
		break;
	case LINK_FRAME:
		if (id == p->connection) {
			reporter_receive(p->reporter, body, clock_ms());
		}
		break;
	case LINK_PING:
		tick(p, 0);
		break;
	case LINK_COST:
		note_cost(p, body);
		break;
	default:
		break;
	}
}

static void on_drained(void *context)
{
	(void)context; /* the turn follows */
}

static void on_closed(void *context)
{
	stop(context, SENSOR_RESTART); /* the connector is gone */
}

/* Whether the agent ends or only this process the supervisor knows, who asked for it or did not. */
static void on_stop(void *context)
{
	stop(context, SENSOR_RESTART);
}

static size_t offered_tables(const struct collecting *p, uint16_t out[MESSAGE_TABLES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; collectors[i] != NULL; i++) {
		if (p->machine.is_live || !schema_by_number(collectors[i]->table)->is_live_only) {
			out[count++] = collectors[i]->table;
		}
	}
	return count;
}

/* Read and write: what is remembered of it counts from the start, also where no server is. */
static void open_policy(struct collecting *p)
{
	struct why why = { .text = "" };
	int fd = state_open_file(&p->settings->sensor.state, "policy", &why);

	if (fd < 0) {
		log_warn("policies are not remembered", log_text("reason", why.text));
	}
	p->policy = policy_store_open(fd);
	thrift_init(&p->thrift, policy_store_policy(p->policy), clock_ms());
}

static int open_machine(struct collecting *p, struct why *why)
{
	int error = machine_open(p->settings->root, &p->machine, why);

	if (error == 0) {
		error = watches_new(p->loop, on_file_changed, p, &p->watches, why);
	}
	if (error != 0) {
		return error;
	}
	p->machine.health = health_new();
	p->machine.policy = policy_store_policy(p->policy);
	tree_observe(p->machine.tree, watches_look, p->watches);
	tree_on_progress(p->machine.tree, on_walk_progress, p);
	p->signals = signals_new(p->loop, on_signal, p);
	for (size_t i = 0; p->machine.is_live && i < 64 && collectors[i] != NULL; i++) {
		if (collectors[i]->watch != NULL) {
			collectors[i]->watch(p->signals);
		}
	}
	return 0;
}

static void on_files_changed(void *context)
{
	struct collecting *p = context;

	reporter_signal(p->reporter, TABLE_FILES, clock_ms());
}

static void put_file_change(void *context, const struct row *row)
{
	const struct collecting *p = context;

	event_sink_put(p->events.sink, clock_wall_ms(), row);
}

static void on_file_happened(void *context, const struct file_change *change)
{
	struct collecting *p = context;

	if (p->events.sink != NULL && event_sink_wants(p->events.sink, EVENT_FILE_CHANGES)) {
		file_changes_tell(&p->file_changes, change, put_file_change, p);
	}
}

static void on_files_lost(void *context)
{
	const struct collecting *p = context;

	if (p->events.sink != NULL && event_sink_wants(p->events.sink, EVENT_FILE_CHANGES)) {
		event_sink_lost(p->events.sink, "kernel", 0);
	}
}

static void on_programs_changed(void *context)
{
	on_file_changed(context, TABLE_PRIVILEGED_FILES);
}

/* Where the first walk ended before anything was watched, there is a second one. */
static void on_programs_walked(void *context)
{
	struct collecting *p = context;

	reporter_signal(p->reporter, TABLE_PRIVILEGED_FILES, clock_ms());
	if (!p->are_programs_watched) {
		p->are_programs_watched = true;
		privileged_walk_begin(p->machine.programs);
	}
}

static int open_integrity(struct collecting *p, struct why *why)
{
	static const struct integrity_hooks hooks = { .changed = on_files_changed,
						      .happened = on_file_happened,
						      .lost = on_files_lost,
						      .marked = on_programs_changed };
	struct integrity_settings settings = { .loop = p->loop,
					       .tree = p->machine.tree,
					       .group_fd = p->group_fd,
					       .state_folder = p->settings->sensor.state.folder };
	int error = state_open_hashes(&p->settings->sensor.state, settings.cache_fds, why);

	if (error == 0) {
		file_changes_init(&p->file_changes, p->machine.tree);
		p->machine.integrity = integrity_new(&settings, &hooks, p);
		p->machine.programs = privileged_walk_new(
			p->loop, p->machine.tree, p->machine.integrity, on_programs_walked, p);
	}
	return error;
}

static int open_reporter(struct collecting *p, struct why *why)
{
	const struct reporter_hooks hooks = { .is_ready = on_is_ready,
					      .collect = on_collect,
					      .collect_changes = on_collect_changes,
					      .send = on_send,
					      .is_congested = on_is_congested,
					      .end = on_end,
					      .acknowledged = on_acknowledged,
					      .policy = on_policy,
					      .walk_at = on_walk_at };
	uint16_t tables[MESSAGE_TABLES_MAX];
	int fds[STATE_SNAPSHOTS];
	struct ledger *ledgers;
	size_t count;
	int error = state_open_snapshots(&p->settings->sensor.state, fds, why);

	if (error != 0) {
		return error;
	}
	p->reporter = reporter_new(tables, offered_tables(p, tables), span_of(BARTIZAN_VERSION),
				   &hooks, p);
	ledgers = reporter_ledgers(p->reporter, &count);
	p->are_files_new = true;
	if (!snapshot_store_open(&p->store, fds, ledgers, count)) {
		log_debug("no snapshot of earlier runs",
			  log_text("folder", p->settings->sensor.state.folder));
	}
	for (size_t i = 0; i < count; i++) {
		p->are_files_new = p->are_files_new &&
				   (ledgers[i].table != TABLE_FILES || ledgers[i].count == 0);
	}
	return 0;
}

static void open_timers(struct collecting *p)
{
	p->turn_timer = loop_timer(p->loop, wake, p);
	p->snapshot_timer = loop_timer(p->loop, write_snapshot, p);
	p->trim_timer = loop_timer(p->loop, trim, p);
	p->updates_timer = loop_timer(p->loop, read_updates, p);
	p->walk_timer = loop_timer(p->loop, walk_all, p);
	p->once_timer = loop_timer(p->loop, give_up_once, p);
	srandom((unsigned)(clock_us() ^ getpid()));
	walk_all(p);
	if (p->settings->sensor.is_once) {
		loop_timer_arm(p->once_timer, ONCE_PATIENCE_MS);
	}
}

static int open_all(struct collecting *p, struct why *why)
{
	int error;

	p->loop = loop_new();
	loop_on_signal(p->loop, SIGTERM, on_stop, p);
	loop_on_signal(p->loop, SIGINT, on_stop, p);
	open_policy(p);
	error = open_machine(p, why);
	if (error == 0) {
		error = open_reporter(p, why);
	}
	if (error == 0) {
		error = open_integrity(p, why);
	}
	if (error == 0) {
		event_path_open(&p->events, &p->settings->sensor.state, &p->machine, p->loop,
				p->machine.is_live);
		reporter_set_events(p->reporter, &p->events.sender);
		apply_policy(p);
		error = collector_confine(p->settings->is_firewall_read, why);
	}
	if (error == 0 && p->machine.is_live && !sandbox_has(CAP_DAC_READ_SEARCH)) {
		log_info("without CAP_DAC_READ_SEARCH (not root): some rows stay unseen",
			 log_text("tables",
				  "authorized_keys cron certificates firewall hardware listeners"));
	}
	return error;
}

static void close_all(struct collecting *p)
{
	channel_free(&p->channel);
	loop_timer_free(&p->turn_timer);
	loop_timer_free(&p->snapshot_timer);
	loop_timer_free(&p->trim_timer);
	loop_timer_free(&p->updates_timer);
	loop_timer_free(&p->walk_timer);
	loop_timer_free(&p->once_timer);
	snapshot_store_close(&p->store);
	reporter_free(&p->reporter);
	privileged_walk_free(&p->machine.programs);
	integrity_free(&p->machine.integrity);
	event_path_close(&p->events);
	policy_store_close(&p->policy);
	signals_free(&p->signals);
	watches_free(&p->watches);
	health_free(&p->machine.health);
	machine_close(&p->machine);
	loop_free(&p->loop);
}

/* Enrolling is the connector's work. */
static void wipe_token(struct sensor_settings *settings)
{
	if (settings->token != NULL) {
		secret_wipe(span_of(settings->token));
	}
}

int collector_process(void *context)
{
	static const struct channel_handler handler = { .message = on_message,
							.drained = on_drained,
							.closed = on_closed };
	struct sensor_child *child = context;
	struct collecting *p = alloc_zeroed(1, sizeof *p);
	struct why why;
	int status;

	file_close(&child->other_fd);
	load_give_way();
	log_open("collector", child->settings->is_verbose ? LOG_DEBUG : LOG_INFO);
	p->settings = child->program->own;
	p->hung_tables = child->settings->hung_tables;
	wipe_token(child->settings);
	p->status = SENSOR_DONE;
	p->group_fd = p->settings->fanotify_fd;
	if (open_all(p, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
		return SENSOR_FAILED;
	}
	p->channel = channel_new(p->loop, child->channel_fd, SENSOR_CHANNEL_QUEUE_MAX, &handler, p);
	open_timers(p);
	loop_on_idle(p->loop, turn, p);
	loop_run(p->loop);
	loop_on_idle(p->loop, NULL, NULL);
	write_snapshot(p);
	integrity_save(p->machine.integrity);
	status = p->status;
	close_all(p);
	free(p);
	return status;
}
