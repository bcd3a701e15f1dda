/* file.c - files read and replaced whole. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/writer.h"

#define READ_PIECE    (64u << 10)
#define LOCK_TEXT_MAX 24

static int error_of(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case EEXIST:
		return ERR_EXISTS;
	case ELOOP: /* a link where none may be, or links in a circle */
		return ERR_UNSUPPORTED;
	default:
		return ERR_IO;
	}
}

void file_close(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
}

/* The file's kind is looked at before it is opened, because opening alone moves some devices, and
 * after, because it may have been exchanged; O_NONBLOCK so that not even then a FIFO stops us. */
static int open_regular(int dir_fd, const char *path, bool is_link_refused, int *out_fd)
{
	OWNED(file_close) int fd = -1;
	int link_flag = is_link_refused ? AT_SYMLINK_NOFOLLOW : 0;
	int open_flag = is_link_refused ? O_NOFOLLOW : 0;
	struct stat facts;

	if (fstatat(dir_fd, path, &facts, link_flag) != 0) {
		return error_of(errno);
	}
	if (!S_ISREG(facts.st_mode)) {
		return ERR_UNSUPPORTED;
	}
	fd = openat(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | open_flag);
	if (fd < 0 || fstat(fd, &facts) != 0) {
		return error_of(errno);
	}
	if (!S_ISREG(facts.st_mode)) {
		return ERR_UNSUPPORTED;
	}
	*out_fd = fd;
	fd = -1;
	return 0;
}

/* As much as the room holds; *out_is_end where there is no more. */
static int read_piece(int fd, struct buffer *out, size_t room, bool *out_is_end)
{
	uint8_t probe;
	uint8_t *at = room == 0 ? &probe : buffer_reserve(out, room);
	size_t done = 0;
	ssize_t len;

	do {
		len = read(fd, at + done, room == 0 ? 1 : room - done);
		if (len < 0 && errno != EINTR) {
			return error_of(errno);
		}
		if (len > 0 && room == 0) {
			return ERR_FULL;
		}
		done += len > 0 ? (size_t)len : 0;
	} while (len != 0 && done < room);
	buffer_grow(out, done);
	*out_is_end = len == 0;
	return 0;
}

/* One byte more than a small file has, to meet its end in the same piece. Files of /proc say
 * nothing of their size. */
static size_t first_piece(int fd)
{
	struct stat facts;

	return fstat(fd, &facts) == 0 && facts.st_size > 0 && facts.st_size < (off_t)READ_PIECE
		       ? (size_t)facts.st_size + 1
		       : READ_PIECE;
}

int file_read_at(int dir_fd, const char *path, bool is_link_refused, struct buffer *out)
{
	OWNED(file_close) int fd = -1;
	size_t len_before = out->len;
	size_t piece;
	bool is_end = false;
	int error = open_regular(dir_fd, path, is_link_refused, &fd);

	if (error != 0) {
		return error;
	}
	piece = first_piece(fd);
	while (error == 0 && !is_end) {
		size_t left = out->max - out->len;

		error = read_piece(fd, out, left < piece ? left : piece, &is_end);
		piece = READ_PIECE;
	}
	if (error != 0) {
		out->len = len_before;
	}
	return error;
}

int file_read(const char *path, struct buffer *out)
{
	return file_read_at(AT_FDCWD, path, false, out);
}

struct span file_bytes_at(int fd, uint8_t *out, size_t size, off_t offset)
{
	size_t got = 0;

	while (got < size) {
		ssize_t len = pread(fd, out + got, size - got, offset + (off_t)got);

		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			break;
		}
		got += (size_t)len;
	}
	return (struct span){ out, got };
}

int file_write_at(int fd, struct span bytes, off_t offset)
{
	while (bytes.len > 0) {
		ssize_t len = pwrite(fd, bytes.ptr, bytes.len, offset);

		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
		}
		bytes = span_after(bytes, (size_t)len);
		offset += len;
	}
	return 0;
}

static int refuse(struct why *why, int number, const char *doing, const char *path)
{
	int error = error_of(number);

	if (error == ERR_FULL) {
		return why_set(why, error, "%s %s: the disk is full (%s); free some space", doing,
			       path, strerror(number));
	}
	return why_set(why, error, "%s %s: %s", doing, path, strerror(number));
}

static int write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t len = write(fd, bytes.ptr, bytes.len);

		if (len < 0 && errno != EINTR) {
			return -1;
		}
		bytes = span_after(bytes, len < 0 ? 0 : (size_t)len);
	}
	return 0;
}

/* Makes a rename in the folder of path durable. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	OWNED(file_close) int fd = -1;

	(void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
		       slash == NULL ? "." : path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

int file_replace(const char *path, struct span bytes, mode_t mode, struct why *why)
{
	char beside[PATH_MAX];
	int len = snprintf(beside, sizeof beside, "%s.new-%ld", path, (long)getpid());
	OWNED(file_close) int fd = -1;
	bool is_written;

	if (len < 0 || (size_t)len >= sizeof beside) {
		return why_set(why, ERR_LIMIT, "the path is too long: %.200s", path);
	}
	/* what a process of the same number left when it was killed */
	(void)unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return refuse(why, errno, "cannot create", beside);
	}
	/* the mode before the content, and whatever the umask */
	is_written = fchmod(fd, mode) == 0 && write_all(fd, bytes) == 0 && fdatasync(fd) == 0 &&
		     rename(beside, path) == 0;
	if (!is_written) {
		int number = errno;

		(void)unlink(beside);
		return refuse(why, number, "cannot write", path);
	}
	if (sync_folder(path) != 0) {
		return refuse(why, errno, "cannot sync the folder of", path);
	}
	return 0;
}

static int make_one(const char *path, mode_t mode, struct why *why)
{
	struct stat facts;

	if (mkdir(path, mode) == 0) {
		return 0;
	}
	if (errno == EEXIST && stat(path, &facts) == 0) {
		return S_ISDIR(facts.st_mode)
			       ? 0
			       : why_set(why, ERR_EXISTS, "%s exists and is no folder", path);
	}
	return refuse(why, errno, "cannot make the folder", path);
}

int file_make_folder(const char *path, mode_t mode, struct why *why)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/') {
		len--;
	}
	if (len == 0 || len >= sizeof part) {
		return why_set(why, ERR_LIMIT, "no folder can have this name: '%.200s'", path);
	}
	for (size_t i = 1; i < len; i++) {
		struct stat facts;

		if (path[i] != '/') {
			continue;
		}
		(void)snprintf(part, sizeof part, "%.*s", (int)i, path);
		/* one that is there need not be one that we may make */
		if (stat(part, &facts) != 0 || !S_ISDIR(facts.st_mode)) {
			int error = make_one(part, 0755, why);

			if (error != 0) {
				return error;
			}
		}
	}
	(void)snprintf(part, sizeof part, "%.*s", (int)len, path);
	return make_one(part, mode, why);
}

static int refuse_held(const char *path, struct why *why)
{
	OWNED(buffer_done) struct buffer holder;
	struct span number = { 0 };

	buffer_init(&holder, LOCK_TEXT_MAX);
	if (file_read(path, &holder) == 0) {
		number = span_trim(buffer_span(&holder));
	}
	return why_set(why, ERR_EXISTS, "process %.*s is using %s already; stop it first",
		       number.len == 0 ? 1 : (int)number.len,
		       number.len == 0 ? "?" : (const char *)number.ptr, path);
}

int file_lock(const char *path, int *out_fd, struct why *why)
{
	uint8_t text[LOCK_TEXT_MAX];
	struct writer w = writer_over(text, sizeof text);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	OWNED(file_close) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		return refuse(why, errno, "cannot open", path);
	}
	/* of the open file, not of the process: no other close of the file lets it go */
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		return errno == EAGAIN || errno == EACCES ? refuse_held(path, why)
							  : refuse(why, errno, "cannot lock", path);
	}
	writer_decimal(&w, (uint64_t)getpid());
	writer_text(&w, "\n");
	if (ftruncate(fd, 0) != 0 || write_all(fd, writer_span(&w)) != 0) {
		return refuse(why, errno, "cannot write", path);
	}
	*out_fd = fd;
	fd = -1;
	return 0;
}
