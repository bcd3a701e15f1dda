/*
 * tree.c - resolves paths step by step, so that links stay within the tree.
 *
 * openat2(RESOLVE_IN_ROOT) would do the same in one call, but tells nothing of the links on the
 * way, which are watched too: when /etc/localtime is replaced, its folder says so.
 */
#include "agent/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/mount_guard.h"
#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"
#include "sys/file.h"

/* Names read between two words of progress. */
#define NAMES_A_STEP 1024

struct tree {
	int root_fd;
	bool is_live;
	bool is_of_first_process;
	struct mount_guard *guard;
	char refusal[TREE_REFUSAL_SIZE]; /* "" where nothing was refused */
	tree_observer *observer;
	void *observer_context;
	void (*progress)(void *context);
	void *progress_context;
	unsigned names; /* read in folders so far */
	/* the folder reached last: files of one folder are mostly asked for one after the other */
	int folder_fd;
	char folder[TREE_PATH_SIZE]; /* without links */
	char asked[TREE_PATH_SIZE];  /* the same in the caller's words; "" where not known */
};

struct tree_folder {
	DIR *dir;
	struct tree *tree;
	char *real; /* its path without links, as it was reached */
};

static int error_of(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
	case ESRCH:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case ELOOP:
	case ENAMETOOLONG:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

/* Where the root lies on the machine; "" for the machine's own, and where that is not known. */
static void real_root(int fd, char out[TREE_PATH_SIZE])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, out, TREE_PATH_SIZE - 1);
	out[len > 1 ? len : 0] = '\0';
}

int tree_new(const char *root, struct tree **out, struct why *why)
{
	char real[TREE_PATH_SIZE];
	struct tree *tree;
	bool is_first = strcmp(root, TREE_OF_FIRST_PROCESS) == 0;
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && is_first) {
		is_first = false;
		root = "/";
		fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0) {
		return why_set(why, error_of(errno), "cannot open the folder %s: %s", root,
			       strerror(errno));
	}
	tree = alloc_zeroed(1, sizeof *tree);
	tree->root_fd = fd;
	tree->folder_fd = -1;
	tree->is_live = is_first || strcmp(root, "/") == 0;
	tree->is_of_first_process = is_first;
	real_root(fd, real);
	tree->guard =
		mount_guard_new(real, is_first ? "/proc/1/mountinfo" : "/proc/self/mountinfo");
	*out = tree;
	return 0;
}

void tree_free(struct tree **tree)
{
	if (*tree == NULL) {
		return;
	}
	tree_rest(*tree);
	close((*tree)->root_fd);
	mount_guard_free(&(*tree)->guard);
	free(*tree);
	*tree = NULL;
}

bool tree_is_live(const struct tree *tree)
{
	return tree->is_live;
}

void tree_on_progress(struct tree *tree, void (*progress)(void *context), void *context)
{
	tree->progress = progress;
	tree->progress_context = context;
}

bool tree_is_of_first_process(const struct tree *tree)
{
	return tree->is_of_first_process;
}

struct mount_guard *tree_guard(struct tree *tree)
{
	return tree->guard;
}

const char *tree_refusal(const struct tree *tree)
{
	return tree->refusal[0] != '\0' ? tree->refusal : NULL;
}

void tree_refusal_clear(struct tree *tree)
{
	tree->refusal[0] = '\0';
}

/* Whatever touches the root of a mount asks whoever serves it: so it is known before. */
static bool is_refused(struct tree *tree, const char *folder, const char *name)
{
	const char *type = mount_guard_refuses(tree->guard, folder, name);

	if (type == NULL) {
		return false;
	}
	if (tree->refusal[0] == '\0') {
		snprintf(tree->refusal, sizeof tree->refusal, "%s/%s: %s is not read", folder, name,
			 type);
	}
	return true;
}

void tree_observe(struct tree *tree, tree_observer *observer, void *context)
{
	tree->observer = observer;
	tree->observer_context = context;
	tree_rest(tree); /* what is kept would be reached without being observed */
}

void tree_rest(struct tree *tree)
{
	file_close(&tree->folder_fd);
	tree->folder[0] = '\0';
	tree->asked[0] = '\0';
}

static void observe(const struct tree *tree, int folder_fd, const char *name, bool is_content)
{
	if (tree->observer != NULL) {
		tree->observer(tree->observer_context, folder_fd, name, is_content);
	}
}

int tree_join(const char *folder, const char *name, char out[TREE_PATH_SIZE])
{
	size_t folder_len = strlen(folder);
	size_t name_len = strlen(name);

	if (folder_len > 0 && folder[folder_len - 1] == '/') {
		folder_len--;
	}
	if (folder_len + 1 + name_len >= TREE_PATH_SIZE) {
		return ERR_LIMIT;
	}
	if (folder != out) {
		mem_copy(out, folder, folder_len);
	}
	out[folder_len] = '/';
	memcpy(out + folder_len + 1, name, name_len + 1);
	return 0;
}

/* A path on its way to being without links: real is done, rest is to come. */
struct resolution {
	const char *asked; /* an absolute path */
	char real[TREE_PATH_SIZE];
	char rest[TREE_PATH_SIZE];
	unsigned links;
	bool is_last_reached; /* the last name of what was asked for */
};

/* Takes the next name from the rest; false where there is none. */
static bool take_name(struct resolution *r, char name[NAME_MAX + 1], bool *out_is_last, int *error)
{
	char *at = r->rest + strspn(r->rest, "/");
	size_t len = strcspn(at, "/");
	const char *behind = at + len + strspn(at + len, "/");

	if (len == 0) {
		return false;
	}
	if (len > NAME_MAX) {
		*error = ERR_LIMIT;
		return false;
	}
	memcpy(name, at, len);
	name[len] = '\0';
	*out_is_last = *behind == '\0';
	memmove(r->rest, behind, strlen(behind) + 1);
	return true;
}

/* Puts a link's text in front of what is still to come. */
static int follow(struct resolution *r, const char *target)
{
	size_t target_len = strlen(target);
	size_t rest_len = strlen(r->rest);

	if (++r->links > TREE_LINKS_MAX || target_len + 1 + rest_len >= sizeof r->rest) {
		return ERR_LIMIT;
	}
	if (target[0] == '/') {
		r->real[0] = '\0';
	}
	memmove(r->rest + target_len + 1, r->rest, rest_len + 1);
	memcpy(r->rest, target, target_len);
	r->rest[target_len] = '/';
	return 0;
}

static void drop_last_name(char *real)
{
	char *slash = strrchr(real, '/');

	if (slash != NULL) {
		*slash = '\0';
	}
}

/* The folder of a path without links, opened anew only where it is not the one reached last. */
static int enter(struct tree *tree, const char *real, int *out_fd)
{
	char done[TREE_PATH_SIZE] = "";
	struct resolution r = { .links = 0 };
	char name[NAME_MAX + 1];
	bool is_last;
	int error = 0;
	int fd;

	if (tree->folder_fd >= 0 && strcmp(tree->folder, real) == 0) {
		*out_fd = tree->folder_fd;
		return 0;
	}
	fd = openat(tree->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return error_of(errno);
	}
	memcpy(r.rest, real, strlen(real) + 1);
	while (take_name(&r, name, &is_last, &error)) {
		int next;

		observe(tree, fd, name, false);
		if (is_refused(tree, done, name) || tree_join(done, name, done) != 0) {
			close(fd);
			return ERR_UNSUPPORTED;
		}
		next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		error = next < 0 ? error_of(errno) : 0;
		close(fd);
		if (error != 0) {
			return error;
		}
		fd = next;
	}
	tree_rest(tree);
	tree->folder_fd = fd;
	memcpy(tree->folder, real, strlen(real) + 1);
	*out_fd = fd;
	return 0;
}

/* What resolve() found: a folder's descriptor (the tree's) and a name in it; "." for the root. */
struct place {
	int folder_fd;
	char name[NAME_MAX + 1];
	struct stat status;
	char real[TREE_PATH_SIZE];
};

static int read_link(int folder_fd, const char *name, char out[TREE_PATH_SIZE])
{
	ssize_t len = readlinkat(folder_fd, name, out, TREE_PATH_SIZE - 1);

	if (len < 0) {
		return error_of(errno);
	}
	if (len == 0 || len == TREE_PATH_SIZE - 1) {
		return ERR_LIMIT;
	}
	out[len] = '\0';
	return 0;
}

static int root_place(struct tree *tree, struct place *out)
{
	int error = enter(tree, "", &out->folder_fd);

	memcpy(out->name, ".", 2);
	out->real[0] = '\0';
	if (error != 0) {
		return error;
	}
	return fstatat(out->folder_fd, ".", &out->status, AT_SYMLINK_NOFOLLOW) < 0 ? error_of(errno)
										   : 0;
}

/* The length of a path's folder. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) : 0;
}

/* Where the last path's folder is the same, only the last name is still to be walked. */
static void take_short_cut(const struct tree *tree, const char *path, struct resolution *r)
{
	size_t len = folder_length(path);
	const char *name = path + len + 1;

	if (tree->folder_fd >= 0 && len > 0 && strlen(tree->asked) == len &&
	    memcmp(tree->asked, path, len) == 0 && name[0] != '\0' && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0) {
		memcpy(r->real, tree->folder, strlen(tree->folder) + 1);
		memcpy(r->rest, name, strlen(name) + 1);
	}
}

/* The folder at hand is that of what was asked for, where its last name is reached: the first
 * time, as behind a link at the end there is another last name. */
static void remember_short_cut(struct tree *tree, struct resolution *r, const char *name)
{
	size_t len = folder_length(r->asked);

	if (!r->is_last_reached && strcmp(name, r->asked + len + 1) == 0) {
		memcpy(tree->asked, r->asked, len);
		tree->asked[len] = '\0';
	}
	r->is_last_reached = true;
}

/* Walks one name on. *done where the path has ended at out. */
static int step(struct tree *tree, struct resolution *r, const char *name, bool is_last,
		bool is_last_followed, struct place *out, bool *done)
{
	char target[TREE_PATH_SIZE];
	int error = enter(tree, r->real, &out->folder_fd);

	if (error != 0) {
		return error;
	}
	if (is_last) {
		remember_short_cut(tree, r, name);
	}
	observe(tree, out->folder_fd, name, is_last);
	if (is_refused(tree, r->real, name)) {
		return ERR_UNSUPPORTED;
	}
	if (fstatat(out->folder_fd, name, &out->status, AT_SYMLINK_NOFOLLOW) < 0) {
		return error_of(errno);
	}
	if (S_ISLNK(out->status.st_mode) && (!is_last || is_last_followed)) {
		error = read_link(out->folder_fd, name, target);
		return error != 0 ? error : follow(r, target);
	}
	if (!is_last && !S_ISDIR(out->status.st_mode)) {
		return ERR_NOT_FOUND;
	}
	error = tree_join(r->real, name, r->real);
	if (error != 0) {
		return error;
	}
	memcpy(out->name, name, strlen(name) + 1);
	memcpy(out->real, r->real, strlen(r->real) + 1);
	*done = is_last;
	return 0;
}

static int resolve(struct tree *tree, const char *path, bool is_last_followed, struct place *out)
{
	struct resolution *r OWNED(alloc_free) = alloc_zeroed(1, sizeof *r);
	char name[NAME_MAX + 1];
	bool is_last = false;
	bool done = false;
	int error = 0;

	if (path[0] != '/' || strlen(path) >= sizeof r->rest) {
		return ERR_LIMIT;
	}
	(void)mount_guard_refresh(tree->guard);
	r->asked = path;
	memcpy(r->rest, path, strlen(path) + 1);
	take_short_cut(tree, path, r);
	while (!done) {
		if (!take_name(r, name, &is_last, &error)) {
			break;
		}
		if (strcmp(name, ".") == 0) {
			continue;
		}
		if (strcmp(name, "..") == 0) {
			drop_last_name(r->real);
			continue;
		}
		error = step(tree, r, name, is_last, is_last_followed, out, &done);
		if (error != 0) {
			return error;
		}
	}
	if (error != 0 || done) {
		return error;
	}
	/* it ended in "..", "." or at the root: what is real is a folder, reached already */
	if (r->real[0] == '\0') {
		return root_place(tree, out);
	}
	memcpy(r->rest, r->real, strlen(r->real) + 1);
	tree_rest(tree);
	return resolve(tree, r->rest, false, out);
}

static int open_regular(int folder_fd, const char *name, int *out_fd)
{
	struct stat status;
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		return errno == ELOOP ? ERR_UNSUPPORTED : error_of(errno);
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) { /* replaced in between */
		close(fd);
		return ERR_UNSUPPORTED;
	}
	*out_fd = fd;
	return 0;
}

static int open_place(const struct place *place, int *out_fd)
{
	return S_ISREG(place->status.st_mode) ? open_regular(place->folder_fd, place->name, out_fd)
					      : ERR_UNSUPPORTED;
}

int tree_open(struct tree *tree, const char *path, int *out_fd)
{
	struct place *place OWNED(alloc_free) = alloc_zeroed(1, sizeof *place);
	int error = resolve(tree, path, true, place);

	return error != 0 ? error : open_place(place, out_fd);
}

int tree_read(struct tree *tree, const char *path, struct buffer *out)
{
	struct place *place OWNED(alloc_free) = alloc_zeroed(1, sizeof *place);
	int error = resolve(tree, path, true, place);

	if (error != 0) {
		return error;
	}
	return S_ISREG(place->status.st_mode)
		       ? file_read_at(place->folder_fd, place->name, true, out)
		       : ERR_UNSUPPORTED;
}

int tree_link(struct tree *tree, const char *path, char out[TREE_PATH_SIZE])
{
	struct place *place OWNED(alloc_free) = alloc_zeroed(1, sizeof *place);
	int error = resolve(tree, path, false, place);

	if (error != 0) {
		return error;
	}
	return S_ISLNK(place->status.st_mode) ? read_link(place->folder_fd, place->name, out)
					      : ERR_UNSUPPORTED;
}

static char type_of(mode_t mode)
{
	if (S_ISREG(mode)) {
		return 'f';
	}
	if (S_ISDIR(mode)) {
		return 'd';
	}
	return S_ISLNK(mode) ? 'l' : '?';
}

int tree_look(struct tree *tree, const char *path, struct tree_entry *out,
	      char out_real[TREE_PATH_SIZE])
{
	struct place *place OWNED(alloc_free) = alloc_zeroed(1, sizeof *place);
	int error = resolve(tree, path, true, place);

	if (error != 0) {
		return error;
	}
	*out = (struct tree_entry){ .type = type_of(place->status.st_mode),
				    .mode = place->status.st_mode,
				    .size = place->status.st_size,
				    .device = place->status.st_dev,
				    .inode = place->status.st_ino,
				    .changed_ns =
					    place->status.st_ctim.tv_sec * INT64_C(1000000000) +
					    place->status.st_ctim.tv_nsec };
	if (out_real != NULL) {
		memcpy(out_real, place->real, strlen(place->real) + 1);
	}
	return 0;
}

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
	int error = resolve(tree, path, true, place);
	int fd;

	if (error != 0) {
		return error;
	}
	if (!S_ISDIR(place->status.st_mode)) {
		return ERR_UNSUPPORTED;
	}
	fd = openat(place->folder_fd, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return error_of(errno);
	}
	if (is_observed) {
		observe(tree, fd, NULL, true);
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
	int folder_fd;
	int error;
	int fd;

	(void)mount_guard_refresh(tree->guard);
	real = strcmp(real, "/") == 0 ? "" : real;
	error = enter(tree, real, &folder_fd);
	if (error != 0) {
		return error;
	}
	fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
	if (fd < 0 && errno == EPERM) { /* not ours */
		fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd < 0 ? error_of(errno) : make_folder(tree, fd, real, NULL, out);
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
		return is_refused(folder->tree, folder->real, entry->d_name) ||
				       fstatat(dirfd(folder->dir), entry->d_name, &status,
					       AT_SYMLINK_NOFOLLOW) < 0
			       ? '?'
			       : type_of(status.st_mode);
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
	if (is_refused(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	fd = openat(dirfd(folder->dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_of(errno) : make_folder(folder->tree, fd, folder->real, name, out);
}

int tree_folder_status(struct tree_folder *folder, const char *name, struct stat *out)
{
	if (is_refused(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	return fstatat(dirfd(folder->dir), name, out, AT_SYMLINK_NOFOLLOW) < 0 ? error_of(errno)
									       : 0;
}

int tree_folder_file(struct tree_folder *folder, const char *name, int *out_fd)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat status;
	int fd;

	if (is_refused(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	/* opening a device can do something: what it is comes first */
	if (fstatat(dirfd(folder->dir), name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		return error_of(errno);
	}
	if (!S_ISREG(status.st_mode)) {
		return ERR_UNSUPPORTED;
	}
	fd = openat(dirfd(folder->dir), name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM) { /* not ours */
		fd = openat(dirfd(folder->dir), name, flags);
	}
	if (fd < 0) {
		return errno == ELOOP ? ERR_UNSUPPORTED : error_of(errno);
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) { /* replaced in between */
		close(fd);
		return ERR_UNSUPPORTED;
	}
	*out_fd = fd;
	return 0;
}

int tree_folder_link(struct tree_folder *folder, const char *name, char out[TREE_PATH_SIZE])
{
	return is_refused(folder->tree, folder->real, name)
		       ? ERR_UNSUPPORTED
		       : read_link(dirfd(folder->dir), name, out);
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
	if (is_refused(folder->tree, folder->real, name)) {
		return ERR_UNSUPPORTED;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dirfd(folder->dir), name);
	len = lgetxattr(path, attribute, out, size);
	if (len < 0 && errno != ENODATA && errno != EOPNOTSUPP) {
		return errno == ERANGE ? ERR_LIMIT : error_of(errno);
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
