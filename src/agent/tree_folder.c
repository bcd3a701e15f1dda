/* tree_folder.c - an open folder: its names, what each is, and what is in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/mount_guard.h"
#include "agent/tree_parts.h"
#include "base/error.h"
#include "sys/alloc.h"

/* Names read between two words of progress. */
#define NAMES_A_STEP 1024

struct tree_folder {
	DIR *dir;
	struct tree *tree;
	char *real; /* its path without links, as it was reached */
};

/* Takes the descriptor over. real: the folder's path, or its parent's where there is a name. */
static int make_folder(struct tree *tree, int fd, const char *real, const char *name,
		       struct tree_folder **out)
{
	struct tree_folder *folder;
	char path[TREE_PATH_SIZE];
	DIR *dir = NULL;
	int error = 0;

	if (name != NULL) {
		error = tree_join(real, name, path);
		real = path;
	}
	if (error == 0) {
		dir = fdopendir(fd);
		error = dir == NULL ? ERR_IO : 0;
	}
	if (error != 0) {
		close(fd);
		return error;
	}
	folder = alloc_zeroed(1, sizeof *folder);
	folder->dir = dir;
	folder->tree = tree;
	folder->real = alloc_text(real);
	*out = folder;
	return 0;
}

static int open_folder(struct tree *tree, const char *path, bool is_observed,
		       struct tree_folder **out)
{
	struct place *place OWNED(alloc_free) = alloc_zeroed(1, sizeof *place);
	int error = tree_resolve(tree, path, true, place);
	int fd;

	if (error != 0) {
		return error;
	}
	if (!S_ISDIR(place->status.st_mode)) {
		return ERR_UNSUPPORTED;
	}
	fd = openat(place->folder_fd, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return tree_error_of(errno);
	}
	if (is_observed) {
		(void)tree_tell(tree, fd, TREE_UNWATCHED, NULL, true);
	}
	return make_folder(tree, fd, place->real, NULL, out);
}

int tree_folder_open(struct tree *tree, const char *path, struct tree_folder **out)
{
	return open_folder(tree, path, true, out);
}

int tree_folder_visit(struct tree *tree, const char *path, struct tree_folder **out)
{
	return open_folder(tree, path, false, out);
}

int tree_folder_reach(struct tree *tree, const char *real, struct tree_folder **out)
{
	struct reached *reached;
	int error;
	int fd;

	(void)mount_guard_refresh(tree->guard);
	real = strcmp(real, "/") == 0 ? "" : real;
	reached = tree_enter(tree, real, &error);
	if (reached == NULL) {
		return error;
	}
	fd = openat(reached->fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	if (fd < 0 && errno == EPERM) { /* not ours */
		fd = openat(reached->fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd < 0 ? tree_error_of(errno) : make_folder(tree, fd, real, NULL, out);
}

int tree_folder_fd(const struct tree_folder *folder)
{
	return dirfd(folder->dir);
}

static char type_of_entry(const struct tree_folder *folder, const struct dirent *entry)
{
	struct stat status;

	switch (entry->d_type) {
	case DT_REG:
		return 'f';
	case DT_DIR:
		return 'd';
	case DT_LNK:
		return 'l';
	case DT_UNKNOWN:
		return tree_refuses(folder->tree, folder->real, entry->d_name) ||
				       fstatat(dirfd(folder->dir), entry->d_name, &status,
					       AT_SYMLINK_NOFOLLOW) < 0
			       ? '?'
			       : tree_type_of(status.st_mode);
	default:
		return '?';
	}
}

bool tree_folder_next(struct tree_folder *folder, const char **out_name, char *out_type)
{
	struct tree *tree = folder->tree;
	const struct dirent *entry;

	if (++tree->names % NAMES_A_STEP == 0 && tree->progress != NULL) {
		tree->progress(tree->progress_context);
	}
	do {
		entry = readdir(folder->dir);
		if (entry == NULL) {
			return false;
		}
	} while (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
	*out_name = entry->d_name;
	*out_type = type_of_entry(folder, entry);
	return true;
}

int tree_folder_enter(struct tree_folder *folder, const char *name, struct tree_folder **out)
{
	int fd;

	(void)mount_guard_refresh(folder->tree->guard);
	if (tree_refuses(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	fd = openat(dirfd(folder->dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? tree_error_of(errno)
		      : make_folder(folder->tree, fd, folder->real, name, out);
}

int tree_folder_status(struct tree_folder *folder, const char *name, struct stat *out)
{
	if (tree_refuses(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	return fstatat(dirfd(folder->dir), name, out, AT_SYMLINK_NOFOLLOW) < 0
		       ? tree_error_of(errno)
		       : 0;
}

int tree_folder_file(struct tree_folder *folder, const char *name, int *out_fd)
{
	struct stat status;

	if (tree_refuses(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	/* opening a device can do something: what it is comes first */
	if (fstatat(dirfd(folder->dir), name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return tree_error_of(errno);
	}
	return S_ISREG(status.st_mode) ? tree_open_regular(dirfd(folder->dir), name, true, out_fd)
				       : ERR_UNSUPPORTED;
}

int tree_folder_link(struct tree_folder *folder, const char *name, char out[TREE_PATH_SIZE])
{
	return tree_refuses(folder->tree, folder->real, name)
		       ? ERR_UNSUPPORTED
		       : tree_read_link(dirfd(folder->dir), name, out);
}

/* There is no lgetxattrat before Linux 6.13: /proc leads to the open folder. */
int tree_folder_attribute(struct tree_folder *folder, const char *name, const char *attribute,
			  uint8_t *out, size_t size, size_t *out_len)
{
	char path[sizeof "/proc/self/fd/2147483647/" + NAME_MAX];
	ssize_t len;

	if (strlen(name) > NAME_MAX) {
		return ERR_LIMIT;
	}
	if (tree_refuses(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dirfd(folder->dir), name);
	len = lgetxattr(path, attribute, out, size);
	if (len < 0 && errno != ENODATA && errno != EOPNOTSUPP) {
		return errno == ERANGE ? ERR_LIMIT : tree_error_of(errno);
	}
	*out_len = len < 0 ? 0 : (size_t)len;
	return 0;
}

void tree_folder_close(struct tree_folder **folder)
{
	if (*folder != NULL) {
		closedir((*folder)->dir);
		free((*folder)->real);
		free(*folder);
		*folder = NULL;
	}
}
