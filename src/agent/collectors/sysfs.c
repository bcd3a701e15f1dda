/* sysfs.c - the running machine's by plain calls, a tree's through the tree. */
#include "agent/collectors/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* A page of the kernel is the longest attribute; the rest of what is longer is not wanted. */
#define ATTRIBUTE_MAX 65536

struct span sysfs_text(const struct machine *machine, const char *folder, const char *name,
		       uint8_t out[SYSFS_TEXT_MAX])
{
	struct buffer file OWNED(buffer_done);
	char path[TREE_PATH_SIZE];
	struct span text;
	int error;

	buffer_init(&file, ATTRIBUTE_MAX);
	if (tree_join(folder, name, path) != 0) {
		return (struct span){ out, 0 };
	}
	error = machine->is_live ? machine_read_kernel(machine, path, &file)
				 : tree_read(machine->tree, path, &file);
	if (error != 0) {
		return (struct span){ out, 0 };
	}
	text = span_first(span_trim(buffer_span(&file)), SYSFS_TEXT_MAX);
	if (text.len > 0) {
		memcpy(out, text.ptr, text.len);
	}
	return (struct span){ out, text.len };
}

uint64_t sysfs_number(const struct machine *machine, const char *folder, const char *name,
		      uint64_t otherwise)
{
	uint8_t text[SYSFS_TEXT_MAX];
	uint64_t number;

	return text_to_u64(sysfs_text(machine, folder, name, text), INT64_MAX, &number) == 0
		       ? number
		       : otherwise;
}

static bool read_link(const struct machine *machine, const char *path, char out[TREE_PATH_SIZE])
{
	ssize_t len;

	if (!machine->is_live) {
		return tree_link(machine->tree, path, out) == 0;
	}
	len = readlink(path, out, TREE_PATH_SIZE - 1);
	if (len <= 0) {
		return false;
	}
	out[len] = '\0';
	return true;
}

struct span sysfs_link(const struct machine *machine, const char *folder, const char *name,
		       char out[TREE_PATH_SIZE])
{
	char path[TREE_PATH_SIZE];
	const char *slash;

	if (tree_join(folder, name, path) != 0 || !read_link(machine, path, out)) {
		return span_of(NULL);
	}
	slash = strrchr(out, '/');
	return span_of(slash != NULL ? slash + 1 : out);
}

static void each_live(const char *folder, sysfs_taker *take, void *context)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.') {
			take(context, entry->d_name);
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
}

void sysfs_each(const struct machine *machine, const char *folder, sysfs_taker *take, void *context)
{
	struct tree_folder *opened OWNED(tree_folder_close) = NULL;
	const char *name;
	char type;

	if (machine->is_live) {
		each_live(folder, take, context);
	} else if (tree_folder_open(machine->tree, folder, &opened) == 0) {
		while (tree_folder_next(opened, &name, &type)) {
			take(context, name);
		}
	}
}
