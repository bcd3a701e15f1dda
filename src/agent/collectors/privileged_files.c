/*
 * privileged_files.c - programs that give whoever runs them more than they have: setuid, setgid,
 * file capabilities.
 *
 * Only where programs belong: a whole file system would take minutes. What is there is found by
 * integrity/privileged_walk.h. The known folders of programs are watched, and those that hold such
 * a file; of the tens of thousands besides fanotify tells, where it may.
 */
#include <stdio.h>
#include <string.h>

#include "agent/collectors/table.h"
#include "agent/integrity/privileged_walk.h"
#include "base/error.h"
#include "formats/group.h"
#include "formats/passwd.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define NAMES_MAX   (4u << 20) /* bytes of /etc/passwd and /etc/group */
#define NUMBER_SIZE 24

struct names {
	struct buffer passwd;
	struct buffer group;
};

static struct span number_text(uint32_t number, char out[NUMBER_SIZE])
{
	snprintf(out, NUMBER_SIZE, "%u", number);
	return span_of(out);
}

static struct span owner_of(const struct names *names, uint32_t uid, char out[NUMBER_SIZE])
{
	struct passwd_iterator it = passwd_over(buffer_span(&names->passwd));
	struct passwd_entry entry;

	while (passwd_next(&it, &entry)) {
		if (entry.uid == uid) {
			return entry.name;
		}
	}
	return number_text(uid, out);
}

static struct span group_of(const struct names *names, uint32_t gid, char out[NUMBER_SIZE])
{
	struct group_iterator it = group_over(buffer_span(&names->group));
	struct group_entry entry;

	while (group_next(&it, &entry)) {
		if (entry.gid == gid) {
			return entry.name;
		}
	}
	return number_text(gid, out);
}

static void emit(struct collection *c, const struct names *names,
		 const struct privileged_file *file)
{
	struct row *row = collection_row(c);
	char owner[NUMBER_SIZE];
	char group[NUMBER_SIZE];
	char mode[NUMBER_SIZE];

	snprintf(mode, sizeof mode, "%04o", file->mode);
	row_set_text(row, PRIVILEGED_FILES_PATH, span_of(file->path));
	row_set_text(row, PRIVILEGED_FILES_MODE, span_of(mode));
	row_set_text(row, PRIVILEGED_FILES_OWNER, owner_of(names, file->uid, owner));
	row_set_text(row, PRIVILEGED_FILES_GROUP, group_of(names, file->gid, group));
	if (file->capabilities != NULL) {
		row_set_text(row, PRIVILEGED_FILES_CAPABILITIES, span_of(file->capabilities));
	}
	collection_emit(c);
}

/* Has the folder observed, as every folder is that is read by its path. */
static void watch_folder(struct tree *tree, const char *path)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;

	if (tree_folder_open(tree, path, &folder) != 0) {
		return; /* gone meanwhile: the folder around it is read anew at the next walk */
	}
}

static void watch_folder_of(struct tree *tree, const char *path)
{
	char folder[TREE_PATH_SIZE];
	size_t len = (size_t)(strrchr(path, '/') - path);

	memcpy(folder, path, len);
	folder[len] = '\0';
	watch_folder(tree, folder);
}

static int read_names(struct tree *tree, struct names *names)
{
	int error = tree_read(tree, "/etc/passwd", &names->passwd);

	error = error != 0 ? collection_missing(error) : 0;
	if (error == 0) {
		error = tree_read(tree, "/etc/group", &names->group);
		error = error != 0 ? collection_missing(error) : 0;
	}
	return error;
}

static void emit_all(struct collection *c, const struct names *names,
		     const struct privileged_walk *walk)
{
	size_t count;
	const struct privileged_file *files = privileged_walk_files(walk, &count);

	for (const char *const *root = privileged_roots; *root != NULL; root++) {
		watch_folder(c->machine->tree, *root);
	}
	for (size_t i = 0; i < count; i++) {
		watch_folder_of(c->machine->tree, files[i].path);
		emit(c, names, &files[i]);
	}
}

static int privileged_files_collect(struct collection *c)
{
	struct privileged_walk *own OWNED(privileged_walk_free) = NULL;
	struct privileged_walk *walk = c->machine->programs;
	struct names names;
	int error;

	if (walk == NULL) {
		own = privileged_walk_new(NULL, c->machine->tree, NULL, NULL, NULL);
		walk = own;
		privileged_walk_run(walk);
	}
	buffer_init(&names.passwd, NAMES_MAX);
	buffer_init(&names.group, NAMES_MAX);
	error = read_names(c->machine->tree, &names);
	if (error == 0) {
		emit_all(c, &names, walk);
	}
	buffer_done(&names.passwd);
	buffer_done(&names.group);
	return error;
}

const struct collector collector_privileged_files = {
	.name = "privileged_files",
	.summary = "setuid, setgid and file capabilities where programs belong",
	.table = TABLE_PRIVILEGED_FILES,
	.collect = privileged_files_collect,
};
