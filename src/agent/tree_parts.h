/*
 * tree_parts.h - what tree.c and tree_folder.c share; nobody else includes it.
 */
#pragma once

#include <limits.h>

#include "agent/tree.h"

/* Folders kept open between calls: files of one folder are mostly asked for one after the other,
 * and so are links of one and what they lead to in another. */
#define TREE_REACHED 2

struct reached {
	int fd;                     /* -1: none */
	int watch;                  /* what the observer said of it; TREE_UNWATCHED */
	char path[TREE_PATH_SIZE];  /* without links */
	char asked[TREE_PATH_SIZE]; /* the same in the caller's words; "" where not known */
};

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
	struct reached reached[TREE_REACHED];
	unsigned last; /* of them: the one that was used last */
};

/* What resolving found: a folder's descriptor (the tree's) and a name in it; "." for the root. */
struct place {
	int folder_fd;
	char name[NAME_MAX + 1];
	struct stat status;
	char real[TREE_PATH_SIZE];
};

int tree_error_of(int number);

/* Whatever touches the root of a mount asks whoever serves it: so it is known before. */
bool tree_refuses(struct tree *tree, const char *folder, const char *name);

/* The observer is told of names that are looked for in a folder; what it returned before for the
 * same descriptor, TREE_UNWATCHED at first. */
int tree_tell(const struct tree *tree, int folder_fd, int watch, const char *name, bool is_content);

/* Opens the folder of a path without links, where it is not open already. It is the tree's. NULL
 * with the error where it cannot be had. */
MUST_USE struct reached *tree_enter(struct tree *tree, const char *real, int *out_error);
MUST_USE int tree_resolve(struct tree *tree, const char *path, bool is_last_followed,
			  struct place *out);

/* A regular file, of which fstatat(2) said that it is one: opening anything else can do something.
 * is_unseen: its access time stays, where the file is ours. ERR_UNSUPPORTED where it is none any
 * more. */
MUST_USE int tree_open_regular(int folder_fd, const char *name, bool is_unseen, int *out_fd);

/* A link's text. */
MUST_USE int tree_read_link(int folder_fd, const char *name, char out[TREE_PATH_SIZE]);

/* 'f', 'd', 'l' or '?'. */
char tree_type_of(mode_t mode);
