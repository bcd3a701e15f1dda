/*
 * file_watch.c - folders by the hash of their file handle, or by inotify's number.
 *
 * What comes out of the kernel here are its own structs: lengths are checked, bytes copied out.
 */
#include "agent/integrity/file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sha256.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/log.h"

#define BUCKETS      1024
#define EVENTS_BYTES 32768
#define HANDLE_MAX   128

/* linux/fanotify.h of the build machine may be older. */
#ifndef FAN_REPORT_DFID_NAME
#define FAN_REPORT_DFID_NAME 0x00000c00
#endif
#define MARK_EVICTABLE 0x200 /* FAN_MARK_EVICTABLE, Linux 5.19: pins no inode in memory */
#define INFO_DFID_NAME 2
#define HANDLE_FID     0x200 /* AT_HANDLE_FID, Linux 6.6: a handle that need not be opened again */

#define FAN_NAMES (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_ONDIR)
#define FAN_ALL   (FAN_NAMES | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_EVENT_ON_CHILD)
#define FAN_NEW   (FAN_CREATE | FAN_MOVED_TO | FAN_ATTRIB | FAN_ONDIR | FAN_EVENT_ON_CHILD)
#define INOTIFY_ALL                                                                                \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB |        \
	 IN_ONLYDIR | IN_EXCL_UNLINK)

struct file_watch {
	struct loop *loop;
	struct file_watch_handler handler;
	void *context;
	int group_fd;
	int inotify_fd;
	struct loop_watch *group_watch;
	struct loop_watch *inotify_watch;
	struct file_folder *buckets[BUCKETS];
	size_t count;
	bool is_limit_told;
};

/* --- folders by key --- */

static struct file_folder **bucket(struct file_watch *w, uint64_t key)
{
	return &w->buckets[key % BUCKETS];
}

static void remember(struct file_watch *w, struct file_folder *folder, uint64_t key, int wd)
{
	struct file_folder **at = bucket(w, key);

	folder->watch_key = key;
	folder->wd = wd;
	folder->next_watched = *at;
	*at = folder;
	w->count++;
}

static void forget(struct file_watch *w, struct file_folder *folder)
{
	struct file_folder **at = bucket(w, folder->watch_key);

	while (*at != folder) {
		at = &(*at)->next_watched;
	}
	*at = folder->next_watched;
	folder->watch_key = 0;
	folder->wd = -1;
	w->count--;
}

static bool is_key_used(struct file_watch *w, uint64_t key)
{
	const struct file_folder *folder = *bucket(w, key);

	while (folder != NULL && folder->watch_key != key) {
		folder = folder->next_watched;
	}
	return folder != NULL;
}

/* Tells each folder of the key; one that is removed meanwhile ends the round, as what is left of it
 * would be looked for in vain. False where there is none. */
static bool tell(struct file_watch *w, uint64_t key, const char *name, unsigned actions, pid_t pid)
{
	struct file_folder *folder = *bucket(w, key);
	bool is_ours = false;

	while (folder != NULL) {
		struct file_folder *next = folder->next_watched;

		if (folder->watch_key == key) {
			is_ours = true;
			w->handler.changed(w->context, folder, name, actions, pid);
		}
		folder = next;
	}
	return is_ours;
}

static uint64_t key_of(const void *fsid, size_t fsid_size, int type, const void *handle, size_t len)
{
	uint8_t hash[SHA256_SIZE];
	struct sha256 h;
	uint64_t key;

	sha256_init(&h);
	sha256_add(&h, (struct span){ fsid, fsid_size });
	sha256_add(&h, (struct span){ (const uint8_t *)&type, sizeof type });
	sha256_add(&h, (struct span){ handle, len });
	sha256_done(&h, hash);
	memcpy(&key, hash, sizeof key);
	return key == 0 ? 1 : key;
}

static uint64_t key_of_wd(int wd)
{
	return key_of("inotify", 7, 0, &wd, sizeof wd);
}

/* --- fanotify --- */

static bool key_of_folder(int fd, uint64_t *out)
{
	union {
		struct file_handle head;
		uint8_t bytes[sizeof(struct file_handle) + HANDLE_MAX];
	} handle;
	struct statfs status;
	int mount_id;

	handle.head.handle_bytes = HANDLE_MAX;
	if (name_to_handle_at(fd, "", &handle.head, &mount_id, AT_EMPTY_PATH) < 0) {
		handle.head.handle_bytes = HANDLE_MAX;
		if (name_to_handle_at(fd, "", &handle.head, &mount_id, AT_EMPTY_PATH | HANDLE_FID) <
		    0) {
			return false;
		}
	}
	if (fstatfs(fd, &status) < 0) {
		return false;
	}
	*out = key_of(&status.f_fsid, sizeof status.f_fsid, handle.head.handle_type,
		      handle.bytes + offsetof(struct file_handle, f_handle),
		      handle.head.handle_bytes);
	return true;
}

static unsigned actions_of_fanotify(uint64_t mask)
{
	return ((mask & FAN_CREATE) != 0 ? FILE_CREATED : 0) |
	       ((mask & FAN_CLOSE_WRITE) != 0 ? FILE_WRITTEN : 0) |
	       ((mask & FAN_DELETE) != 0 ? FILE_DELETED : 0) |
	       ((mask & (FAN_MOVED_FROM | FAN_MOVED_TO)) != 0 ? FILE_MOVED : 0) |
	       ((mask & FAN_ATTRIB) != 0 ? FILE_ATTRIBUTES : 0);
}

/* One event's record of a folder's handle and a name in it:
 *	type u8, pad u8, len u16; fsid 8 bytes; handle_bytes u32, handle_type i32, handle; name, NUL
 */
static void take_record(struct file_watch *w, const struct fanotify_event_metadata *event,
			const uint8_t *record, size_t len)
{
	const size_t fixed = 4 + 8 + sizeof(struct file_handle);
	struct file_handle head;
	const uint8_t *name;

	if (len <= fixed || record[0] != INFO_DFID_NAME) {
		return;
	}
	memcpy(&head, record + 12, sizeof head);
	if (head.handle_bytes >= len - fixed) {
		return;
	}
	name = record + fixed + head.handle_bytes;
	if (memchr(name, '\0', len - fixed - head.handle_bytes) == NULL) {
		return;
	}
	if (!tell(w, key_of(record + 4, 8, head.handle_type, record + fixed, head.handle_bytes),
		  (const char *)name, actions_of_fanotify(event->mask), event->pid)) {
		w->handler.marked(w->context);
	}
}

static void take_event(struct file_watch *w, const struct fanotify_event_metadata *event,
		       const uint8_t *bytes)
{
	size_t at = event->metadata_len;

	if (event->mask & FAN_Q_OVERFLOW) {
		w->handler.overflowed(w->context);
		return;
	}
	while (at + 4 <= event->event_len) {
		uint16_t len;

		memcpy(&len, bytes + at + 2, sizeof len);
		if (len < 4 || len > event->event_len - at) {
			return;
		}
		take_record(w, event, bytes + at, len);
		at += len;
	}
}

static void on_group(void *context, unsigned events)
{
	struct file_watch *w = context;
	uint8_t *bytes OWNED(alloc_free) = alloc_zeroed(1, EVENTS_BYTES);
	ssize_t len = read(w->group_fd, bytes, EVENTS_BYTES);
	size_t left = len > 0 ? (size_t)len : 0;
	size_t at = 0;

	(void)events;
	while (left - at >= sizeof(struct fanotify_event_metadata)) {
		struct fanotify_event_metadata event;

		memcpy(&event, bytes + at, sizeof event);
		if (event.vers != FANOTIFY_METADATA_VERSION || event.event_len < sizeof event ||
		    event.event_len > left - at) {
			return;
		}
		take_event(w, &event, bytes + at);
		at += event.event_len;
	}
}

static bool add_to_group(struct file_watch *w, struct file_folder *folder, int fd)
{
	uint64_t key;

	if (w->group_fd < 0 || !key_of_folder(fd, &key) ||
	    fanotify_mark(w->group_fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_ALL, fd, NULL) < 0) {
		return false;
	}
	if (folder->watch_key != 0 && folder->watch_key != key) {
		file_watch_remove(w, folder); /* another folder of the same path */
	}
	if (folder->watch_key == 0) {
		remember(w, folder, key, -1);
	}
	return true;
}

int file_watch_open_group(struct why *why)
{
	const unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME;
	int fd = fanotify_init(flags | FAN_UNLIMITED_MARKS, 0);

	if (fd < 0 && errno == EPERM) {
		fd = fanotify_init(flags, 0); /* without knowing who; since Linux 5.13 */
	}
	if (fd < 0) {
		(void)why_set(why, ERR_UNSUPPORTED, "no fanotify: %s", strerror(errno));
	}
	return fd;
}

/* --- inotify --- */

static unsigned actions_of_inotify(uint32_t mask)
{
	return ((mask & IN_CREATE) != 0 ? FILE_CREATED : 0) |
	       ((mask & IN_CLOSE_WRITE) != 0 ? FILE_WRITTEN : 0) |
	       ((mask & IN_DELETE) != 0 ? FILE_DELETED : 0) |
	       ((mask & (IN_MOVED_FROM | IN_MOVED_TO)) != 0 ? FILE_MOVED : 0) |
	       ((mask & IN_ATTRIB) != 0 ? FILE_ATTRIBUTES : 0);
}

static void on_inotify(void *context, unsigned events)
{
	struct file_watch *w = context;
	uint8_t *bytes OWNED(alloc_free) = alloc_zeroed(1, EVENTS_BYTES);
	ssize_t len = read(w->inotify_fd, bytes, EVENTS_BYTES);

	(void)events;
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= len;) {
		struct inotify_event event;

		memcpy(&event, bytes + at, sizeof event);
		at += (ssize_t)sizeof event;
		if (event.mask & IN_Q_OVERFLOW) {
			w->handler.overflowed(w->context);
		} else {
			(void)tell(w, key_of_wd(event.wd),
				   event.len > 0 ? (const char *)bytes + at : ".",
				   actions_of_inotify(event.mask), 0);
		}
		at += (ssize_t)event.len;
	}
}

static bool add_to_inotify(struct file_watch *w, struct file_folder *folder, int fd)
{
	char path[32];
	int wd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	wd = w->inotify_fd >= 0 ? inotify_add_watch(w->inotify_fd, path, INOTIFY_ALL) : -1;
	if (wd < 0) {
		return false;
	}
	if (folder->watch_key != 0 && folder->wd != wd) {
		file_watch_remove(w, folder);
	}
	if (folder->watch_key == 0) {
		remember(w, folder, key_of_wd(wd), wd);
	}
	return true;
}

/* --- both --- */

struct file_watch *file_watch_new(struct loop *loop, int group_fd,
				  const struct file_watch_handler *handler, void *context)
{
	struct file_watch *w = alloc_zeroed(1, sizeof *w);

	w->loop = loop;
	w->handler = *handler;
	w->context = context;
	w->group_fd = group_fd;
	w->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (group_fd >= 0) {
		/* marks of a process before this one, which had the same group */
		(void)fanotify_mark(group_fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
		w->group_watch = loop_watch(loop, group_fd, LOOP_READ, on_group, w);
	}
	if (w->inotify_fd >= 0) {
		w->inotify_watch = loop_watch(loop, w->inotify_fd, LOOP_READ, on_inotify, w);
	}
	return w;
}

void file_watch_free(struct file_watch **watch)
{
	struct file_watch *w = *watch;

	if (w == NULL) {
		return;
	}
	loop_unwatch(&w->group_watch);
	loop_unwatch(&w->inotify_watch);
	file_close(&w->group_fd);
	file_close(&w->inotify_fd);
	free(w);
	*watch = NULL;
}

const char *file_watch_way(const struct file_watch *w)
{
	return w->group_fd >= 0 ? "fanotify" : w->inotify_fd >= 0 ? "inotify" : "no";
}

bool file_watch_is_any(const struct file_watch *w)
{
	return w->group_fd >= 0 || w->inotify_fd >= 0;
}

bool file_watch_add(struct file_watch *w, struct file_folder *folder, int fd)
{
	bool is_done = w->count < FILE_WATCH_MAX || folder->watch_key != 0;

	is_done = is_done && (add_to_group(w, folder, fd) || add_to_inotify(w, folder, fd));
	if (!is_done && !w->is_limit_told) {
		w->is_limit_told = true;
		log_warn("a folder cannot be watched, changes in it are seen at the hourly walk",
			 log_text("folder", folder->path), log_number("watched", (int64_t)w->count),
			 log_text("error", strerror(errno)));
	}
	return is_done;
}

void file_watch_remove(struct file_watch *w, struct file_folder *folder)
{
	uint64_t key = folder->watch_key;
	int wd = folder->wd;

	if (key == 0) {
		return;
	}
	forget(w, folder);
	/* a mark of fanotify goes with the folder; what comes of it until then is nobody's */
	if (wd >= 0 && !is_key_used(w, key)) {
		(void)inotify_rm_watch(w->inotify_fd, wd);
	}
}

bool file_watch_mark(struct file_watch *w, int fd)
{
	return w->group_fd >= 0 &&
	       fanotify_mark(w->group_fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR | MARK_EVICTABLE, FAN_NEW,
			     fd, NULL) == 0;
}
