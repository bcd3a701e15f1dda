/*
 * scanner_process.c - keeps what was found and tells it; scanning is its children's work.
 *
 * Children are started first, then the state folder's files are opened, then the process confines
 * itself: no capability, no socket, nothing but the opt-out list to read.
 */
#include <stdlib.h>

#include "base/error.h"
#include "scan/targets/opt_out.h"
#include "scan/sensor/campaign.h"
#include "scan/sensor/details.h"
#include "scan/sensor/finder.h"
#include "scan/sensor/found_store.h"
#include "scan/sensor/names.h"
#include "scan/sensor/scanner.h"
#include "schema/schema.h"
#include "sensor/observer.h"
#include "sys/alloc.h"
#include "sys/log.h"
#include "sys/sandbox.h"

static const uint16_t tables[] = { TABLE_SCAN_SCOPES,    TABLE_SCAN_HOSTS,        TABLE_SCAN_PORTS,
				   TABLE_SCAN_TLS,       TABLE_SCAN_CERTIFICATES, TABLE_SCAN_WEB,
				   TABLE_SCAN_HOST_KEYS, TABLE_SENSOR_HEALTH };

struct scanning {
	const struct scanner_settings *settings;
	struct observer observer;
	struct found *found;
	struct found_store found_store;
	struct campaign_lines lines;
	struct campaign *campaign;
	bool is_policed; /* a policy came since the start, or one was remembered */
};

/* --- what the observer asks --- */

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
	struct scanning *p = context;
	struct taking t = { take, take_context };

	if (table == TABLE_SENSOR_HEALTH) {
		campaign_each_health(p->campaign, take_row, &t);
		return 0;
	}
	found_each_row(p->found, table, campaign_status, p->campaign, take_row, &t);
	return 0;
}

static void on_acknowledged(void *context)
{
	struct scanning *p = context;

	campaign_acknowledged(p->campaign);
}

static void on_policy(void *context)
{
	struct scanning *p = context;
	const struct policy *policy = policy_store_policy(p->observer.policy);

	log_info("the policy names scopes", log_number("scopes", (int64_t)policy->scope_count));
	p->is_policed = true;
	campaign_set_policy(p->campaign, policy);
}

static void save(struct scanning *p)
{
	int error = found_store_write(&p->found_store, p->found);

	if (error != 0) {
		log_warn("cannot write what was found; after a restart it is looked for again",
			 log_text("folder", p->settings->sensor.state.folder),
			 log_text("error", error_text(error)));
	}
}

static int64_t on_turn(void *context)
{
	struct scanning *p = context;

	if (campaign_take_unsaved(p->campaign)) {
		save(p);
	}
	return SCHEDULE_NEVER;
}

static uint64_t on_progress(void *context)
{
	const struct scanning *p = context;

	return campaign_progress(p->campaign);
}

static bool on_is_done(void *context)
{
	const struct scanning *p = context;
	size_t done;
	size_t scopes = campaign_scopes(p->campaign, &done);

	return p->is_policed && done == scopes;
}

static bool on_tell_stuck(void *context)
{
	const struct scanning *p = context;
	size_t done;

	if (campaign_scopes(p->campaign, &done) > 0) {
		return false;
	}
	log_error("no scope came from the server, giving up",
		  log_text("hint", "bartizan scope add, bartizan scope prove"));
	return true;
}

/* --- what the campaign says --- */

static void on_changed(void *context, uint16_t table)
{
	struct scanning *p = context;

	observer_signal(&p->observer, table);
}

static bool on_is_told(void *context, uint16_t table, const struct rowhash *hash)
{
	const struct scanning *p = context;
	size_t count;
	const struct ledger *ledgers = reporter_ledgers(p->observer.reporter, &count);
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
	struct scanning *p = context;

	if (p->observer.status == SENSOR_DONE) {
		log_warn("a process of the scanner is gone; all are started anew",
			 log_text("process", which));
	}
	observer_stop(&p->observer, SENSOR_RESTART);
}

/* --- life --- */

static int start_children(struct scanning *p, struct why *why)
{
	const struct asker_settings asking = { .contact = p->settings->contact,
					       .fingerprints = p->settings->fingerprints,
					       .roots = p->settings->roots,
					       .is_without_attacks =
						       p->settings->is_without_attacks };
	int error = finder_start(p->settings->contact, &p->lines.finder, why);

	error = error == 0 ? asker_start(&asking, &p->lines.asker, why) : error;
	return error == 0 ? names_start(p->settings->is_without_names, p->lines.names, why) : error;
}

static void open_campaign(struct scanning *p)
{
	static const struct campaign_hooks hooks = { on_changed, on_is_told, on_lost };

	p->campaign = campaign_new(p->observer.loop, &p->lines, p->found,
				   p->settings->sensor.is_once, &hooks, p);
	campaign_set_policy(p->campaign, policy_store_policy(p->observer.policy));
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

static int open_all(struct scanning *p, struct why *why)
{
	int error = start_children(p, why);

	if (error != 0) {
		return error;
	}
	observer_open(&p->observer);
	p->is_policed = policy_store_policy(p->observer.policy)->scope_count > 0;
	found_store_open(&p->found_store, &p->settings->sensor.state, &p->found);
	error = observer_open_reporter(&p->observer, tables, COUNT_OF(tables), why);
	return error == 0 ? confine(why) : error;
}

static void close_all(struct scanning *p)
{
	campaign_free(&p->campaign);
	observer_close(&p->observer);
	found_free(&p->found);
	found_store_close(&p->found_store);
	observer_done(&p->observer);
}

int scanner_process(void *context)
{
	static const struct observer_hooks hooks = { .log_name = "scanner",
						     .kind = "scanner",
						     .collect = on_collect,
						     .acknowledged = on_acknowledged,
						     .policy_changed = on_policy,
						     .turn = on_turn,
						     .progress = on_progress,
						     .is_done = on_is_done,
						     .tell_stuck = on_tell_stuck };
	struct sensor_child *child = context;
	struct scanning *p = alloc_zeroed(1, sizeof *p);
	struct why why;
	size_t done;
	int status;

	observer_begin(&p->observer, child, &hooks, p);
	p->settings = child->program->own;
	if (open_all(p, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
		return SENSOR_FAILED;
	}
	observer_start(&p->observer);
	open_campaign(p);
	status = observer_run(&p->observer);
	if (status == SENSOR_DONE && campaign_scopes(p->campaign, &done) == 0) {
		log_warn("nothing was scanned",
			 log_text("reason", "no scope is registered and proved"));
	}
	save(p);
	close_all(p);
	free(p);
	return status;
}
