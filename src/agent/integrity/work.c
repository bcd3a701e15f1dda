/*
 * work.c - what is done next: changed folders, their files, the pass over all, all other files.
 *
 * A pass reads folders in path order, so that the first ones get the room that there is. What is
 * given to the queue is read as often as a twentieth of its cost allows.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/integrity/defaults.h"
#include "agent/integrity/parts.h"
#include "base/error.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

#define SLICE_US 5000

/* After it was read, a folder is read again after this or so many times its cost. */
#define REST_MS    100
#define COST_TIMES 20

/* For a change to be over before it is looked at. */
#define QUIET_MS 20

/* More changed folders than this: a pass over all costs less than keeping them apart. */
#define QUEUE_MAX 4096

/* During a baseline rows are told this often. */
#define TELL_MS 1000

/* Hashes are written so long after the first new one: during a baseline, and in quiet times. */
#define SAVE_SOON_MS 30000
#define SAVE_LATE_MS 900000

/* After a baseline, or so much of it, at once. */
#define SAVE_SETTLED_MS 1000
#define SAVE_BYTES      (4u << 20)

/* f_type of file systems that hold no files (linux/magic.h), as some headers lack them. */
static const unsigned long pseudo_types[] = {
	0x9fa0,     /* proc */
	0x62656572, /* sysfs */
	0x27e0eb,   /* cgroup */
	0x63677270, /* cgroup2 */
	0x64626720, /* debugfs */
	0x74726163, /* tracefs */
	0x1cd1,     /* devpts */
	0x73636673, /* securityfs */
	0xcafe4a11, /* bpf */
	0x6165676c, /* pstore */
	0x62656570, /* configfs */
};

/* --- holding --- */

static void let_go(struct integrity *i)
{
	tree_folder_close(&i->held);
	i->held_of = NULL;
}

static void drop_listing(struct integrity *i)
{
	folder_listing_free(&i->listing);
}

/* --- the queue --- */

static void enqueue(struct integrity *i, struct file_folder *folder)
{
	folder->is_queued = true;
	folder->next_queued = NULL;
	if (i->queue_last != NULL) {
		i->queue_last->next_queued = folder;
	} else {
		i->queue = folder;
	}
	i->queue_last = folder;
	i->queued++;
}

static void dequeue(struct integrity *i, struct file_folder *folder)
{
	struct file_folder **at = &i->queue;
	struct file_folder *before = NULL;

	if (!folder->is_queued) {
		return;
	}
	while (*at != NULL && *at != folder) {
		before = *at;
		at = &(*at)->next_queued;
	}
	if (*at != NULL) {
		*at = folder->next_queued;
	}
	i->queue_last = i->queue_last == folder ? before : i->queue_last;
	folder->next_queued = NULL;
	folder->is_queued = false;
	i->queued--;
}

static void empty_queue(struct integrity *i)
{
	while (i->queue != NULL) {
		dequeue(i, i->queue);
	}
}

void work_queue(struct integrity *i, struct file_folder *folder)
{
	int64_t quiet_ms = clock_ms() + QUIET_MS;

	if (folder->is_queued) {
		return;
	}
	if (i->queued >= QUEUE_MAX) {
		work_pass_again(i);
		return;
	}
	if (folder->not_before_ms < quiet_ms) {
		folder->not_before_ms = quiet_ms;
	}
	enqueue(i, folder);
	work_wake(i);
}

void work_pass(struct integrity *i)
{
	empty_queue(i);
	if (i->is_listing_of_pass) {
		drop_listing(i);
	}
	i->pass_at = i->set.roots;
	i->is_passing = true;
	i->pass_entries = 0;
	i->pass_beyond = 0;
	i->pass_begun_us = clock_us();
	i->is_pass_wanted = false;
	work_wake(i);
}

void work_pass_again(struct integrity *i)
{
	i->is_pass_wanted = true;
	work_wake(i);
}

static struct file_folder *next_due(const struct integrity *i, int64_t now_ms)
{
	struct file_folder *folder = i->queue;

	while (folder != NULL && folder->not_before_ms > now_ms) {
		folder = folder->next_queued;
	}
	return folder;
}

static void set_urgent(struct integrity *i, struct file_folder *folder, bool is_urgent)
{
	if (folder->is_urgent != is_urgent) {
		folder->is_urgent = is_urgent;
		i->urgent = is_urgent ? i->urgent + 1 : i->urgent - 1;
	}
}

/* --- forgetting --- */

void work_forget(void *context, struct file_folder *folder)
{
	struct integrity *i = context;

	dequeue(i, folder);
	file_watch_remove(i->watch, folder);
	if (i->listing != NULL && folder_listing_of(i->listing) == folder) {
		drop_listing(i);
	}
	for (unsigned k = 0; k < LANES; k++) {
		i->lanes[k].at = i->lanes[k].at == folder ? NULL : i->lanes[k].at;
		if (i->lanes[k].hashing.folder == folder) {
			file_hashing_drop(&i->lanes[k].hashing);
		}
	}
	if (i->held_of == folder) {
		let_go(i);
	}
	set_urgent(i, folder, false);
	/* it has no folders any more, so that what is next is what is behind it */
	i->pass_at = i->pass_at == folder ? file_set_behind(folder) : i->pass_at;
}

void work_stop(struct integrity *i)
{
	empty_queue(i);
	drop_listing(i);
	for (unsigned k = 0; k < LANES; k++) {
		file_hashing_drop(&i->lanes[k].hashing);
		i->lanes[k].at = NULL;
	}
	let_go(i);
	free(i->piece);
	i->piece = NULL;
	i->is_passing = false;
	i->pass_at = NULL;
}

/* --- telling --- */

void work_tell(struct integrity *i)
{
	if (i->is_changed) {
		i->is_changed = false;
		i->told_ms = clock_ms();
		i->hooks.changed(i->context);
	}
}

static void note_change(struct integrity *i, bool is_changed, bool is_urgent)
{
	i->progress++;
	i->is_changed = i->is_changed || is_changed;
	if (is_urgent || clock_ms() - i->told_ms >= TELL_MS) {
		work_tell(i);
	}
}

static void note_unsaved(struct integrity *i)
{
	i->is_unsaved = true;
	if (!loop_timer_is_armed(i->save_timer)) {
		loop_timer_arm(i->save_timer,
			       i->set.pending > 0 || i->is_passing ? SAVE_SOON_MS : SAVE_LATE_MS);
	}
}

/* --- reading folders --- */

static bool is_pseudo(int fd)
{
	struct statfs status;

	if (fstatfs(fd, &status) < 0) {
		return false;
	}
	for (size_t k = 0; k < COUNT_OF(pseudo_types); k++) {
		if ((unsigned long)status.f_type == pseudo_types[k]) {
			return true;
		}
	}
	return false;
}

/* The room for a folder's entries: what those before it left in a pass, what all others leave else.
 */
static uint32_t room_for(const struct integrity *i, const struct file_folder *folder, bool is_pass)
{
	size_t taken = is_pass ? i->pass_entries : i->set.entries - folder->count;

	return taken < i->rules.files_max ? (uint32_t)(i->rules.files_max - taken) : 0;
}

/* Whatever was known of it is not there any more. */
static void empty_folder(struct integrity *i, struct file_folder *folder)
{
	bool was_there = folder->count > 0 || folder->has_self;

	file_set_empty(&i->set, folder);
	file_set_match(&i->set, folder, NULL, work_forget, i);
	note_change(i, was_there, true);
	if (folder->parent != NULL && !i->is_listing_of_pass) {
		work_queue(i, folder->parent);
	}
}

static void set_self(struct integrity *i, struct file_folder *folder, const struct stat *status)
{
	struct file_entry self = { .flags = FILE_IS_KNOWN };

	folder->identity = identity_of(status->st_dev, status->st_ino);
	if (folder->parent != NULL || folder->single != NULL) {
		return; /* an entry of another folder, or not watched itself */
	}
	file_entry_set(&self, status);
	if (!folder->has_self || self.mode != folder->self.mode || self.uid != folder->self.uid ||
	    self.gid != folder->self.gid) {
		file_set_changed(&i->set, folder, NULL, folder->has_self ? &folder->self : NULL,
				 &self);
		folder->has_self = true;
		folder->self = self;
		note_change(i, true, !i->is_listing_of_pass);
	}
}

static void begin_listing(struct integrity *i, struct file_folder *folder, bool is_pass)
{
	struct tree_folder *opened = NULL;
	struct stat status;
	int error;

	i->is_listing_of_pass = is_pass;
	i->listing_cost_us = clock_us();
	error = tree_folder_reach(i->settings.tree, folder->path, &opened);
	if (error == 0 && fstat(tree_folder_fd(opened), &status) < 0) {
		error = ERR_IO;
		tree_folder_close(&opened);
	}
	if (error == ERR_IO) {
		return; /* out of descriptors or a broken disk: what is known stays */
	}
	if (error != 0) {
		empty_folder(i, folder);
		return;
	}
	if (is_pseudo(tree_folder_fd(opened))) {
		tree_folder_close(&opened);
		empty_folder(i, folder);
		return;
	}
	(void)file_watch_add(i->watch, folder, tree_folder_fd(opened));
	set_self(i, folder, &status);
	i->listing = folder_listing_new(opened, folder, &i->rules, i->cache,
					room_for(i, folder, is_pass));
}

/* A folder that was not there: a pass will come to it, else it is read now. */
static void on_fresh(void *context, struct file_folder *folder)
{
	struct integrity *i = context;

	if (!i->is_listing_of_pass) {
		work_queue(i, folder);
	}
}

static void end_listing(struct integrity *i)
{
	struct file_folder *folder = folder_listing_of(i->listing);
	bool is_urgent = !i->is_listing_of_pass;
	int64_t now_ms = clock_ms();
	int64_t cost_ms;
	bool has_changed;

	for (unsigned k = 0; k < LANES; k++) {
		if (i->lanes[k].hashing.folder == folder) {
			file_hashing_drop(&i->lanes[k].hashing); /* begun anew where still wanted */
		}
	}
	has_changed = folder_listing_apply(i->listing, &i->set);
	i->pass_entries += i->is_listing_of_pass ? folder->count : 0;
	i->pass_beyond += i->is_listing_of_pass ? folder_listing_beyond(i->listing) : 0;
	drop_listing(i);
	file_set_match(&i->set, folder, on_fresh, work_forget, i);
	cost_ms = COST_TIMES * (clock_us() - i->listing_cost_us) / 1000;
	folder->not_before_ms = now_ms + (cost_ms > REST_MS ? cost_ms : REST_MS);
	set_urgent(i, folder, folder->is_urgent || is_urgent);
	note_change(i, has_changed, is_urgent);
}

/* --- a pass --- */

static void end_pass(struct integrity *i)
{
	i->is_passing = false;
	i->pass_not_before_ms =
		clock_ms() + COST_TIMES * (clock_us() - i->pass_begun_us) / 1000 / 4;
	if (i->pass_beyond > 0 && i->beyond == 0) {
		log_warn("more files than are watched",
			 log_number("watched", (int64_t)i->set.entries),
			 log_number("beyond", (int64_t)i->pass_beyond),
			 log_text("raise", "files_max of the policy, or exclude some"));
	}
	i->beyond = i->pass_beyond;
	hash_cache_forget(i->cache);
	roots_remark(i);
	i->set.is_much_gone = true; /* all is told anew, and the remark with it */
	note_change(i, true, true);
	log_debug("files looked at", log_number("folders", (int64_t)i->set.folders),
		  log_number("entries", (int64_t)i->set.entries),
		  log_number("to_be_hashed", (int64_t)i->set.pending),
		  log_number("bytes_read", (int64_t)i->bytes_read));
}

static void step_pass(struct integrity *i)
{
	struct file_folder *folder = i->pass_at;

	if (folder == NULL) {
		end_pass(i);
		return;
	}
	dequeue(i, folder);
	begin_listing(i, folder, true);
	if (i->listing == NULL) {
		i->pass_at = file_set_next(folder);
	}
}

/* --- hashing --- */

static bool is_for(const struct file_folder *folder, const struct lane *lane,
		   const struct integrity *i)
{
	return folder->pending > 0 && (folder->is_urgent || lane != &i->lanes[LANE_URGENT]);
}

/* The folder whose files the lane is to hash next; NULL where there is none. */
static struct file_folder *next_to_hash(struct integrity *i, struct lane *lane)
{
	if (lane->at != NULL && is_for(lane->at, lane, i)) {
		return lane->at;
	}
	if (i->set.pending == 0 || (lane == &i->lanes[LANE_URGENT] && i->urgent == 0)) {
		lane->at = NULL;
		return NULL;
	}
	/* on from where it was, then from the beginning */
	while (lane->at != NULL && !is_for(lane->at, lane, i)) {
		lane->at = file_set_next(lane->at);
	}
	if (lane->at == NULL) {
		lane->at = i->set.roots;
	}
	while (lane->at != NULL && !is_for(lane->at, lane, i)) {
		if (lane->at->pending == 0) {
			set_urgent(i, lane->at, false);
		}
		lane->at = file_set_next(lane->at);
	}
	lane->from = 0;
	return lane->at;
}

static struct file_entry *next_pending(struct lane *lane, struct file_folder *folder)
{
	for (unsigned round = 0; round < 2; round++) {
		while (lane->from < folder->count) {
			struct file_entry *entry = &folder->entries[lane->from++];

			if ((entry->flags & FILE_IS_PENDING) != 0) {
				return entry;
			}
		}
		lane->from = 0;
	}
	return NULL;
}

static bool hold(struct integrity *i, struct file_folder *folder)
{
	if (i->held_of == folder) {
		return true;
	}
	let_go(i);
	if (tree_folder_reach(i->settings.tree, folder->path, &i->held) != 0) {
		return false;
	}
	i->held_of = folder;
	return true;
}

static void begin_hashing(struct integrity *i, struct lane *lane, struct file_folder *folder)
{
	struct file_entry *entry = next_pending(lane, folder);
	int error;

	if (!hold(i, folder)) {
		/* gone, or out of descriptors: none of it can be hashed now */
		for (; entry != NULL; entry = next_pending(lane, folder)) {
			file_set_pending(&i->set, folder, entry, false);
			entry->stamp = 0;
		}
		return;
	}
	error = file_hashing_begin(&lane->hashing, i->held, &i->set, folder, entry);
	if (error == 0) {
		return;
	}
	note_change(i, true, folder->is_urgent);
	if (error == ERR_NOT_FOUND || error == ERR_UNSUPPORTED) {
		work_queue(i, folder); /* it vanished, or is another thing now */
	}
}

static void step_hashing(struct integrity *i, struct lane *lane)
{
	struct file_folder *folder = lane->hashing.folder;
	size_t len;

	if (i->piece == NULL) {
		i->piece = alloc_zeroed(1, FILE_HASHING_PIECE);
	}
	len = file_hashing_step(&lane->hashing, i->piece);
	i->bytes_read += len;
	i->tokens -= (int64_t)len;
	if (len == 0) {
		bool is_changed = file_hashing_end(&lane->hashing, &i->set);

		note_unsaved(i);
		note_change(i, is_changed, folder->is_urgent || i->set.pending == 0);
	}
}

/* --- turns --- */

enum next { NOTHING, STARVED, SOMETHING };

/* Goes on with a file or begins one. */
static enum next step_lane(struct integrity *i, struct lane *lane)
{
	struct file_folder *folder;

	if (lane->hashing.folder == NULL) {
		folder = next_to_hash(i, lane);
		if (folder == NULL) {
			return NOTHING;
		}
		if (i->tokens > 0) {
			begin_hashing(i, lane, folder);
		}
	} else if (i->tokens > 0) {
		step_hashing(i, lane);
	}
	return i->tokens > 0 ? SOMETHING : STARVED;
}

static void step_listing(struct integrity *i, int64_t until_us)
{
	struct file_folder *listed = folder_listing_of(i->listing);
	bool is_pass = i->is_listing_of_pass;

	if (folder_listing_step(i->listing, until_us)) {
		end_listing(i);
		if (is_pass) {
			i->pass_at = file_set_next(listed);
		}
	}
}

/* Does the next piece of work there is. */
static enum next step(struct integrity *i, int64_t until_us)
{
	struct file_folder *folder;
	enum next next;

	if (i->listing != NULL) {
		step_listing(i, until_us);
		return SOMETHING;
	}
	folder = next_due(i, clock_ms());
	if (folder != NULL) {
		dequeue(i, folder);
		begin_listing(i, folder, false);
		return SOMETHING;
	}
	next = step_lane(i, &i->lanes[LANE_URGENT]);
	if (next != NOTHING) {
		return next;
	}
	if (!i->is_passing && i->is_pass_wanted && i->pass_not_before_ms <= clock_ms()) {
		work_pass(i);
	}
	if (i->is_passing) {
		step_pass(i);
		return SOMETHING;
	}
	return step_lane(i, &i->lanes[LANE_BASE]);
}

static void refill(struct integrity *i)
{
	int64_t now_us = clock_us();
	int64_t most = (int64_t)(i->io_bytes_per_s / 4);
	int64_t more = (now_us - i->refilled_us) / 1000 * (int64_t)(i->io_bytes_per_s / 1000 + 1);

	if (now_us - i->refilled_us < 1000) {
		return;
	}
	most = most > 4 * FILE_HASHING_PIECE ? most : 4 * FILE_HASHING_PIECE;
	i->tokens = i->tokens + more < most ? i->tokens + more : most;
	i->refilled_us = now_us;
}

/* When there is something to do again, in milliseconds; -1: never, unless something comes. */
static int64_t next_in_ms(const struct integrity *i, enum next last)
{
	int64_t soonest = INT64_MAX;

	if (last == SOMETHING) {
		return 0;
	}
	for (const struct file_folder *f = i->queue; f != NULL; f = f->next_queued) {
		soonest = f->not_before_ms < soonest ? f->not_before_ms : soonest;
	}
	if (i->is_pass_wanted && i->pass_not_before_ms < soonest) {
		soonest = i->pass_not_before_ms;
	}
	if (soonest != INT64_MAX) {
		soonest -= clock_ms();
	}
	if (last == STARVED) {
		int64_t refill_ms =
			(FILE_HASHING_PIECE - i->tokens) * 1000 / (int64_t)(i->io_bytes_per_s + 1) +
			1;

		soonest = refill_ms < soonest ? refill_ms : soonest;
	}
	return soonest == INT64_MAX ? -1 : soonest > 0 ? soonest : 0;
}

/* Nothing is held while nothing is done. */
static void settle(struct integrity *i)
{
	let_go(i);
	free(i->piece);
	i->piece = NULL;
	if (!i->is_whole && work_is_done(i)) {
		i->is_whole = true;
		i->is_changed = true;
		log_info("all watched files are known",
			 log_number("entries", (int64_t)i->set.entries),
			 log_number("bytes_read", (int64_t)i->bytes_read),
			 log_number("took_ms", clock_ms() - i->begun_ms));
	}
	work_tell(i);
	if (i->is_unsaved && i->bytes_read - i->saved_at > SAVE_BYTES) {
		loop_timer_arm(i->save_timer, SAVE_SETTLED_MS);
	}
}

/* The timer runs in delay_ms, or before, but never while resting. */
static void arm(struct integrity *i, int64_t delay_ms)
{
	int64_t now_ms = clock_ms();
	int64_t at_ms = now_ms + delay_ms;

	at_ms = at_ms > i->rest_until_ms ? at_ms : i->rest_until_ms;
	if (!loop_timer_is_armed(i->timer) || at_ms < i->timer_ms) {
		i->timer_ms = at_ms;
		loop_timer_arm(i->timer, at_ms - now_ms);
	}
}

void work_turn(void *context)
{
	struct integrity *i = context;
	int64_t begun_us = clock_us();
	int64_t cpu_us = clock_cpu_us();
	enum next last = SOMETHING;
	int64_t next_ms;
	int64_t cost_us;

	refill(i);
	while (last == SOMETHING && clock_us() - begun_us < SLICE_US) {
		last = step(i, begun_us + SLICE_US);
	}
	if (last == NOTHING) {
		settle(i);
	}
	i->cpu_us += (uint64_t)(clock_cpu_us() - cpu_us);
	cost_us = clock_us() - begun_us;
	i->rest_until_ms =
		clock_ms() + cost_us * (1000 - (int64_t)i->cpu_permille) / i->cpu_permille / 1000;
	next_ms = next_in_ms(i, last);
	if (next_ms >= 0) {
		arm(i, next_ms);
	}
}

void work_wake(struct integrity *i)
{
	arm(i, QUIET_MS);
}

bool work_is_done(const struct integrity *i)
{
	return i->queue == NULL && i->listing == NULL && !i->is_passing && !i->is_pass_wanted &&
	       i->set.pending == 0 && i->lanes[LANE_URGENT].hashing.folder == NULL &&
	       i->lanes[LANE_BASE].hashing.folder == NULL;
}
