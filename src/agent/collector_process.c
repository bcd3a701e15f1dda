/*
 * collector_process.c - reads the machine, talks to nobody but the connector.
 *
 * Everything is opened first, then the process confines itself: no socket, no file opened for
 * writing, no program. Landlock is not used here on purpose: it also hides /proc/PID/fd of
 * processes outside its domain, and with them whose a listening socket is.
 */
#include <linux/capability.h>
#include <stdlib.h>

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
#include "schema/schema.h"
#include "sensor/observer.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/heap.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "sys/sandbox.h"
#include "wire/message.h"

/* The hourly walk comes up to a quarter later, so that a fleet does not do it at once. */
#define FULL_WALK_SPREAD_MS 900000

/* Memory goes back to the system when nothing was read for so long. */
#define TRIM_AFTER_MS 200

/* A long walk says so often that it moves. */
#define TICK_MS 5000

struct collecting {
	const struct agent_settings *settings;
	struct observer observer;
	struct machine machine;
	int group_fd; /* of fanotify; integrity takes it over */
	struct watches *watches;
	struct signals *signals;
	struct event_path events;
	struct file_changes file_changes;
	struct thrift thrift;
	bool is_off[SCHEMA_TABLES_MAX];
	uint16_t reading;     /* the table that was read in this turn; 0: none */
	uint64_t hung_tables; /* a bit each */
	unsigned walks;       /* through all tables, by the clock */
	struct loop_timer *trim_timer;
	struct loop_timer *updates_timer;
	bool are_programs_watched;
	bool are_files_whole; /* to be told whole: more than watched files may have changed */
	bool are_files_new;   /* none of them was told in an earlier run */
};

/* A walk goes on, however long it takes. */
static void on_walk_progress(void *context)
{
	struct collecting *p = context;

	if (p->reading != 0 && clock_ms() - p->observer.ticked_ms > TICK_MS) {
		observer_tick_now(&p->observer, p->reading);
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
	observer_tick_now(&p->observer, table);
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
		observer_signal(&p->observer, TABLE_CERTIFICATES);
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

	observer_signal(&p->observer, TABLE_UPDATES);
}

static void on_sent(void *context, size_t len)
{
	struct collecting *p = context;

	thrift_note_sent(&p->thrift, len, clock_ms());
}

/* Tables follow what the policy says, and what the supervisor knows of walks that never ended. */
static void apply_to_tables(struct collecting *p)
{
	const struct policy *policy = policy_store_policy(p->observer.policy);

	for (size_t i = 0; collectors[i] != NULL; i++) {
		uint16_t table = collectors[i]->table;
		const struct policy_collector *asked = &policy->collectors[table];
		bool is_hung = (p->hung_tables & UINT64_C(1) << table) != 0;
		const char *off = is_hung ? "reading it did not end, so it is left out"
				  : asked->is_on == POLICY_OFF ? "off by policy"
							       : NULL;

		reporter_set_table(p->observer.reporter, table, off != NULL,
				   (int64_t)asked->period_s * 1000);
		if (off != NULL) {
			health_note(p->machine.health, table, is_hung ? ERR_TIMEOUT : 0, off, 0);
		} else if (p->is_off[table]) {
			observer_signal(&p->observer, table);
		}
		p->is_off[table] = off != NULL;
	}
}

/* Events of files have no source of their own: they come with the table's watching. */
static void tell_file_changes(struct collecting *p)
{
	const struct policy *policy = policy_store_policy(p->observer.policy);

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
static void apply_policy(void *context)
{
	struct collecting *p = context;

	apply_to_tables(p);
	thrift_apply_policy(&p->thrift, policy_store_policy(p->observer.policy));
	integrity_use_policy(p->machine.integrity, policy_store_policy(p->observer.policy));
	event_path_apply_policy(&p->events);
	tell_file_changes(p);
	p->are_files_whole = true;
	observer_signal(&p->observer, TABLE_FILES);
}

static int64_t on_walk_at(void *context, uint16_t table, int64_t now_ms)
{
	struct collecting *p = context;

	/* what the sensor says of itself costs nothing, and is what would say why all else waits */
	return table == TABLE_SENSOR_HEALTH ? now_ms : thrift_walk_at(&p->thrift, table, now_ms);
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
	observer_signal(&p->observer, table);
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

static void on_walk(void *context)
{
	struct collecting *p = context;

	if (p->hung_tables != 0 && !p->settings->sensor.is_stuck && p->walks++ > 0) {
		p->hung_tables = 0; /* what hung an hour ago may not any more */
		apply_to_tables(p);
	}
	p->are_files_whole = true;
	integrity_verify(p->machine.integrity);
	privileged_walk_begin(p->machine.programs);
}

static uint64_t on_progress(void *context)
{
	const struct collecting *p = context;

	return integrity_progress(p->machine.integrity);
}

static bool on_is_done(void *context)
{
	const struct collecting *p = context;

	return integrity_is_settled(p->machine.integrity);
}

/* What the turn cost, and whether the next should be another one. */
static void after_work(struct collecting *p)
{
	int64_t now_ms = clock_ms();
	bool is_changed = false;
	bool is_busy;

	if (reporter_is_settled(p->observer.reporter)) {
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
	observer_tick(&p->observer, 0);
	is_busy = thrift_is_busy(&p->thrift, now_ms, &is_changed);
	if (is_changed) {
		log_debug("others need this machine", log_text("busy", is_busy ? "yes" : "no"));
		reporter_set_patient(p->observer.reporter, is_busy);
	}
}

static int64_t on_turn(void *context)
{
	struct collecting *p = context;
	int64_t next_ms = event_path_turn(&p->events, clock_ms());
	int64_t now_ms;

	after_work(p);
	now_ms = clock_ms();
	if (!health_take_change(p->machine.health)) {
		return next_ms;
	}
	reporter_signal(p->observer.reporter, TABLE_SENSOR_HEALTH, now_ms);
	return next_ms < now_ms + SCHEDULE_QUIET_MS ? next_ms : now_ms + SCHEDULE_QUIET_MS;
}

static void on_cost(void *context, uint64_t used_us)
{
	struct collecting *p = context;

	thrift_note_other_cpu(&p->thrift, used_us, clock_ms());
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

static int open_machine(struct collecting *p, struct why *why)
{
	int error = machine_open(p->settings->root, &p->machine, why);

	if (error == 0) {
		error = watches_new(p->observer.loop, on_file_changed, p, &p->watches, why);
	}
	if (error != 0) {
		return error;
	}
	p->machine.health = health_new();
	p->machine.policy = policy_store_policy(p->observer.policy);
	tree_observe(p->machine.tree, watches_look, p->watches);
	tree_on_progress(p->machine.tree, on_walk_progress, p);
	p->signals = signals_new(p->observer.loop, on_signal, p);
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

	observer_signal(&p->observer, TABLE_FILES);
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

	observer_signal(&p->observer, TABLE_PRIVILEGED_FILES);
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
	struct integrity_settings settings = { .loop = p->observer.loop,
					       .tree = p->machine.tree,
					       .group_fd = p->group_fd,
					       .state_folder = p->settings->sensor.state.folder };
	int error = state_open_hashes(&p->settings->sensor.state, settings.cache_fds, why);

	if (error == 0) {
		file_changes_init(&p->file_changes, p->machine.tree);
		p->machine.integrity = integrity_new(&settings, &hooks, p);
		p->machine.programs =
			privileged_walk_new(p->observer.loop, p->machine.tree, p->machine.integrity,
					    on_programs_walked, p);
	}
	return error;
}

static int open_reporter(struct collecting *p, struct why *why)
{
	uint16_t tables[MESSAGE_TABLES_MAX];
	const struct ledger *ledgers;
	size_t count = offered_tables(p, tables);
	int error = observer_open_reporter(&p->observer, tables, count, why);

	if (error != 0) {
		return error;
	}
	ledgers = reporter_ledgers(p->observer.reporter, &count);
	p->are_files_new = true;
	for (size_t i = 0; i < count; i++) {
		p->are_files_new = p->are_files_new &&
				   (ledgers[i].table != TABLE_FILES || ledgers[i].count == 0);
	}
	return 0;
}

static int open_all(struct collecting *p, struct why *why)
{
	int error;

	observer_open(&p->observer);
	thrift_init(&p->thrift, policy_store_policy(p->observer.policy), clock_ms());
	error = open_machine(p, why);
	if (error == 0) {
		error = open_reporter(p, why);
	}
	if (error == 0) {
		error = open_integrity(p, why);
	}
	if (error == 0) {
		event_path_open(&p->events, &p->settings->sensor.state, &p->machine,
				p->observer.loop, p->machine.is_live);
		reporter_set_events(p->observer.reporter, &p->events.sender);
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
	observer_close(&p->observer);
	loop_timer_free(&p->trim_timer);
	loop_timer_free(&p->updates_timer);
	privileged_walk_free(&p->machine.programs);
	integrity_free(&p->machine.integrity);
	event_path_close(&p->events);
	signals_free(&p->signals);
	watches_free(&p->watches);
	health_free(&p->machine.health);
	machine_close(&p->machine);
	observer_done(&p->observer);
}

int collector_process(void *context)
{
	static const struct observer_hooks hooks = { .log_name = "collector",
						     .walk_spread_ms = FULL_WALK_SPREAD_MS,
						     .collect = on_collect,
						     .collect_changes = on_collect_changes,
						     .walk_at = on_walk_at,
						     .is_ready = on_is_ready,
						     .sent = on_sent,
						     .cost = on_cost,
						     .policy_changed = apply_policy,
						     .walk = on_walk,
						     .turn = on_turn,
						     .progress = on_progress,
						     .is_done = on_is_done };
	struct sensor_child *child = context;
	struct collecting *p = alloc_zeroed(1, sizeof *p);
	struct why why;
	int status;

	load_give_way();
	observer_begin(&p->observer, child, &hooks, p);
	p->settings = child->program->own;
	p->hung_tables = child->settings->hung_tables;
	p->group_fd = p->settings->fanotify_fd;
	if (open_all(p, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
		return SENSOR_FAILED;
	}
	p->trim_timer = loop_timer(p->observer.loop, trim, p);
	p->updates_timer = loop_timer(p->observer.loop, read_updates, p);
	observer_start(&p->observer);
	status = observer_run(&p->observer);
	integrity_save(p->machine.integrity);
	close_all(p);
	free(p);
	return status;
}
