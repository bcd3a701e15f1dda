/*
 * watches.c - folders by inotify's number, and who looks for what in each.
 *
 * Names are kept as 32-bit hashes: two that are taken for one another only cost a needless walk.
 */
#include "agent/watches.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/tree.h"
#include "base/error.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/log.h"

#define EVENTS_BYTES 16384

/* What tells that there is another thing of a name, or none; and that a file's bytes are others. */
#define MASK_NAMES                                                                                 \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |     \
	 IN_ONLYDIR | IN_EXCL_UNLINK)
#define MASK_CONTENT (MASK_NAMES | IN_CLOSE_WRITE | IN_ATTRIB)

/* What the kernel itself changes is never closed by a writer. */
#define KERNEL_FILE "cgroup.events"

/* A table that looks for a name in a folder. */
struct interest {
	uint32_t name; /* its hash; NAME_ANY */
	uint16_t table;
	bool is_current; /* looked for in the walk at hand */
};

#define NAME_ANY 0

struct watched_folder {
	int wd;
	uint32_t mask;
	struct interest *interests;
	uint32_t count;
	uint32_t capacity;
};

struct watches {
	int fd;
	struct loop_watch *watch;
	watches_handler *changed;
	void *context;
	uint16_t walking;               /* 0: no walk */
	struct watched_folder *folders; /* by rising wd */
	size_t count;
	size_t capacity;
	bool is_limit_told;
};

static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++) {
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	}
	return hash == NAME_ANY ? 1 : hash;
}

static size_t lower(const struct watches *w, int wd)
{
	size_t low = 0;
	size_t high = w->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->folders[middle].wd < wd) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct watched_folder *find(const struct watches *w, int wd)
{
	size_t at = lower(w, wd);

	return at < w->count && w->folders[at].wd == wd ? &w->folders[at] : NULL;
}

static struct watched_folder *find_or_add(struct watches *w, int wd)
{
	size_t at = lower(w, wd);

	if (at < w->count && w->folders[at].wd == wd) {
		return &w->folders[at];
	}
	if (w->count == w->capacity) {
		w->capacity = w->capacity == 0 ? 32 : 2 * w->capacity;
		w->folders = alloc_resize(w->folders, w->capacity, sizeof *w->folders);
	}
	memmove(&w->folders[at + 1], &w->folders[at], (w->count - at) * sizeof *w->folders);
	w->folders[at] = (struct watched_folder){ .wd = wd };
	w->count++;
	return &w->folders[at];
}

static void forget(struct watches *w, struct watched_folder *folder)
{
	size_t at = (size_t)(folder - w->folders);

	free(folder->interests);
	memmove(&w->folders[at], &w->folders[at + 1], (w->count - at - 1) * sizeof *w->folders);
	w->count--;
}

static void interest(struct watches *w, struct watched_folder *folder, uint32_t name)
{
	for (uint32_t i = 0; i < folder->count; i++) {
		struct interest *known = &folder->interests[i];

		if (known->table == w->walking &&
		    (known->name == name || known->name == NAME_ANY)) {
			known->is_current = true;
			return;
		}
	}
	if (folder->count >= WATCHES_NAMES_MAX && name != NAME_ANY) {
		interest(w, folder, NAME_ANY);
		return;
	}
	if (folder->count == folder->capacity) {
		folder->capacity = folder->capacity == 0 ? 2 : 2 * folder->capacity;
		folder->interests = alloc_resize(folder->interests, folder->capacity,
						 sizeof *folder->interests);
	}
	folder->interests[folder->count++] =
		(struct interest){ .name = name, .table = w->walking, .is_current = true };
}

static void tell_limit(struct watches *w)
{
	if (!w->is_limit_told) {
		w->is_limit_told = true;
		log_warn("cannot watch more folders, changes there are seen at the hourly walk",
			 log_text("raise", "fs.inotify.max_user_watches"),
			 log_number("folders", (int64_t)w->count));
	}
}

/* A watch on the folder for what the mask says. NULL where there cannot be one. */
static struct watched_folder *watch_folder(struct watches *w, int folder_fd, uint32_t mask)
{
	struct watched_folder *folder;
	char path[32];
	int wd;

	/* the descriptor may be one of O_PATH: inotify takes it by its name in /proc */
	snprintf(path, sizeof path, "/proc/self/fd/%d", folder_fd);
	wd = w->count < WATCHES_FOLDERS_MAX ? inotify_add_watch(w->fd, path, mask | IN_MASK_ADD)
					    : -1;
	if (wd < 0) {
		if (w->count >= WATCHES_FOLDERS_MAX || errno == ENOSPC) {
			tell_limit(w);
		}
		return NULL; /* a folder that may not be read: there is nothing to see in it either
			      */
	}
	folder = find_or_add(w, wd);
	folder->mask |= mask;
	return folder;
}

int watches_look(void *context, int folder_fd, int watch, const char *name, bool is_content)
{
	struct watches *w = context;
	uint32_t mask = is_content ? MASK_CONTENT : MASK_NAMES;
	struct watched_folder *folder;

	if (w->walking == 0) {
		return TREE_UNWATCHED;
	}
	if (name != NULL && strcmp(name, KERNEL_FILE) == 0) {
		mask |= IN_MODIFY;
	}
	folder = find(w, watch);
	if (folder == NULL || (folder->mask & mask) != mask) {
		folder = watch_folder(w, folder_fd, mask);
	}
	if (folder == NULL) {
		return TREE_UNWATCHED;
	}
	interest(w, folder, name != NULL ? hash_name(name) : NAME_ANY);
	return folder->wd;
}

void watches_begin(struct watches *w, uint16_t table)
{
	w->walking = table;
	for (size_t i = 0; i < w->count; i++) {
		for (uint32_t k = 0; k < w->folders[i].count; k++) {
			if (w->folders[i].interests[k].table == table) {
				w->folders[i].interests[k].is_current = false;
			}
		}
	}
}

static void drop_old_interests(struct watched_folder *folder, uint16_t table)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < folder->count; i++) {
		if (folder->interests[i].table != table || folder->interests[i].is_current) {
			folder->interests[kept++] = folder->interests[i];
		}
	}
	folder->count = kept;
}

void watches_end(struct watches *w)
{
	for (size_t i = w->count; i-- > 0;) {
		struct watched_folder *folder = &w->folders[i];

		drop_old_interests(folder, w->walking);
		if (folder->count == 0) {
			(void)inotify_rm_watch(w->fd, folder->wd);
			forget(w, folder);
		}
	}
	w->walking = 0;
}

/* Tells each table once, though it may look for several names. */
static void tell(struct watches *w, const struct watched_folder *folder, uint32_t name)
{
	uint16_t last = 0;

	for (uint32_t i = 0; i < folder->count; i++) {
		const struct interest *known = &folder->interests[i];

		if (known->table != last &&
		    (name == NAME_ANY || known->name == NAME_ANY || known->name == name)) {
			last = known->table;
			w->changed(w->context, known->table);
		}
	}
}

static void handle(struct watches *w, const struct inotify_event *event, const char *name)
{
	struct watched_folder *folder;

	if (event->mask & IN_Q_OVERFLOW) {
		w->changed(w->context, 0);
		return;
	}
	folder = find(w, event->wd);
	if (folder == NULL) {
		return; /* given up meanwhile */
	}
	if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
		tell(w, folder, NAME_ANY);
		if (event->mask & IN_IGNORED) {
			forget(w, folder);
		}
		return;
	}
	tell(w, folder, event->len > 0 ? hash_name(name) : NAME_ANY);
}

static void on_readable(void *context, unsigned events)
{
	struct watches *w = context;
	_Alignas(struct inotify_event) uint8_t bytes[EVENTS_BYTES];
	ssize_t len = read(w->fd, bytes, sizeof bytes);

	(void)events;
	/* the kernel's own structs: whole events, names ended by NUL */
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= len;) {
		struct inotify_event event;

		memcpy(&event, bytes + at, sizeof event);
		at += (ssize_t)sizeof event;
		handle(w, &event, (const char *)bytes + at);
		at += (ssize_t)event.len;
	}
}

int watches_open_inotify(int *out_fd, struct why *why)
{
	*out_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (*out_fd < 0) {
		return why_set(why, ERR_IO,
			       "cannot open inotify: %s (raise fs.inotify.max_user_instances)",
			       strerror(errno));
	}
	return 0;
}

int watches_new(struct loop *loop, watches_handler *changed, void *context, struct watches **out,
		struct why *why)
{
	struct watches *w;
	int fd;
	int error = watches_open_inotify(&fd, why);

	if (error != 0) {
		return error;
	}
	w = alloc_zeroed(1, sizeof *w);
	w->fd = fd;
	w->changed = changed;
	w->context = context;
	w->watch = loop_watch(loop, fd, LOOP_READ, on_readable, w);
	*out = w;
	return 0;
}

void watches_free(struct watches **watches)
{
	struct watches *w = *watches;

	if (w == NULL) {
		return;
	}
	loop_unwatch(&w->watch);
	file_close(&w->fd);
	while (w->count > 0) {
		forget(w, &w->folders[w->count - 1]);
	}
	free(w->folders);
	free(w);
	*watches = NULL;
}
