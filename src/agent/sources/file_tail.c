/* file_tail.c - a descriptor, what tells its file from others, an offset. */
#include "agent/sources/file_tail.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"

struct status {
	uint64_t identity;
	uint64_t size;
};

/* Inode numbers are used again, as soon as a rotated log is removed: the time of birth, where the
 * file system keeps it, tells the two apart. */
static uint64_t identity_of(const struct statx *status)
{
	uint64_t born =
		(uint64_t)status->stx_btime.tv_sec * 1000000000u + status->stx_btime.tv_nsec;
	uint64_t mixed =
		(status->stx_mask & STATX_BTIME) != 0 ? born * UINT64_C(0x9e3779b97f4a7c15) : 0;

	mixed ^= status->stx_ino;
	return mixed == 0 ? 1 : mixed;
}

static bool look(int fd, struct status *out)
{
	struct statx status = { .stx_mask = 0 };

	/* not statx(): musl has it from 1.2.5 on only */
	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) <
		    0 ||
	    !S_ISREG(status.stx_mode)) {
		return false;
	}
	*out = (struct status){ identity_of(&status), status.stx_size };
	return true;
}

static int open_file(const char *path, struct status *out)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && !look(fd, out)) {
		file_close(&fd);
	}
	return fd;
}

/* Takes over fd, to be read from offset. */
static void take(struct file_tail *t, int fd, const struct status *status, uint64_t offset)
{
	file_close(&t->fd);
	t->fd = fd;
	t->identity = status->identity;
	t->offset = offset;
}

/* The file that one was in has another name now, if it is still there. */
static bool take_rotated(struct file_tail *t, uint64_t identity, uint64_t offset)
{
	char path[FILE_TAIL_PATH_SIZE + 2];
	struct status status = { .size = 0 };
	int fd;

	snprintf(path, sizeof path, "%s.1", t->path);
	fd = open_file(path, &status);
	if (fd < 0 || status.identity != identity || status.size < offset) {
		file_close(&fd);
		return false;
	}
	take(t, fd, &status, offset);
	return true;
}

void file_tail_open(struct file_tail *t, const char *path, struct reader *position)
{
	uint64_t identity = position != NULL ? reader_le64(position) : 0;
	uint64_t offset = position != NULL ? reader_le64(position) : 0;
	struct status status = { .size = 0 };
	int fd;

	*t = (struct file_tail){ .fd = -1 };
	snprintf(t->path, sizeof t->path, "%s", path);
	fd = open_file(path, &status);
	if (identity != 0 && (fd < 0 || status.identity != identity) &&
	    take_rotated(t, identity, offset)) {
		file_close(&fd);
		return;
	}
	if (fd < 0) {
		t->is_cut = identity != 0;
		return;
	}
	if (identity == 0) {
		/* one that was not there the last time is new */
		take(t, fd, &status, position != NULL ? 0 : status.size);
		return;
	}
	t->is_cut = status.identity != identity || status.size < offset;
	take(t, fd, &status, t->is_cut ? 0 : offset);
}

void file_tail_close(struct file_tail *t)
{
	file_close(&t->fd);
}

void file_tail_write(const struct file_tail *t, struct writer *w)
{
	writer_le64(w, t->identity);
	writer_le64(w, t->offset);
}

size_t file_tail_peek(struct file_tail *t, uint8_t *out, size_t size)
{
	struct status status = { .size = 0 };
	ssize_t len;

	if (t->fd < 0) {
		return 0;
	}
	if (look(t->fd, &status) && status.size < t->offset) {
		t->offset = 0; /* emptied, and written anew */
		t->is_cut = true;
	}
	len = pread(t->fd, out, size, (off_t)t->offset);
	return len > 0 ? (size_t)len : 0;
}

void file_tail_consume(struct file_tail *t, size_t len)
{
	t->offset += len;
}

bool file_tail_next_file(struct file_tail *t)
{
	struct status status = { .size = 0 };
	int fd = open_file(t->path, &status);

	/* an empty one is not yet written to: the daemon may still write to the old one */
	if (fd < 0 || status.identity == t->identity || (status.size == 0 && t->identity != 0)) {
		file_close(&fd);
		return false;
	}
	take(t, fd, &status, 0);
	return true;
}

void file_tail_skip(struct file_tail *t)
{
	struct status status = { .size = 0 };

	while (file_tail_next_file(t)) {
	}
	if (t->fd >= 0 && look(t->fd, &status)) {
		t->offset = status.size;
	}
}
