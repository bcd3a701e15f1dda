/* path_list.c - a pattern is worked off name by name: each round makes longer paths of those found
 * so far. */
#include "agent/collectors/path_list.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collector.h"
#include "base/error.h"
#include "base/reader.h"
#include "sys/alloc.h"

void path_list_done(struct path_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->paths[i]);
	}
	free(list->paths);
	*list = (struct path_list){ .count = 0 };
}

static void add(struct path_list *list, const char *path)
{
	if (list->count == PATH_LIST_MAX) {
		return;
	}
	if (list->count % 16 == 0) {
		list->paths = alloc_resize(list->paths, list->count + 16, sizeof *list->paths);
	}
	list->paths[list->count++] = alloc_text(path);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_wildcards(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

/* Adds folder/NAME for each name there that the pattern stands for. */
static int match_names(struct tree *tree, const char *folder_path, const char *pattern,
		       struct path_list *out)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(tree, folder_path, &folder);
	char path[TREE_PATH_SIZE];
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (tree_folder_next(folder, &name, &type)) {
		if (fnmatch(pattern, name, FNM_PERIOD) == 0 &&
		    tree_join(folder_path, name, path) == 0) {
			add(out, path);
		}
	}
	return 0;
}

static int take_name(struct tree *tree, const struct path_list *folders, const char *name,
		     struct path_list *out)
{
	char path[TREE_PATH_SIZE];
	int error = 0;

	for (size_t i = 0; error == 0 && i < folders->count; i++) {
		if (has_wildcards(name)) {
			error = match_names(tree, folders->paths[i], name, out);
		} else if (tree_join(folders->paths[i], name, path) == 0) {
			add(out, path);
		}
	}
	return error;
}

/* Drops what is not there; looking is also what wakes the table when it comes. */
static void keep_existing(struct tree *tree, struct path_list *list)
{
	struct tree_entry entry;
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (tree_look(tree, list->paths[i], &entry, NULL) == 0) {
			list->paths[kept++] = list->paths[i];
		} else {
			free(list->paths[i]);
		}
	}
	list->count = kept;
}

int path_list_glob(struct tree *tree, const char *pattern, struct path_list *out)
{
	struct reader names = reader_over(span_of(pattern));
	struct path_list found = { .count = 0 };
	int error = 0;

	add(&found, "/");
	while (error == 0 && reader_left(&names) > 0) {
		struct span word = reader_until(&names, '/');
		struct path_list longer = { .count = 0 };
		char *name OWNED(alloc_free) = alloc_span(word);

		if (word.len == 0) {
			continue;
		}
		error = take_name(tree, &found, name, &longer);
		path_list_done(&found);
		found = longer;
	}
	if (error != 0) {
		path_list_done(&found);
		return error;
	}
	keep_existing(tree, &found);
	if (found.count > 0) {
		qsort(found.paths, found.count, sizeof *found.paths, by_bytes);
	}
	*out = found;
	return 0;
}
