/*
 * tree.c - resolves paths step by step, so that links stay within the tree.
 *
 * openat2(RESOLVE_IN_ROOT) would do the same in one call, but tells nothing of the links on the
 * way, which are watched too: when /etc/localtime is replaced, its folder says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/mount_guard.h"
#include "agent/tree_parts.h"
#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"
#include "sys/file.h"

int tree_error_of(int number)
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
		return why_set(why, tree_error_of(errno), "cannot open the folder %s: %s", root,
			       strerror(errno));
	}
	tree = alloc_zeroed(1, sizeof *tree);
	tree->root_fd = fd;
	for (unsigned i = 0; i < TREE_REACHED; i++) {
		tree->reached[i].fd = -1;
		tree->reached[i].watch = TREE_UNWATCHED;
	}
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
bool tree_refuses(struct tree *tree, const char *folder, const char *name)
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

static void drop(struct reached *reached)
{
	file_close(&reached->fd);
	reached->watch = TREE_UNWATCHED;
	reached->path[0] = '\0';
	reached->asked[0] = '\0';
}

void tree_rest(struct tree *tree)
{
	for (unsigned i = 0; i < TREE_REACHED; i++) {
		drop(&tree->reached[i]);
	}
}

int tree_tell(const struct tree *tree, int folder_fd, int watch, const char *name, bool is_content)
{
	return tree->observer != NULL
		       ? tree->observer(tree->observer_context, folder_fd, watch, name, is_content)
		       : TREE_UNWATCHED;
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
	char asked[TREE_PATH_SIZE]; /* an absolute path: the caller's, behind a link what it leads
				       to; "" where that is too long */
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
	if (rest_len == 0) {
		r->rest[target_len] = '\0';
	}
	r->is_last_reached = false;
	if (target[0] == '/') {
		memcpy(r->asked, r->rest, strlen(r->rest) + 1);
	} else if (tree_join(r->real, r->rest, r->asked) != 0) {
		r->asked[0] = '\0';
	}
	return 0;
}

static void drop_last_name(char *real)
{
	char *slash = strrchr(real, '/');

	if (slash != NULL) {
		*slash = '\0';
	}
}

/* The one that is the folder, or the nearest around it; NULL where none is. */
static struct reached *nearest(struct tree *tree, const char *real)
{
	struct reached *best = NULL;
	size_t best_len = 0;

	for (unsigned i = 0; i < TREE_REACHED; i++) {
		struct reached *at = &tree->reached[i];
		size_t len = strlen(at->path);

		if (at->fd >= 0 && strncmp(at->path, real, len) == 0 &&
		    (real[len] == '/' || real[len] == '\0') && (best == NULL || len > best_len)) {
			best = at;
			best_len = len;
		}
	}
	return best;
}

/* Opens the folder that the rest of r leads to from fd, which it takes over. */
static int descend(struct tree *tree, struct resolution *r, int fd, int *out_fd)
{
	char name[NAME_MAX + 1];
	bool is_last;
	int error = 0;

	while (take_name(r, name, &is_last, &error)) {
		int next;

		(void)tree_tell(tree, fd, TREE_UNWATCHED, name, false);
		if (tree_refuses(tree, r->real, name) || tree_join(r->real, name, r->real) != 0) {
			close(fd);
			return ERR_UNSUPPORTED;
		}
		next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		error = next < 0 ? tree_error_of(errno) : 0;
		close(fd);
		if (error != 0) {
			return error;
		}
		fd = next;
	}
	*out_fd = fd;
	return 0;
}

/* Where the folder that is entered from from is to be kept: in the place of one on the way that
 * nobody asked for, so that two folders that are asked for in turn both stay. */
static struct reached *place_for(struct tree *tree, struct reached *from)
{
	return from != NULL && from->asked[0] == '\0'
		       ? from
		       : &tree->reached[(tree->last + 1) % TREE_REACHED];
}

struct reached *tree_enter(struct tree *tree, const char *real, int *out_error)
{
	struct reached *from = nearest(tree, real);
	struct reached *to = place_for(tree, from);
	size_t len = from != NULL ? strlen(from->path) : 0;
	struct resolution r = { .links = 0 };
	int fd;

	*out_error = 0;
	if (from != NULL && real[len] == '\0') {
		tree->last = (unsigned)(from - tree->reached);
		return from;
	}
	fd = openat(from != NULL ? from->fd : tree->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		*out_error = tree_error_of(errno);
		return NULL;
	}
	memcpy(r.real, real, len);
	memcpy(r.rest, real + len, strlen(real + len) + 1);
	*out_error = descend(tree, &r, fd, &fd);
	if (*out_error != 0) {
		return NULL;
	}
	drop(to);
	to->fd = fd;
	memcpy(to->path, real, strlen(real) + 1);
	tree->last = (unsigned)(to - tree->reached);
	return to;
}

int tree_read_link(int folder_fd, const char *name, char out[TREE_PATH_SIZE])
{
	ssize_t len = readlinkat(folder_fd, name, out, TREE_PATH_SIZE - 1);

	if (len < 0) {
		return tree_error_of(errno);
	}
	if (len == 0 || len == TREE_PATH_SIZE - 1) {
		return ERR_LIMIT;
	}
	out[len] = '\0';
	return 0;
}

static int root_place(struct tree *tree, struct place *out)
{
	int error;
	struct reached *reached = tree_enter(tree, "", &error);

	if (reached == NULL) {
		return error;
	}
	memcpy(out->name, ".", 2);
	out->real[0] = '\0';
	out->folder_fd = reached->fd;
	return fstatat(out->folder_fd, ".", &out->status, AT_SYMLINK_NOFOLLOW) < 0
		       ? tree_error_of(errno)
		       : 0;
}

/* The length of a path's folder. */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) : 0;
}

/* Where the folder of what is asked for is open, only the last name is still to be walked. */
static void take_short_cut(const struct tree *tree, struct resolution *r)
{
	size_t len = folder_length(r->asked);
	const char *name = r->asked + len + 1;

	if (len == 0 || name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return;
	}
	for (unsigned i = 0; i < TREE_REACHED; i++) {
		const struct reached *at = &tree->reached[i];

		if (at->fd >= 0 && strlen(at->asked) == len &&
		    memcmp(at->asked, r->asked, len) == 0) {
			memcpy(r->real, at->path, strlen(at->path) + 1);
			memcpy(r->rest, name, strlen(name) + 1);
			return;
		}
	}
}

/* The folder at hand is that of what was asked for, where its last name is reached: the first
 * time, as behind a link at the end there is another last name. */
static void remember_short_cut(struct reached *at, struct resolution *r, const char *name)
{
	size_t len = folder_length(r->asked);

	if (!r->is_last_reached && r->asked[0] != '\0' && strcmp(name, r->asked + len + 1) == 0) {
		memcpy(at->asked, r->asked, len);
		at->asked[len] = '\0';
	}
	r->is_last_reached = true;
}

/* Walks one name on. *done where the path has ended at out. */
static int step(struct tree *tree, struct resolution *r, const char *name, bool is_last,
		bool is_last_followed, struct place *out, bool *done)
{
	char target[TREE_PATH_SIZE];
	int error;
	struct reached *at = tree_enter(tree, r->real, &error);

	if (at == NULL) {
		return error;
	}
	if (is_last) {
		remember_short_cut(at, r, name);
	}
	at->watch = tree_tell(tree, at->fd, at->watch, name, is_last);
	out->folder_fd = at->fd;
	if (tree_refuses(tree, r->real, name)) {
		return ERR_UNSUPPORTED;
	}
	if (fstatat(out->folder_fd, name, &out->status, AT_SYMLINK_NOFOLLOW) < 0) {
		return tree_error_of(errno);
	}
	if (S_ISLNK(out->status.st_mode) && (!is_last || is_last_followed)) {
		error = tree_read_link(out->folder_fd, name, target);
		error = error != 0 ? error : follow(r, target);
		if (error == 0) {
			take_short_cut(tree, r);
		}
		return error;
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

int tree_resolve(struct tree *tree, const char *path, bool is_last_followed, struct place *out)
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
	memcpy(r->asked, path, strlen(path) + 1);
	memcpy(r->rest, path, strlen(path) + 1);
	take_short_cut(tree, r);
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
	return tree_resolve(tree, r->rest, false, out);
}

int tree_open_regular(int folder_fd, const char *name, bool is_unseen, int *out_fd)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat status;
	int fd = openat(folder_fd, name, flags | (is_unseen ? O_NOATIME : 0));

	if (fd < 0 && errno == EPERM && is_unseen) { /* not ours */
		fd = openat(folder_fd, name, flags);
	}
	if (fd < 0) {
		return errno == ELOOP ? ERR_UNSUPPORTED : tree_error_of(errno);
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
	return S_ISREG(place->status.st_mode)
		       ? tree_open_regular(place->folder_fd, place->name, false, out_fd)
		       : ERR_UNSUPPORTED;
}

int tree_open(struct tree *tree, const char *path, int *out_fd)
{
	struct place *place OWNED(alloc_free) = alloc_zeroed(1, sizeof *place);
	int error = tree_resolve(tree, path, true, place);

	return error != 0 ? error : open_place(place, out_fd);
}

int tree_read(struct tree *tree, const char *path, struct buffer *out)
{
	struct place *place OWNED(alloc_free) = alloc_zeroed(1, sizeof *place);
	int error = tree_resolve(tree, path, true, place);

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
	int error = tree_resolve(tree, path, false, place);

	if (error != 0) {
		return error;
	}
	return S_ISLNK(place->status.st_mode) ? tree_read_link(place->folder_fd, place->name, out)
					      : ERR_UNSUPPORTED;
}

char tree_type_of(mode_t mode)
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
	int error = tree_resolve(tree, path, true, place);

	if (error != 0) {
		return error;
	}
	*out = (struct tree_entry){ .type = tree_type_of(place->status.st_mode),
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
