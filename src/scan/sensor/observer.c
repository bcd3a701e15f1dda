/*
 * observer.c - keeps what was found and tells it; scanning is its children's work.
 *
 * Children are started first, then the state folder's files are opened, then the process confines
 * itself: no capability, no socket, nothing but the opt-out list to read.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "scan/opt_out.h"
#include "scan/sensor/asker.h"
#include "scan/sensor/campaign.h"
#include "scan/sensor/finder.h"
#include "scan/sensor/found_store.h"
#include "scan/sensor/names.h"
#include "scan/sensor/scanner.h"
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
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/sandbox.h"
#include "wire/message.h"

#define SNAPSHOT_PAUSE_MS 2000

/* Every table is read again this often: a safety net, nothing more. */
#define FULL_WALK_MS 3600000

/* --once gives up when nothing moved for so long. */
#define ONCE_PATIENCE_MS 60000

static const uint16_t tables[] = { TABLE_SCAN_SCOPES,   TABLE_SCAN_HOSTS,        TABLE_SCAN_PORTS,
				   TABLE_SCAN_TLS,      TABLE_SCAN_CERTIFICATES, TABLE_SCAN_WEB,
				   TABLE_SCAN_HOST_KEYS };

struct observing {
	const struct scanner_settings *settings;
	struct loop *loop;
	struct reporter *reporter;
	struct snapshot_store snapshots;
	struct policy_store *policy;
	struct found *found;
	struct found_store found_store;
	struct campaign_lines lines;
	struct campaign *campaign;
	struct channel *channel;
	uint64_t connection; /* the number of the one at hand; 0: none */
	bool is_policed;     /* a policy came since the start, or one was remembered */
	struct loop_timer *turn_timer;
	struct loop_timer *snapshot_timer;
	struct loop_timer *walk_timer;
	struct loop_timer *once_timer;
	uint64_t once_progress;
	int status;
};

static void stop(struct observing *p, int status)
{
	p->status = status;
	loop_stop(p->loop);
}

static void tick(struct observing *p, uint16_t table)
{
	const struct link_tick told = { table, policy_store_digest(p->policy) };
	uint8_t bytes[LINK_TICK_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);

	link_tick_write(&told, &w);
	(void)!channel_send(p->channel, LINK_TICK, p->connection, writer_span(&w));
}

/* --- what the reporter asks --- */

struct taking {
	row_taker *take;
	void *context;
};

static void take_row(void *context, struct span row)
{
	const struct taking *t = context;

	t->take(t->context, row);
}

static int on_collect(void *context, uint16_t table, row_taker *take, void *take_context)
{
	struct observing *p = context;
	struct taking t = { take, take_context };

	found_each_row(p->found, table, campaign_status, p->campaign, take_row, &t);
	return 0;
}

static int on_send(void *context, struct span frame)
{
	struct observing *p = context;

	return channel_send(p->channel, LINK_FRAME, p->connection, frame);
}

static bool on_is_congested(void *context)
{
	const struct observing *p = context;

	return channel_is_congested(p->channel);
}

static void on_end(void *context, const struct link_end *end)
{
	struct observing *p = context;
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
	struct observing *p = context;

	if (!loop_timer_is_armed(p->snapshot_timer)) {
		loop_timer_arm(p->snapshot_timer, SNAPSHOT_PAUSE_MS);
	}
	campaign_acknowledged(p->campaign);
}

static int on_policy(void *context, struct span digest, struct span bytes)
{
	struct observing *p = context;
	bool is_remembered = false;
	int error = policy_store_set(p->policy, digest, bytes, &is_remembered);

	if (error != 0) {
		log_warn("the server's policy cannot be read, the old one stays",
			 log_text("error", error_text(error)));
		return error;
	}
	log_info("a new policy is in force",
		 log_number("scopes", (int64_t)policy_store_policy(p->policy)->scope_count),
		 log_text("remembered", is_remembered ? "yes" : "no"));
	p->is_policed = true;
	campaign_set_policy(p->campaign, policy_store_policy(p->policy));
	reporter_set_policy(p->reporter, policy_store_digest(p->policy));
	return 0;
}

/* --- what the campaign says --- */

static void on_changed(void *context, uint16_t table)
{
	struct observing *p = context;

	reporter_signal(p->reporter, table, clock_ms());
}

static bool on_is_told(void *context, uint16_t table, const struct rowhash *hash)
{
	const struct observing *p = context;
	size_t count;
	const struct ledger *ledgers = reporter_ledgers(p->reporter, &count);
	size_t at;

	for (size_t i = 0; i < count; i++) {
		if (ledgers[i].table == table) {
			return ledger_find(&ledgers[i], hash, &at);
		}
	}
	return false;
}

static void on_lost(void *context, const char *which)
{
	struct observing *p = context;

	if (p->status == SENSOR_DONE) {
		log_warn("a process of the scanner is gone; all are started anew",
			 log_text("process", which));
	}
	stop(p, SENSOR_RESTART);
}

/* --- files --- */

static void write_snapshot(void *context)
{
	struct observing *p = context;
	size_t count;
	struct ledger *ledgers = reporter_ledgers(p->reporter, &count);
	int error = snapshot_store_write(&p->snapshots, ledgers, count);

	if (error != 0) {
		log_warn("cannot write the snapshot; after a restart tables are compared whole",
			 log_text("error", error_text(error)));
	}
}

static void save(struct observing *p)
{
	int error = found_store_write(&p->found_store, p->found);

	if (error != 0) {
		log_warn("cannot write what was found; after a restart it is looked for again",
			 log_text("folder", p->settings->sensor.state.folder),
			 log_text("error", error_text(error)));
	}
}

/* --- turns --- */

static void walk_all(void *context)
{
	struct observing *p = context;

	reporter_signal(p->reporter, 0, clock_ms());
	loop_timer_arm(p->walk_timer, FULL_WALK_MS);
}

static void check_once(struct observing *p)
{
	const char *refused = reporter_refused(p->reporter);
	size_t done;
	size_t scopes = campaign_scopes(p->campaign, &done);
	uint64_t progress = reporter_progress(p->reporter) + campaign_progress(p->campaign);

	if (refused != NULL) {
		log_error("the server refused a table", log_text("table", refused));
		stop(p, SENSOR_FAILED);
	} else if (p->is_policed && done == scopes && reporter_is_settled(p->reporter)) {
		if (scopes == 0) {
			log_warn("nothing was scanned",
				 log_text("reason", "no scope is registered and proved"));
		}
		stop(p, SENSOR_DONE);
	} else if (progress != p->once_progress) {
		p->once_progress = progress;
		loop_timer_arm(p->once_timer, ONCE_PATIENCE_MS);
	}
}

static void give_up_once(void *context)
{
	struct observing *p = context;
	size_t done;

	if (campaign_scopes(p->campaign, &done) == 0) {
		log_error("no scope came from the server, giving up",
			  log_text("hint", "bartizan scope add, bartizan scope prove"));
	} else {
		log_error("nothing moved for a minute, giving up",
			  log_text("hint", "is the server running, and reachable from here?"));
	}
	stop(p, SENSOR_FAILED);
}

static void turn(void *context)
{
	struct observing *p = context;
	int64_t next_ms = reporter_turn(p->reporter, clock_ms());

	if (next_ms == SCHEDULE_NEVER) {
		loop_timer_disarm(p->turn_timer);
	} else {
		int64_t now_ms = clock_ms();

		loop_timer_arm(p->turn_timer, next_ms > now_ms ? next_ms - now_ms : 0);
	}
	if (campaign_take_unsaved(p->campaign)) {
		save(p);
	}
	if (p->settings->sensor.is_once) {
		check_once(p);
	}
}

static void wake(void *context)
{
	(void)context; /* the turn follows */
}

/* --- the connector --- */

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct observing *p = context;

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

static void on_stop(void *context)
{
	stop(context, SENSOR_RESTART); /* the supervisor knows why */
}

/* --- life --- */

static int start_children(struct observing *p, struct why *why)
{
	const struct asker_settings asking = { .fingerprints = p->settings->fingerprints,
					       .roots = p->settings->roots };
	int error = finder_start(p->settings->contact, &p->lines.finder, why);

	error = error == 0 ? asker_start(&asking, &p->lines.asker, why) : error;
	return error == 0 ? names_start(&p->lines.names, why) : error;
}

static void open_policy(struct observing *p)
{
	struct why why;
	int fd = state_open_file(&p->settings->sensor.state, "policy", &why);

	if (fd < 0) {
		log_warn("policies are not remembered", log_text("reason", why.text));
	}
	p->policy = policy_store_open(fd);
	p->is_policed = policy_store_policy(p->policy)->scope_count > 0;
}

static int open_reporter(struct observing *p, struct why *why)
{
	const struct reporter_hooks hooks = { .collect = on_collect,
					      .send = on_send,
					      .is_congested = on_is_congested,
					      .end = on_end,
					      .acknowledged = on_acknowledged,
					      .policy = on_policy };
	int fds[STATE_SNAPSHOTS];
	struct ledger *ledgers;
	size_t count;
	int error = state_open_snapshots(&p->settings->sensor.state, fds, why);

	if (error != 0) {
		return error;
	}
	p->reporter = reporter_new(tables, COUNT_OF(tables), span_of(BARTIZAN_VERSION), &hooks, p);
	reporter_set_kind(p->reporter, "scanner");
	ledgers = reporter_ledgers(p->reporter, &count);
	(void)snapshot_store_open(&p->snapshots, fds, ledgers, count);
	reporter_set_policy(p->reporter, policy_store_digest(p->policy));
	return 0;
}

static void open_campaign(struct observing *p)
{
	static const struct campaign_hooks hooks = { on_changed, on_is_told, on_lost };

	p->campaign =
		campaign_new(p->loop, &p->lines, p->found, p->settings->sensor.is_once, &hooks, p);
	campaign_set_policy(p->campaign, policy_store_policy(p->policy));
}

static void open_timers(struct observing *p)
{
	p->turn_timer = loop_timer(p->loop, wake, p);
	p->snapshot_timer = loop_timer(p->loop, write_snapshot, p);
	p->walk_timer = loop_timer(p->loop, walk_all, p);
	p->once_timer = loop_timer(p->loop, give_up_once, p);
	walk_all(p);
	if (p->settings->sensor.is_once) {
		loop_timer_arm(p->once_timer, ONCE_PATIENCE_MS);
	}
}

static int confine(struct why *why)
{
	static const struct sandbox_path paths[] = { { OPT_OUT_PATH, false },
						     { OPT_OUT_PATH ".pub", false } };
	const int keep[] = { -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), 0, why);
		error = error == ERR_UNSUPPORTED ? 0 : error; /* the connector says so */
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_SOCKETS_OPEN,
				      why);
	}
	return error == ERR_UNSUPPORTED ? 0 : error; /* the supervisor said so */
}

static int open_all(struct observing *p, struct why *why)
{
	int error = start_children(p, why);

	if (error != 0) {
		return error;
	}
	p->loop = loop_new();
	loop_on_signal(p->loop, SIGTERM, on_stop, p);
	loop_on_signal(p->loop, SIGINT, on_stop, p);
	open_policy(p);
	found_store_open(&p->found_store, &p->settings->sensor.state, &p->found);
	error = open_reporter(p, why);
	return error == 0 ? confine(why) : error;
}

static void close_all(struct observing *p)
{
	campaign_free(&p->campaign);
	channel_free(&p->channel);
	loop_timer_free(&p->turn_timer);
	loop_timer_free(&p->snapshot_timer);
	loop_timer_free(&p->walk_timer);
	loop_timer_free(&p->once_timer);
	snapshot_store_close(&p->snapshots);
	reporter_free(&p->reporter);
	found_free(&p->found);
	found_store_close(&p->found_store);
	policy_store_close(&p->policy);
	loop_free(&p->loop);
}

int observer_process(void *context)
{
	static const struct channel_handler handler = { on_message, on_drained, on_closed };
	struct sensor_child *child = context;
	struct observing *p = alloc_zeroed(1, sizeof *p);
	struct why why;
	int status;

	file_close(&child->other_fd);
	log_open("scanner", child->settings->is_verbose ? LOG_DEBUG : LOG_INFO);
	p->settings = child->program->own;
	p->status = SENSOR_DONE;
	if (child->settings->token != NULL) {
		secret_wipe(span_of(child->settings->token)); /* enrolling is the connector's */
	}
	if (open_all(p, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
		return SENSOR_FAILED;
	}
	p->channel = channel_new(p->loop, child->channel_fd, SENSOR_CHANNEL_QUEUE_MAX, &handler, p);
	open_timers(p);
	open_campaign(p);
	loop_on_idle(p->loop, turn, p);
	loop_run(p->loop);
	loop_on_idle(p->loop, NULL, NULL);
	write_snapshot(p);
	save(p);
	status = p->status;
	close_all(p);
	free(p);
	return status;
}
