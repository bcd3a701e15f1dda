/*
 * tree.h - a file tree as its own root sees it: the running machine, or an image below a folder.
 *
 * Links, absolute ones and ".." too, never lead out of the tree. Paths are absolute, in the
 * tree's own terms. Whoever observes is told of each folder that was looked into, before it was,
 * so that what a collector reads is also what it is woken by. No mount of a remote or user-space
 * file system is ever touched (mount_guard.h): what lies there is ERR_UNSUPPORTED.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* The longest path, with its NUL, and the most links on the way to one file. */
#define TREE_PATH_SIZE 4096
#define TREE_LINKS_MAX 40

/* What is said of a path that was left out, with its NUL; a longer one is cut. */
#define TREE_REFUSAL_SIZE 256

struct tree;
struct mount_guard;

/* The running machine as its first process sees it: for a service that has a mount namespace of
 * its own, in which folders are hidden or read-only. Takes CAP_SYS_PTRACE. */
#define TREE_OF_FIRST_PROCESS "/proc/1/root"

/* root: a folder; "/" is the running machine, and so is TREE_OF_FIRST_PROCESS, in whose place "/"
 * is taken where it cannot be reached. */
MUST_USE int tree_new(const char *root, struct tree **out, struct why *why);
void tree_free(struct tree **tree);

/* True for the running machine. */
bool tree_is_live(const struct tree *tree);

/* True where the tree is the first process's. */
bool tree_is_of_first_process(const struct tree *tree);
/* What is mounted where in it. */
struct mount_guard *tree_guard(struct tree *tree);

/* The first path since the last clear that was left out because of what is mounted there, and why:
 * "/srv/a: nfs4 is not read". NULL where there was none. */
const char *tree_refusal(const struct tree *tree);
void tree_refusal_clear(struct tree *tree);

/* name is looked up in the folder (or all names, where NULL). is_content: the file's bytes or the
 * folder's names matter, not only that there is such a thing. watch: what the observer returned
 * when it was told of the same descriptor before, TREE_UNWATCHED where it was not. */
typedef int tree_observer(void *context, int folder_fd, int watch, const char *name,
			  bool is_content);

#define TREE_UNWATCHED (-1)

/* NULL ends it. */
void tree_observe(struct tree *tree, tree_observer *observer, void *context);

/* Called now and then while great folders are read, so that somebody knows that it goes on. NULL
 * ends it. */
void tree_on_progress(struct tree *tree, void (*progress)(void *context), void *context);

/* Opens a regular file for reading. ERR_NOT_FOUND (also for links that lead nowhere),
 * ERR_UNSUPPORTED (no regular file), ERR_DENIED, ERR_LIMIT (too many links, too long a path),
 * ERR_IO. */
MUST_USE int tree_open(struct tree *tree, const char *path, int *out_fd);

/* Appends a regular file's bytes. As tree_open; ERR_FULL where it is longer than the buffer may
 * grow. */
MUST_USE int tree_read(struct tree *tree, const char *path, struct buffer *out);

/* The last link's text of a path whose folder may be reached by links. ERR_UNSUPPORTED where it is
 * none. */
MUST_USE int tree_link(struct tree *tree, const char *path, char out[TREE_PATH_SIZE]);

struct tree_entry {
	char type;   /* 'f' regular, 'd' folder, 'l' link, '?' anything else */
	mode_t mode; /* with the type; of the link itself where it is one */
	off_t size;
	dev_t device; /* both name the thing itself */
	ino_t inode;
	int64_t changed_ns; /* of its inode (st_ctim), after 1970 */
};

/* What is at a path, links followed. out_real: the path without links, may be NULL. */
MUST_USE int tree_look(struct tree *tree, const char *path, struct tree_entry *out,
		       char out_real[TREE_PATH_SIZE]);

struct tree_folder;

/* Opens a folder, links followed. ERR_NOT_FOUND, ERR_UNSUPPORTED (no folder), ... */
MUST_USE int tree_folder_open(struct tree *tree, const char *path, struct tree_folder **out);

/* The same, but names that come and go there wake nobody: for whoever is told by another file. */
MUST_USE int tree_folder_visit(struct tree *tree, const char *path, struct tree_folder **out);

/* The next name but "." and "..", and what it is itself (a link is not followed). False at the end.
 */
bool tree_folder_next(struct tree_folder *folder, const char **out_name, char *out_type);
void tree_folder_close(struct tree_folder **folder);

/* For great trees, where a descriptor a folder and no watch is wanted: a folder in an open one, by
 * its name. Not observed, and a link is not followed. */
MUST_USE int tree_folder_enter(struct tree_folder *folder, const char *name,
			       struct tree_folder **out);

/* Opens a folder by its path without links, following none: where one has come in between,
 * ERR_NOT_FOUND or ERR_LIMIT. Reading it leaves its access time where that is allowed. */
MUST_USE int tree_folder_reach(struct tree *tree, const char *real, struct tree_folder **out);

/* Borrowed. */
int tree_folder_fd(const struct tree_folder *folder);

/* A regular file of an open folder, for reading without its access time where that is allowed, and
 * a link's text. Nothing is followed, nothing is observed. */
MUST_USE int tree_folder_file(struct tree_folder *folder, const char *name, int *out_fd);
MUST_USE int tree_folder_link(struct tree_folder *folder, const char *name,
			      char out[TREE_PATH_SIZE]);

/* What a name of an open folder is, by fstatat(2), and one of its extended attributes (into out;
 * *out_len 0 where it has none). Links are not followed, nothing is observed. */
MUST_USE int tree_folder_status(struct tree_folder *folder, const char *name, struct stat *out);
MUST_USE int tree_folder_attribute(struct tree_folder *folder, const char *name,
				   const char *attribute, uint8_t *out, size_t size,
				   size_t *out_len);

/* "FOLDER/NAME" into out, which may be the folder itself. ERR_LIMIT where it does not fit. */
MUST_USE int tree_join(const char *folder, const char *name, char out[TREE_PATH_SIZE]);

/* Closes the descriptors kept between calls. */
void tree_rest(struct tree *tree);
