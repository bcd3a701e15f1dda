/* unpack.c - a layer's entries: what is wanted of them, and where they go. */
#include "cli/check/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "cli/check/unpack_program.h"
#include "sys/file.h"

#define PIECE_SIZE 65536

/* OCI image layer specification, "Whiteouts". */
#define WHITEOUT ".wh."
#define OPAQUE   ".wh..wh..opq"

void unpack_init(struct unpack *u, struct scratch *scratch)
{
	memset(u, 0, sizeof *u);
	u->scratch = scratch;
	u->parent_fd = -1;
}

void unpack_done(struct unpack *u)
{
	file_close(&u->parent_fd);
}

/* --- names --- */

/* "./etc//os-release" as "etc/os-release"; false where it leads up or is nothing. */
static bool normal_path(const char *name, char out[TAR_NAME_SIZE])
{
	struct reader r = reader_over(span_of(name));
	struct writer w = writer_over((uint8_t *)out, TAR_NAME_SIZE - 1);

	while (reader_left(&r) > 0) {
		struct span part = reader_until(&r, '/');

		if (span_is(part, "..") || part.len > 255) {
			return false;
		}
		if (part.len == 0 || span_is(part, ".")) {
			continue;
		}
		if (writer_used(&w) > 0) {
			writer_text(&w, "/");
		}
		writer_bytes(&w, part);
	}
	out[writer_used(&w)] = '\0';
	return writer_ok(&w) && writer_used(&w) > 0;
}

/* Cuts "etc/os-release" in two: "etc" stays, "os-release" is returned; of "etc" "" stays. */
static const char *cut_base(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL) {
		size_t len = strlen(path);

		memmove(path + 1, path, len + 1);
		path[0] = '\0';
		return path + 1;
	}
	*slash = '\0';
	return slash + 1;
}

/* --- folders --- */

static int open_in_root(const struct unpack *u, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, u->scratch->root_fd, path[0] == '\0' ? "." : path, &how,
			    sizeof how);
}

static int count_object(struct unpack *u)
{
	return ++u->objects > UNPACK_OBJECTS_MAX ? ERR_LIMIT : 0;
}

/* As mkdir -p, each step within the tree. A link that leads nowhere cannot be passed: -1. */
static int make_folders(struct unpack *u, char *path)
{
	size_t len = strlen(path);
	int fd = -1;

	for (size_t i = 1; i <= len; i++) {
		int parent_fd;
		char *base;

		if (path[i] != '/' && path[i] != '\0') {
			continue;
		}
		path[i] = '\0';
		file_close(&fd);
		fd = open_in_root(u, path);
		base = strrchr(path, '/');
		if (fd < 0 && errno == ENOENT && count_object(u) == 0) {
			if (base != NULL) {
				*base = '\0';
			}
			parent_fd = open_in_root(u, base != NULL ? path : "");
			if (base != NULL) {
				*base = '/';
			}
			(void)mkdirat(parent_fd, base != NULL ? base + 1 : path, 0700);
			file_close(&parent_fd);
			fd = open_in_root(u, path);
		}
		if (i < len) {
			path[i] = '/';
		}
		if (fd < 0) {
			return -1;
		}
	}
	return fd;
}

/* The folder of an entry, kept until another is asked for. -1 where there is none. */
static int parent_of(struct unpack *u, char *path, bool is_made)
{
	if (u->parent_fd >= 0 && strcmp(u->parent, path) == 0) {
		return u->parent_fd;
	}
	file_close(&u->parent_fd);
	u->parent_fd = open_in_root(u, path);
	if (u->parent_fd < 0 && is_made && errno == ENOENT) {
		u->parent_fd = make_folders(u, path);
	}
	snprintf(u->parent, sizeof u->parent, "%s", path);
	return u->parent_fd;
}

/* --- whiteouts --- */

static int discard_all(struct unpack *u, int folder_fd)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int error = 0;

	if (folder == NULL) {
		file_close(&fd);
		return ERR_IO;
	}
	while (error == 0 && (entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			error = scratch_discard(u->scratch, dirfd(folder), entry->d_name);
		}
	}
	closedir(folder);
	return error;
}

static int take_whiteout(struct unpack *u)
{
	char path[TAR_NAME_SIZE + 1];
	const char *base;
	int fd;

	if (!normal_path(u->entry.name, path)) {
		return 0;
	}
	base = cut_base(path);
	if (strncmp(base, WHITEOUT, strlen(WHITEOUT)) != 0) {
		return 0;
	}
	fd = parent_of(u, path, false);
	if (fd < 0) {
		return 0;
	}
	if (strcmp(base, OPAQUE) == 0) {
		return discard_all(u, fd);
	}
	base += strlen(WHITEOUT);
	if (base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
		u->refused++;
		return 0;
	}
	return scratch_discard(u->scratch, fd, base);
}

int unpack_whiteouts(struct unpack *u, struct tar_source layer)
{
	int error;

	tar_init(&u->tar, layer);
	while ((error = tar_next(&u->tar, &u->entry)) == 0) {
		error = take_whiteout(u);
		if (error != 0) {
			return error;
		}
	}
	file_close(&u->parent_fd); /* by its name another may be meant now */
	return error == ERR_NOT_FOUND ? 0 : error;
}

/* --- files --- */

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done <= 0) {
			return ERR_IO;
		}
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}

/* Of programs only those of Go stay, which is known when they have gone by. */
static int write_file(struct unpack *u, int parent_fd, const char *base, bool is_program)
{
	OWNED(file_close) int fd = -1;
	struct unpack_program program = { 0 };
	uint8_t piece[PIECE_SIZE];
	size_t len = 0;
	int error;

	if (u->entry.size > UNPACK_FILE_MAX) {
		return is_program ? 0 : ERR_LIMIT;
	}
	fd = openat(parent_fd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return ERR_IO;
	}
	do {
		error = tar_read(&u->tar, piece, sizeof piece, &len);
		if (error == 0 && len > UNPACK_BYTES_MAX - u->bytes) {
			error = ERR_LIMIT;
		}
		if (error == 0) {
			error = write_all(fd, piece, len);
			u->bytes += len;
			unpack_program_add(&program, piece, len);
		}
	} while (error == 0 && len > 0 && (!is_program || unpack_program_may_be(&program)));
	if (error == 0 && is_program && !unpack_program_is_go(&program)) {
		u->bytes -= program.size;
		(void)unlinkat(parent_fd, base, 0);
	}
	return error;
}

/* A second name of what was unpacked before; what was not wanted under its first is not there. */
static void link_file(struct unpack *u, int parent_fd, const char *base)
{
	char path[TAR_NAME_SIZE + 1];
	const char *its_base;
	int fd;

	if (!normal_path(u->entry.target, path)) {
		u->refused++;
		return;
	}
	its_base = cut_base(path);
	fd = open_in_root(u, path);
	if (fd >= 0) {
		u->refused += linkat(fd, its_base, parent_fd, base, 0) != 0;
	}
	file_close(&fd);
}

/* What is in the way of an entry goes, but a folder for a folder. */
static int clear_way(struct unpack *u, int parent_fd, const char *base)
{
	struct stat status;

	if (fstatat(parent_fd, base, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
	    (S_ISDIR(status.st_mode) && u->entry.type == TAR_FOLDER)) {
		return 0;
	}
	return scratch_discard(u->scratch, parent_fd, base);
}

static int take_file(struct unpack *u)
{
	char path[TAR_NAME_SIZE + 1];
	bool is_program = false;
	bool is_wanted;
	const char *base;
	int error;
	int fd;

	if (!normal_path(u->entry.name, path)) {
		u->refused += strcmp(u->entry.name, "./") != 0 && strcmp(u->entry.name, "/") != 0;
		return 0;
	}
	is_wanted = u->entry.type == TAR_FILE && unpack_wants(path, &is_program);
	base = cut_base(path);
	if (strncmp(base, WHITEOUT, strlen(WHITEOUT)) == 0) {
		return 0;
	}
	fd = parent_of(u, path, is_wanted || u->entry.type != TAR_FILE);
	if (fd < 0) {
		return 0;
	}
	error = clear_way(u, fd, base);
	if (error != 0 || (u->entry.type == TAR_FILE && !is_wanted)) {
		return error;
	}
	error = count_object(u);
	if (error != 0) {
		return error;
	}
	switch (u->entry.type) {
	case TAR_FOLDER:
		(void)mkdirat(fd, base, 0700);
		return 0;
	case TAR_LINK:
		u->refused += symlinkat(u->entry.target, fd, base) != 0;
		return 0;
	case TAR_HARD_LINK:
		link_file(u, fd, base);
		return 0;
	case TAR_FILE:
		return write_file(u, fd, base, is_program);
	case TAR_OTHER:
	default:
		return 0;
	}
}

int unpack_files(struct unpack *u, struct tar_source layer)
{
	int error;

	tar_init(&u->tar, layer);
	while ((error = tar_next(&u->tar, &u->entry)) == 0) {
		error = take_file(u);
		if (error != 0) {
			return error;
		}
	}
	return error == ERR_NOT_FOUND ? 0 : error;
}
