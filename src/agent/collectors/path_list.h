/*
 * path_list.h - the paths that a pattern with wildcards stands for, in one tree.
 *
 * In the order of their bytes, which is the order in which programs read what they include.
 */
#pragma once

#include <stddef.h>

#include "agent/tree.h"
#include "base/attr.h"

/* Of one pattern. What is beyond is left out. */
#define PATH_LIST_MAX 4096

struct path_list {
	char **paths; /* sorted */
	size_t count;
};

/* All that glob(7) finds: *, ? and [...] within any name of an absolute path, hidden names only
 * where the pattern begins with the dot. A pattern without wildcards is its own path where there is
 * such a thing. ERR_IO. */
MUST_USE int path_list_glob(struct tree *tree, const char *pattern, struct path_list *out);
void path_list_done(struct path_list *list);
