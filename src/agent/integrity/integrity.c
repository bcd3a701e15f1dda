/* integrity.c - what comes from outside: policy, events, the clock; how work is done: work.c. */
#include "agent/integrity/integrity.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/integrity/parts.h"
#include "base/error.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

/* All files are looked at so often where nothing tells of changes. */
#define LOOK_MS 300000

static bool is_ours(pid_t pid)
{
	return pid != 0 && (pid == getpid() || pid == getppid());
}

static void on_changed(void *context, struct file_folder *folder, const char *name,
		       unsigned actions, pid_t pid)
{
	struct integrity *i = context;
	bool is_itself = strcmp(name, ".") == 0;
	struct file_change change = { .path = folder->path, .actions = actions, .pid = pid };
	char path[TREE_PATH_SIZE];

	if (is_ours(pid) || (folder->single != NULL && strcmp(folder->single, name) != 0)) {
		return;
	}
	if (!is_itself) {
		if (tree_join(folder->path, name, path) != 0 ||
		    file_rules_exclude(&i->rules, span_of(path))) {
			return;
		}
		change.path = path;
	}
	work_queue(i, folder);
	if (is_itself && folder->parent != NULL) {
		work_queue(i, folder->parent); /* whose entry it is */
	}
	/* inotify tells it of the folder and once more, by its name, of the one around it */
	if (!is_itself || folder->parent == NULL || folder->wd < 0) {
		i->hooks.happened(i->context, &change);
	}
}

static void on_overflowed(void *context)
{
	struct integrity *i = context;
	unsigned held_back;

	if (log_allowed(&i->overflows, 1, &held_back)) {
		log_info("changes were lost, all watched files are looked at",
			 log_text("by", file_watch_way(i->watch)),
			 log_number("times_before", held_back));
	}
	work_pass_again(i);
	i->hooks.lost(i->context);
}

static void on_marked(void *context)
{
	struct integrity *i = context;

	i->hooks.marked(i->context);
}

static void on_save_timer(void *context)
{
	integrity_save(context);
}

/* The last resort, where neither fanotify nor inotify is to be had. */
static void on_look_timer(void *context)
{
	struct integrity *i = context;

	work_pass(i);
	loop_timer_arm(i->look_timer, LOOK_MS);
}

struct integrity *integrity_new(const struct integrity_settings *settings,
				const struct integrity_hooks *hooks, void *context)
{
	static const struct file_watch_handler handler = { .changed = on_changed,
							   .marked = on_marked,
							   .overflowed = on_overflowed };
	struct integrity *i = alloc_zeroed(1, sizeof *i);

	i->settings = *settings;
	i->hooks = *hooks;
	i->context = context;
	i->begun_ms = clock_ms();
	i->watch = file_watch_new(settings->loop, settings->group_fd, &handler, i);
	i->cache = hash_cache_new(settings->cache_fds);
	i->timer = loop_timer(settings->loop, work_turn, i);
	i->save_timer = loop_timer(settings->loop, on_save_timer, i);
	i->look_timer = loop_timer(settings->loop, on_look_timer, i);
	if (!file_watch_is_any(i->watch)) {
		log_warn("changes of files are seen every five minutes",
			 log_text("reason", "neither fanotify nor inotify can be used"));
		loop_timer_arm(i->look_timer, LOOK_MS);
	}
	log_debug("files are watched", log_text("by", file_watch_way(i->watch)),
		  log_number("hashes_remembered", (int64_t)hash_cache_count(i->cache)));
	return i;
}

static void drop_all(struct integrity *i)
{
	while (i->set.roots != NULL) {
		file_set_remove(&i->set, i->set.roots, work_forget, i);
	}
}

void integrity_free(struct integrity **integrity)
{
	struct integrity *i = *integrity;

	if (i == NULL) {
		return;
	}
	work_stop(i);
	drop_all(i);
	file_set_tell(&i->set);
	loop_timer_free(&i->timer);
	loop_timer_free(&i->save_timer);
	loop_timer_free(&i->look_timer);
	file_watch_free(&i->watch);
	hash_cache_free(&i->cache);
	roots_free(i);
	free(i);
	*integrity = NULL;
}

/* Folders that stay keep what is known of them: only the pass can tell what the new rules change.
 */
void integrity_use_policy(struct integrity *i, const struct policy *policy)
{
	work_stop(i);
	roots_use_policy(i, policy);
	(void)roots_look(i);
	i->mounts_hash = roots_mounts(i);
	work_pass(i);
}

void integrity_look(struct integrity *i)
{
	bool has_new = roots_look(i);
	uint64_t mounts_hash = roots_mounts(i);

	if (has_new || mounts_hash != i->mounts_hash) {
		i->mounts_hash = mounts_hash;
		work_pass(i);
	}
	roots_remark(i);
}

void integrity_verify(struct integrity *i)
{
	work_pass(i);
}

const struct file_set *integrity_files(const struct integrity *i)
{
	return &i->set;
}

void integrity_tell(struct integrity *i)
{
	file_set_tell(&i->set);
}

const char *integrity_remark(const struct integrity *i)
{
	return i->remark[0] != '\0' ? i->remark : NULL;
}

bool integrity_is_settled(const struct integrity *i)
{
	return work_is_done(i) && !i->is_changed;
}

bool integrity_is_whole(const struct integrity *i)
{
	return i->is_whole;
}

uint64_t integrity_progress(const struct integrity *i)
{
	return i->progress;
}

uint64_t integrity_bytes_read(const struct integrity *i)
{
	return i->bytes_read;
}

uint64_t integrity_cpu_us(const struct integrity *i)
{
	return i->cpu_us;
}

bool integrity_mark(struct integrity *i, int folder_fd)
{
	return file_watch_mark(i->watch, folder_fd);
}

static void save_folder(struct integrity *i, const struct file_folder *folder)
{
	char path[TREE_PATH_SIZE];

	for (uint32_t k = 0; k < folder->count; k++) {
		const struct file_entry *entry = &folder->entries[k];

		if (S_ISREG(entry->mode) && entry->stamp != 0 &&
		    (entry->flags & FILE_HAS_HASH) != 0 &&
		    tree_join(folder->path, folder->names + entry->name, path) == 0) {
			hash_cache_add(i->cache, path, entry->stamp, entry->sha256);
		}
	}
}

void integrity_save(struct integrity *i)
{
	int error;

	if (!i->is_unsaved) {
		return;
	}
	hash_cache_begin(i->cache);
	for (const struct file_folder *f = i->set.roots; f != NULL; f = file_set_next(f)) {
		save_folder(i, f);
	}
	error = hash_cache_end(i->cache);
	i->is_unsaved = false;
	i->saved_at = i->bytes_read;
	if (error != 0) {
		log_warn("cannot write the hashes of files; after a restart they are read again",
			 log_text("error", error_text(error)));
	}
}
