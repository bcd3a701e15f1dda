/*
 * file_watch.h - which watched folder has changed, and who did it: fanotify(7), else inotify(7).
 *
 * Of fanotify an inode mark a folder, told apart by file handles: needs no privilege once the
 * group is open, and tells the process where the group was opened with CAP_SYS_ADMIN. A folder
 * whose file system gives no handles, and all where there is no group, are watched by inotify.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/integrity/file_set.h"
#include "base/attr.h"
#include "sys/loop.h"
#include "sys/why.h"

/* Folders watched at a time: about 1 KiB of kernel memory each. What is beyond is seen by the
 * hourly walk. */
#define FILE_WATCH_MAX 16384

/* What happened to a name, as bits. */
enum {
	FILE_CREATED = 1,
	FILE_WRITTEN = 2,
	FILE_DELETED = 4,
	FILE_MOVED = 8,
	FILE_ATTRIBUTES = 16,
};

struct file_watch_handler {
	/* Something happened in a watched folder, or to it (name "."). pid: who did it; 0 where
	 * that is not known. */
	void (*changed)(void *context, struct file_folder *folder, const char *name,
			unsigned actions, pid_t pid);

	/* Something happened in a folder that only file_watch_mark() knows. */
	void (*marked)(void *context);

	/* Some events were lost. */
	void (*overflowed)(void *context);
};

struct file_watch;

/* Opens a fanotify group: before privileges are dropped, at best with CAP_SYS_ADMIN. -1 where the
 * kernel or this process may not; then with a reason. */
int file_watch_open_group(struct why *why);

/* group_fd: taken over and emptied; -1 for inotify alone. */
struct file_watch *file_watch_new(struct loop *loop, int group_fd,
				  const struct file_watch_handler *handler, void *context);
void file_watch_free(struct file_watch **watch);

/* The way of watching that is in use: "fanotify", "inotify" or "no". */
const char *file_watch_way(const struct file_watch *watch);

/* False where only looking again and again helps. */
bool file_watch_is_any(const struct file_watch *watch);

/* Watches a folder that is open as fd, from now on: to be called before it is read. False where it
 * cannot be watched. One that is watched already is watched once more for no cost. */
bool file_watch_add(struct file_watch *watch, struct file_folder *folder, int fd);
void file_watch_remove(struct file_watch *watch, struct file_folder *folder);

/* Has the handler's marked called for what comes into a folder, and for new attributes there. Takes
 * no memory that the kernel could not take back, and then is void; false where it cannot be done.
 */
bool file_watch_mark(struct file_watch *watch, int fd);
