/* file_hashing.c - open, status, pieces, status. */
#include "agent/integrity/file_hashing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/file.h"

/* Times of files are those of the kernel's last tick, up to 10 ms old: what changed so shortly ago
 * may change again and have the same time. A clock that was set back does not count. */
#define TICK_NS   INT64_C(20000000)
#define FUTURE_NS INT64_C(2000000000)

static void give_up(struct file_set *set, struct file_folder *folder, struct file_entry *entry)
{
	file_set_pending(set, folder, entry, false);
	entry->stamp = 0; /* looked at anew whenever the folder is */
}

/* It is there, and that is all that can be told of it. */
static void tell_unreadable(struct tree_folder *opened, const char *name, struct file_entry *entry)
{
	struct stat status;

	if (tree_folder_status(opened, name, &status) == 0 && S_ISREG(status.st_mode)) {
		file_entry_set(entry, &status);
		entry->flags |= FILE_IS_KNOWN;
		entry->flags &= (uint8_t)~FILE_HAS_HASH;
	}
}

int file_hashing_begin(struct file_hashing *h, struct tree_folder *opened, struct file_set *set,
		       struct file_folder *folder, struct file_entry *entry)
{
	const char *name = folder->names + entry->name;
	int fd = -1;
	int error = tree_folder_file(opened, name, &fd);

	if (error == 0 && fstat(fd, &h->before) < 0) {
		file_close(&fd);
		error = ERR_IO;
	}
	if (error != 0) {
		struct file_entry was = *entry;

		give_up(set, folder, entry);
		tell_unreadable(opened, name, entry);
		file_set_changed(set, folder, name, &was, entry);
		return error;
	}
	h->folder = folder;
	h->name = alloc_text(name);
	h->fd = fd;
	h->done = 0;
	h->tries = (uint8_t)(entry->tries + 1);
	sha256_init(&h->hash);
	return 0;
}

void file_hashing_drop(struct file_hashing *h)
{
	if (h->folder == NULL) {
		return;
	}
	if (h->done > FILE_HASHING_LARGE) {
		(void)posix_fadvise(h->fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	file_close(&h->fd);
	free(h->name);
	h->name = NULL;
	h->folder = NULL;
}

size_t file_hashing_step(struct file_hashing *h, uint8_t *piece)
{
	ssize_t len;

	do {
		len = read(h->fd, piece, FILE_HASHING_PIECE);
	} while (len < 0 && errno == EINTR);
	if (len <= 0) {
		return 0; /* an error too: too few bytes are no hash */
	}
	h->done += (size_t)len;
	/* one that grows for ever is not read for ever */
	if (h->done > (uint64_t)h->before.st_size) {
		return 0;
	}
	sha256_add(&h->hash, (struct span){ piece, (size_t)len });
	return (size_t)len;
}

static bool is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_unchanged(const struct file_hashing *h)
{
	struct stat after;

	return fstat(h->fd, &after) == 0 && after.st_size == h->before.st_size &&
	       h->done == (uint64_t)h->before.st_size &&
	       is_same_time(after.st_ctim, h->before.st_ctim) &&
	       is_same_time(after.st_mtim, h->before.st_mtim);
}

static bool is_fresh(const struct stat *status)
{
	struct timespec now;
	int64_t age_ns;

	clock_gettime(CLOCK_REALTIME, &now);
	if (llabs((long long)now.tv_sec - status->st_ctim.tv_sec) > 3) {
		return false;
	}
	age_ns = ((int64_t)now.tv_sec - status->st_ctim.tv_sec) * 1000000000 + now.tv_nsec -
		 status->st_ctim.tv_nsec;
	return age_ns > -FUTURE_NS && age_ns < TICK_NS;
}

static bool settle(const struct file_hashing *h, struct file_set *set, struct file_entry *entry,
		   struct sha256 *hash)
{
	struct file_entry was = *entry;
	bool is_changed;

	file_entry_set(entry, &h->before);
	sha256_done(hash, entry->sha256);
	if (is_fresh(&h->before)) {
		entry->stamp = 0;
	}
	entry->flags |= FILE_IS_KNOWN | FILE_HAS_HASH;
	entry->tries = 0;
	file_set_pending(set, h->folder, entry, false);
	is_changed = was.size != entry->size || was.uid != entry->uid || was.gid != entry->gid ||
		     was.mode != entry->mode || (was.flags & FILE_HAS_HASH) == 0 ||
		     (was.flags & FILE_IS_KNOWN) == 0 ||
		     memcmp(was.sha256, entry->sha256, sizeof was.sha256) != 0;
	if (is_changed) {
		file_set_changed(set, h->folder, h->name, &was, entry);
	}
	return is_changed;
}

bool file_hashing_end(struct file_hashing *h, struct file_set *set)
{
	struct file_entry *entry = file_folder_find(h->folder, h->name);
	bool is_changed = false;

	if (entry != NULL && (entry->flags & FILE_IS_PENDING) != 0) {
		if (is_unchanged(h)) {
			is_changed = settle(h, set, entry, &h->hash);
		} else if (h->tries >= FILE_HASHING_TRIES) {
			give_up(set, h->folder, entry);
			is_changed = (entry->flags & FILE_IS_KNOWN) == 0;
			if (is_changed) {
				file_set_changed(set, h->folder, h->name, NULL, entry);
			}
			entry->flags |= FILE_IS_KNOWN;
			entry->tries = 0;
		} else {
			entry->tries = h->tries;
		}
	}
	file_hashing_drop(h);
	return is_changed;
}
