/* feeds_role.c - the feeds as a process: what is due, one child at a time, and telling the engine.
 */
#include "server/feeds/feeds.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "server/bus/arguments.h"
#include "server/bus/bus.h"
#include "server/feeds/errand.h"
#include "server/feeds/fetch.h"
#include "server/feeds/proofs.h"
#include "server/feeds/status.h"
#include "server/feeds/update.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/sandbox.h"
#include "wire/cbor.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTCOME_MAX      16384
#define QUEUE_MAX        64
#define FIRST_JITTER_MS  30000
#define BACKOFF_FIRST_MS 300000
#define BACKOFF_LAST_MS  (12 * 3600 * INT64_C(1000))
#define AWAY_FIRST_MS    60000
#define AWAY_LAST_MS     (3600 * INT64_C(1000))
#define JITTER_SHARE     10 /* a tenth of the interval */
#define SOON_MS          1000
#define PATH_SIZE        512

enum job_kind { JOB_FETCH, JOB_UPDATE };

/* What an operator asked for, or what is next: an import or a fetch of one feed. */
struct wish {
	const struct feed *feed;
	char source[128]; /* of an import; "": fetch */
	bool is_forced;
};

struct feeds_role {
	const struct role_config *config;
	struct loop *loop;
	struct bus_link *bus;
	struct loop_timer *timer;
	struct feeds_status status;
	struct wish wishes[QUEUE_MAX];
	size_t wish_count;
	/* the job under way */
	struct errand errand;
	enum job_kind job;
	struct wish doing;
	struct fetch fetch; /* the child's, by fork */
	struct update update;
	struct prove_config prove;
	struct proofs *proofs;
	/* no server can be reached */
	unsigned away;
	int64_t away_until_ms;
};

static void look(struct feeds_role *role);

/* --- small things --- */

static int64_t jitter(int64_t up_to_ms)
{
	uint64_t random = 0;

	(void)!getrandom(&random, sizeof random, 0);
	return up_to_ms <= 0 ? 0 : (int64_t)(random % (uint64_t)up_to_ms);
}

static int64_t doubled(int64_t first_ms, unsigned times, int64_t last_ms)
{
	int64_t ms = first_ms;

	while (times-- > 0 && ms < last_ms) {
		ms *= 2;
	}
	return ms < last_ms ? ms : last_ms;
}

static void save(struct feeds_role *role)
{
	struct why why;

	if (status_save(&role->status, FEEDS_STATUS_PATH, &why) != 0) {
		log_error("the feeds' status cannot be kept", log_text("reason", why.text));
	}
}

static void announce(struct feeds_role *role)
{
	uint8_t room[16];
	struct writer w = writer_over(room, sizeof room);

	cbor_write_array(&w, 1);
	cbor_write_uint(&w, role->status.generation);
	(void)!bus_send(role->bus, BUS_KNOWLEDGE, 0, writer_span(&w));
}

/* What the index that is there says of itself. */
static bool read_knowledge(struct feeds_role *role)
{
	struct knowledge *k = NULL;
	struct why why;
	int error = knowledge_open(FEEDS_KNOWLEDGE_PATH, &k, &why);

	if (error == 0) {
		role->status.generation = knowledge_generation(k);
		role->status.figures = knowledge_figures(k);
		knowledge_close(&k);
	} else if (error != ERR_NOT_FOUND) {
		log_error("the index of feeds cannot be used and is built anew",
			  log_text("reason", why.text));
	}
	return error == 0;
}

/* --- children --- */

static int child(void *context, int out_fd)
{
	struct feeds_role *role = context;

	role->fetch.out_fd = out_fd;
	role->update.out_fd = out_fd;
	return role->job == JOB_FETCH ? fetch_run(&role->fetch) : update_run(&role->update);
}

static void on_ended(void *context, int status);

static bool spawn(struct feeds_role *role, enum job_kind job)
{
	role->job = job;
	return errand_start(&role->errand, job == JOB_FETCH ? "feeds: fetch" : "feeds: digest",
			    child, on_ended, role);
}

static bool start_update(struct feeds_role *role, enum update_kind kind)
{
	struct feed_status *f = role->doing.feed == NULL
					? NULL
					: status_of(&role->status, span_of(role->doing.feed->name));

	role->update = (struct update){
		.kind = kind,
		.feed = role->doing.feed,
		.is_forced = role->doing.is_forced,
		.generation = role->status.generation + 1,
	};
	if (f != NULL) {
		role->update.before = f->report;
	}
	snprintf(role->update.source, sizeof role->update.source, "%s", role->doing.source);
	return spawn(role, JOB_UPDATE);
}

static bool start_fetch(struct feeds_role *role)
{
	char folder[PATH_SIZE];
	struct why why;

	snprintf(folder, sizeof folder, "%s/%s", FEEDS_FETCH_PATH, role->doing.feed->name);
	if (file_make_folder(folder, 0700, &why) != 0) {
		log_error("cannot fetch a feed", log_text("reason", why.text));
		return false;
	}
	role->fetch = (struct fetch){ .feed = role->doing.feed,
				      .mirrors = role->config->feed_mirrors,
				      .proxy = role->config->feed_proxy };
	return spawn(role, JOB_FETCH);
}

/* --- outcomes --- */

static void set_error(struct feed_status *f, struct span reason)
{
	snprintf(f->error, sizeof f->error, "%.*s", (int)reason.len, (const char *)reason.ptr);
}

static void plan_next(struct feeds_role *role, struct feed_status *f, int64_t now_ms)
{
	int64_t interval_ms = f->feed->interval_s * 1000;

	if (!status_is_automatic(f) || role->config->is_offline) {
		f->next_ms = 0;
		return;
	}
	if (f->failures > 0) {
		interval_ms = doubled(BACKOFF_FIRST_MS, f->failures - 1, BACKOFF_LAST_MS);
	}
	f->next_ms = now_ms + interval_ms + jitter(interval_ms / JITTER_SHARE);
}

/* A feed's attempt ended badly: said once for each new reason, what is in force stays. */
static void failed(struct feeds_role *role, struct feed_status *f, struct span reason,
		   bool is_unreachable)
{
	int64_t now_ms = clock_wall_ms();
	bool is_news = !span_is(reason, f->error);

	set_error(f, reason);
	f->tried_ms = now_ms;
	if (role->doing.source[0] == '\0') { /* an import says nothing about fetching */
		f->failures++;
		plan_next(role, f, now_ms);
	}
	if (is_unreachable) {
		int64_t pause_ms = doubled(AWAY_FIRST_MS, role->away, AWAY_LAST_MS);

		role->away_until_ms = now_ms + pause_ms;
		role->away++;
		log_warn("feeds cannot be reached; they are tried again later",
			 log_text("feed", f->feed->name), log_text("reason", f->error),
			 log_number("pause_ms", pause_ms));
	} else if (is_news) {
		log_warn("a feed was not updated; what was in force stays",
			 log_text("feed", f->feed->name), log_text("reason", f->error));
	}
}

static void went_well(struct feeds_role *role, struct feed_status *f)
{
	int64_t now_ms = clock_wall_ms();

	f->tried_ms = now_ms;
	f->checked_ms = now_ms;
	f->failures = 0;
	f->error[0] = '\0';
	plan_next(role, f, now_ms);
}

/* "RECORDS ODD PASSED DATE" */
static void accepted(struct feeds_role *role, struct feed_status *f, struct span line)
{
	struct reader r = reader_over(line);
	struct feed_report report = { 0 };
	struct span date;

	(void)!text_to_u64(reader_until(&r, ' '), INT64_MAX, &report.records);
	(void)!text_to_u64(reader_until(&r, ' '), INT64_MAX, &report.odd);
	(void)!text_to_u64(reader_until(&r, ' '), INT64_MAX, &report.passed_over);
	date = span_first(reader_rest(&r), FEED_SNAPSHOT_SIZE - 1);
	snprintf(report.snapshot, sizeof report.snapshot, "%.*s", (int)date.len,
		 (const char *)date.ptr);
	f->report = report;
	went_well(role, f);
	f->updated_ms = f->checked_ms;
	log_info("feed updated", log_text("feed", f->feed->name),
		 log_number("records", (int64_t)report.records),
		 log_text("snapshot", report.snapshot));
}

static void note_broken(struct feeds_role *role)
{
	struct reader r = reader_over(errand_outcome(&role->errand));

	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);
		struct feed_status *f;
		struct span name;

		if (!span_starts_with(line, "broken ")) {
			continue;
		}
		line = span_after(line, 7);
		name = span_first(line, span_find(line, ' '));
		f = status_of(&role->status, name);
		if (f != NULL) {
			set_error(f, span_after(line, name.len + 1));
			log_error("a feed's files cannot be read any more",
				  log_text("feed", f->feed->name), log_text("reason", f->error));
		}
	}
}

static void updated(struct feeds_role *role, struct feed_status *f, int status)
{
	struct span line;
	struct span reason;
	bool is_accepted = errand_line(&role->errand, "accepted", &line);
	bool has_reason = errand_line(&role->errand, "reason", &reason);

	if (!has_reason) {
		reason = span_of(WIFSIGNALED(status)
					 ? "the digest was ended: it took too long or too much"
					 : "the digest ended early");
	}
	if (f != NULL && is_accepted) {
		accepted(role, f, line);
	}
	note_broken(role);
	if (errand_line(&role->errand, "knowledge", &line) && read_knowledge(role)) {
		role->status.built_ms = clock_wall_ms();
		log_info("index of feeds built",
			 log_number("generation", (int64_t)role->status.generation),
			 log_number("entries", (int64_t)role->status.figures.entries),
			 log_number("bytes", (int64_t)role->status.figures.bytes));
		announce(role);
	} else if (f != NULL) {
		failed(role, f, reason, false);
	} else {
		log_error("the index of feeds cannot be built", log_span("reason", reason));
	}
}

/* True where a digest follows. */
static bool fetched(struct feeds_role *role, struct feed_status *f, int status)
{
	struct span line;
	uint64_t changed = 0;

	if (!errand_line(&role->errand, "changed", &line) ||
	    text_to_u64(line, 10000, &changed) != 0) {
		struct span reason;

		if (!errand_line(&role->errand, "reason", &reason)) {
			reason = span_of(WIFSIGNALED(status) ? "the fetch was ended"
							     : "the fetch ended early");
		}
		failed(role, f, reason, errand_line(&role->errand, "unreachable", &line));
		return false;
	}
	role->away = 0;
	if (changed == 0) {
		went_well(role, f);
		return false;
	}
	return start_update(role, UPDATE_FETCHED);
}

static void on_ended(void *context, int status)
{
	struct feeds_role *role = context;
	struct feed_status *f = role->doing.feed == NULL
					? NULL
					: status_of(&role->status, span_of(role->doing.feed->name));

	if (role->job == JOB_FETCH && f != NULL && fetched(role, f, status)) {
		return;
	}
	if (role->job == JOB_UPDATE) {
		updated(role, f, status);
	}
	if (f != NULL) {
		f->is_running = false;
	}
	save(role);
	look(role);
}

/* --- what is due --- */

static bool start_wish(struct feeds_role *role)
{
	struct feed_status *f = status_of(&role->status, span_of(role->doing.feed->name));
	bool is_import = role->doing.source[0] != '\0';

	if (!(is_import ? start_update(role, UPDATE_IMPORTED) : start_fetch(role))) {
		return false;
	}
	f->is_running = true;
	save(role);
	return true;
}

static struct feed_status *next_due(struct feeds_role *role)
{
	struct feed_status *first = NULL;

	for (size_t i = 0; i < role->status.count; i++) {
		struct feed_status *f = &role->status.feeds[i];

		if (f->next_ms != 0 && (first == NULL || f->next_ms < first->next_ms)) {
			first = f;
		}
	}
	return first;
}

static void arm(struct feeds_role *role, const struct feed_status *due)
{
	int64_t at_ms = due->next_ms > role->away_until_ms ? due->next_ms : role->away_until_ms;
	int64_t delay_ms = at_ms - clock_wall_ms();

	/* the wall clock may be set: look at it now and then */
	loop_timer_arm(role->timer, delay_ms < SOON_MS  ? SOON_MS
				    : delay_ms > 600000 ? 600000
							: delay_ms);
}

static void look(struct feeds_role *role)
{
	int64_t now_ms = clock_wall_ms();
	struct feed_status *due;

	while (!role->errand.is_under_way && role->wish_count > 0) {
		role->doing = role->wishes[0];
		role->wish_count--;
		memmove(role->wishes, role->wishes + 1, role->wish_count * sizeof *role->wishes);
		if (!start_wish(role)) {
			failed(role, status_of(&role->status, span_of(role->doing.feed->name)),
			       span_of("no process can be started now"), false);
			save(role);
		}
	}
	due = next_due(role);
	if (role->errand.is_under_way || due == NULL) {
		return;
	}
	if (due->next_ms <= now_ms && role->away_until_ms <= now_ms) {
		role->doing = (struct wish){ .feed = due->feed };
		if (start_wish(role)) {
			return;
		}
		plan_next(role, due, now_ms);
	}
	arm(role, due);
}

static void on_timer(void *context)
{
	look(context);
}

/* --- the bus --- */

static bool is_inbox_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		bool is_hex = (name.ptr[i] >= '0' && name.ptr[i] <= '9') ||
			      (name.ptr[i] >= 'a' && name.ptr[i] <= 'f');

		if (!is_hex) {
			return false;
		}
	}
	return name.len >= 16 && name.len <= 64;
}

/* Some asset runs a system of this family. */
static void on_family(struct feeds_role *role, struct span family)
{
	bool is_news = false;

	for (size_t i = 0; i < role->status.count; i++) {
		struct feed_status *f = &role->status.feeds[i];

		if (f->feed->wanted_by != NULL && span_is(family, f->feed->wanted_by) &&
		    !f->is_wanted) {
			f->is_wanted = true;
			f->next_ms = role->config->is_offline ? 0 : clock_wall_ms() + SOON_MS;
			is_news = true;
		}
	}
	if (is_news) {
		save(role);
		look(role);
	}
}

/* "scope-look"; "feed-family" name; "feed-update" name; "feed-import" name, inbox, force: judged by
 * the engine, and again here. */
static void on_message(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
		       struct span body)
{
	struct feeds_role *role = context;
	struct arguments arguments;
	struct wish wish = { 0 };
	struct span operation;
	struct span name;
	struct span inbox = { NULL, 0 };

	(void)id;
	if (kind == BUS_FEED_REQUEST && request_read(body, &operation, &arguments) == 0 &&
	    span_is(operation, "scope-look")) {
		proofs_take(role->proofs, link, &arguments);
		return;
	}
	if (kind == BUS_FEED_REQUEST && request_read(body, &operation, &arguments) == 0 &&
	    span_is(operation, "feed-family") && arguments_text(&arguments, "name", &name) == 0) {
		on_family(role, name);
		return;
	}
	if (kind != BUS_FEED_REQUEST || request_read(body, &operation, &arguments) != 0 ||
	    arguments_text(&arguments, "name", &name) != 0 || feed_named(name) == NULL) {
		log_error("the engine asked for something unknown", log_number("kind", kind));
		return;
	}
	wish.feed = feed_named(name);
	(void)!arguments_bool(&arguments, "force", &wish.is_forced);
	if (span_is(operation, "feed-import")) {
		if (arguments_text(&arguments, "inbox", &inbox) != 0 || !is_inbox_name(inbox)) {
			log_error("the engine asked for an import from nowhere",
				  log_span("feed", name));
			return;
		}
		snprintf(wish.source, sizeof wish.source, "%s/%.*s", FEEDS_INBOX_PATH,
			 (int)inbox.len, (const char *)inbox.ptr);
	}
	if (role->wish_count == QUEUE_MAX || (inbox.len == 0 && wish.feed->parts == NULL)) {
		return; /* the engine has refused what cannot be fetched */
	}
	role->wishes[role->wish_count++] = wish;
	look(role);
}

static void on_opened(void *context, struct bus_link *link)
{
	struct feeds_role *role = context;

	(void)link;
	if (role->status.generation > 0) {
		announce(role);
	}
}

/* The engine died: what is fetched goes on, and the next engine is told. Of proofs the next one
 * knows nothing. */
static void on_closed(void *context, struct bus_link *link)
{
	struct feeds_role *role = context;

	(void)link;
	proofs_forget(role->proofs);
}

static const struct bus_handler bus_handler = { .message = on_message,
						.opened = on_opened,
						.closed = on_closed };

/* --- starting --- */

/* A crash between two renames of an import leaves NAME.old and no NAME. */
static void mend(const struct feed *feed)
{
	char folder[PATH_SIZE];
	char old[PATH_SIZE];

	snprintf(folder, sizeof folder, "%s/%s", FEEDS_FOLDER, feed->name);
	snprintf(old, sizeof old, "%.500s.old", folder);
	if (access(folder, F_OK) != 0) {
		(void)rename(old, folder);
	}
}

/* Imports that the role before this one did not come to: who asked for them was told nothing. */
static void clear_inbox(void)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	DIR *inbox = opendir(FEEDS_INBOX_PATH);

	while (inbox != NULL && (entry = readdir(inbox)) != NULL) {
		if (is_inbox_name(span_of(entry->d_name))) {
			snprintf(path, sizeof path, "%s/%s", FEEDS_INBOX_PATH, entry->d_name);
			update_remove_folder(path);
		}
	}
	if (inbox != NULL) {
		closedir(inbox);
	}
}

static int prepare(struct feeds_role *role, struct why *why)
{
	int error = file_make_folder(FEEDS_INBOX_PATH, 0700, why);
	int64_t now_ms = clock_wall_ms();

	error = error != 0 ? error : file_make_folder(FEEDS_FETCH_PATH, 0700, why);
	if (error != 0) {
		return error;
	}
	clear_inbox();
	status_init(&role->status);
	status_load(&role->status, FEEDS_STATUS_PATH);
	role->status.is_offline = role->config->is_offline;
	for (size_t i = 0; i < role->status.count; i++) {
		struct feed_status *f = &role->status.feeds[i];

		mend(f->feed);
		plan_next(role, f, f->checked_ms);
		if (f->next_ms != 0 && f->next_ms < now_ms + FIRST_JITTER_MS) {
			f->next_ms = now_ms + SOON_MS + jitter(FIRST_JITTER_MS);
		}
	}
	return 0;
}

/* Whether anything is in force that an index can be built of. */
static bool has_files(const struct feeds_role *role)
{
	for (size_t i = 0; i < role->status.count; i++) {
		if (role->status.feeds[i].updated_ms != 0) {
			return true;
		}
	}
	return false;
}

static int take_rights(const struct feeds_role *role, struct why *why)
{
	static const int none[] = { -1 };
	bool is_online = !role->config->is_offline;
	const struct sandbox_path paths[] = {
		{ .path = role->config->data_folder, .is_writable = true },
		FEEDS_LIBRARY_PATHS,
	};
	int error = sandbox_privileges(none, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), is_online ? -1 : 0, why);
	}
	if (error != 0 && error != ERR_UNSUPPORTED) {
		return error;
	}
	/* the children's rights are among these; each takes from itself what it does not need */
	return sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES |
				     SANDBOX_SOCKETS_OPEN | SANDBOX_UNIX | SANDBOX_CHILDREN |
				     SANDBOX_THREADS | (is_online ? SANDBOX_INTERNET : 0),
			     why);
}

static void on_term(void *context)
{
	loop_stop(context);
}

int feeds_run(const struct role_config *config)
{
	struct feeds_role *role = alloc_zeroed(1, sizeof *role);
	struct why why;
	int status = 0;

	role->config = config;
	role->loop = loop_new();
	errand_init(&role->errand, role->loop, OUTCOME_MAX);
	loop_on_signal(role->loop, SIGTERM, on_term, role->loop);
	if (prepare(role, &why) != 0 || take_rights(role, &why) != 0) {
		status = role_failed(config, why.text);
		goto out;
	}
	role->timer = loop_timer(role->loop, on_timer, role);
	role->prove = (struct prove_config){ .resolver = config->resolver,
					     .may_reach_private = config->may_prove_private };
	role->proofs = proofs_new(role->loop, &role->prove, config->is_offline);
	role->bus = bus_connect(role->loop, config->bus_path, "feeds", &bus_handler, role);
	if (!read_knowledge(role) && has_files(role)) {
		(void)start_update(role, UPDATE_REBUILD);
	}
	save(role);
	look(role);
	role_ready(config);
	loop_run(role->loop);
out:
	errand_done(&role->errand);
	bus_link_free(&role->bus);
	proofs_free(&role->proofs);
	loop_timer_free(&role->timer);
	loop_free(&role->loop);
	free(role);
	return status;
}
