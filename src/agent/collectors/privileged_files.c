/*
 * privileged_files.c - programs that give whoever runs them more than they have: setuid, setgid,
 * file capabilities.
 *
 * Only where programs belong: a whole file system would take minutes. Where it is one of the known
 * folders of programs, or holds such a file, a folder is watched; the tens of thousands of folders
 * besides are looked through at each walk and not watched, because a watch keeps 1 KiB of kernel
 * memory each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/file_capabilities.h"
#include "formats/group.h"
#include "formats/passwd.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define DEPTH_MAX   12
#define FOLDERS_MAX 65536
#define FILES_MAX   1000000
#define ROWS_MAX    4096
#define NAMES_MAX   (4u << 20) /* bytes of /etc/passwd and /etc/group */
#define NUMBER_SIZE 24

static const char *const roots[] = {
	"/usr/bin",       "/usr/sbin",
	"/bin",           "/sbin",
	"/usr/local/bin", "/usr/local/sbin",
	"/usr/libexec",   "/usr/local/libexec",
	"/lib",           "/usr/lib",
	"/usr/lib32",     "/usr/lib64",
	"/usr/local/lib", "/opt",
};

struct privileged_walk {
	struct collection *c;
	struct buffer passwd;
	struct buffer group;
	char path[TREE_PATH_SIZE]; /* of the folder at hand */
	dev_t device;              /* of the root at hand: other file systems are not entered */
	size_t folders;
	size_t files;
	size_t rows;
};

static struct span number_text(uint32_t number, char out[NUMBER_SIZE])
{
	snprintf(out, NUMBER_SIZE, "%u", number);
	return span_of(out);
}

static struct span owner_of(const struct privileged_walk *walk, uid_t uid, char out[NUMBER_SIZE])
{
	struct passwd_iterator it = passwd_over(buffer_span(&walk->passwd));
	struct passwd_entry entry;

	while (passwd_next(&it, &entry)) {
		if (entry.uid == uid) {
			return entry.name;
		}
	}
	return number_text(uid, out);
}

static struct span group_of(const struct privileged_walk *walk, gid_t gid, char out[NUMBER_SIZE])
{
	struct group_iterator it = group_over(buffer_span(&walk->group));
	struct group_entry entry;

	while (group_next(&it, &entry)) {
		if (entry.gid == gid) {
			return entry.name;
		}
	}
	return number_text(gid, out);
}

static void emit(struct privileged_walk *walk, const char *path, const struct stat *status,
		 struct span capabilities)
{
	struct row *row = collection_row(walk->c);
	char owner[NUMBER_SIZE];
	char group[NUMBER_SIZE];
	char mode[NUMBER_SIZE];

	snprintf(mode, sizeof mode, "%04o", (unsigned)(status->st_mode & 07777));
	row_set_text(row, PRIVILEGED_FILES_PATH, span_of(path));
	row_set_text(row, PRIVILEGED_FILES_MODE, span_of(mode));
	row_set_text(row, PRIVILEGED_FILES_OWNER, owner_of(walk, status->st_uid, owner));
	row_set_text(row, PRIVILEGED_FILES_GROUP, group_of(walk, status->st_gid, group));
	row_set_text_if_any(row, PRIVILEGED_FILES_CAPABILITIES, capabilities);
	collection_emit(walk->c);
	walk->rows++;
}

/* Has the folder observed, as every folder is that is read by its path. */
static void watch_folder(const struct privileged_walk *walk)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;

	if (tree_folder_open(walk->c->machine->tree, walk->path, &folder) != 0) {
		return; /* gone meanwhile: the folder above is read anew at the next walk */
	}
}

static bool is_program(mode_t mode)
{
	return S_ISREG(mode) && (mode & (S_ISUID | S_ISGID | 0111)) != 0;
}

/* True where the file is privileged. */
static bool take_file(struct privileged_walk *walk, struct tree_folder *folder, const char *name)
{
	uint8_t attribute[FILE_CAPABILITIES_MAX];
	uint8_t text[ROW_TEXT_MAX];
	struct writer w = writer_over(text, sizeof text);
	struct file_capabilities capabilities;
	char path[TREE_PATH_SIZE];
	struct stat status;
	size_t len = 0;

	if (tree_folder_status(folder, name, &status) != 0 || !is_program(status.st_mode) ||
	    tree_join(walk->path, name, path) != 0) {
		return false;
	}
	if (tree_folder_attribute(folder, name, "security.capability", attribute, sizeof attribute,
				  &len) == 0 &&
	    len > 0 &&
	    file_capabilities_parse((struct span){ attribute, len }, &capabilities) == 0) {
		file_capabilities_write(&capabilities, &w);
	}
	if ((status.st_mode & (S_ISUID | S_ISGID)) == 0 && writer_used(&w) == 0) {
		return false;
	}
	emit(walk, path, &status, writer_span(&w));
	return true;
}

static void walk_folder(struct privileged_walk *walk, struct tree_folder *folder, bool is_watched,
			unsigned depth);

/* Goes into a folder of the one at hand, and comes back. */
static void enter(struct privileged_walk *walk, struct tree_folder *folder, const char *name,
		  unsigned depth)
{
	struct tree_folder *entered OWNED(tree_folder_close) = NULL;
	size_t len = strlen(walk->path);
	struct stat status;

	if (depth == DEPTH_MAX || tree_folder_status(folder, name, &status) != 0 ||
	    status.st_dev != walk->device || tree_folder_enter(folder, name, &entered) != 0) {
		return;
	}
	if (tree_join(walk->path, name, walk->path) == 0) {
		walk_folder(walk, entered, false, depth + 1);
	}
	walk->path[len] = '\0';
}

static void walk_folder(struct privileged_walk *walk, struct tree_folder *folder, bool is_watched,
			unsigned depth)
{
	const char *name;
	char type;

	if (++walk->folders > FOLDERS_MAX) {
		return;
	}
	while (walk->rows < ROWS_MAX && walk->files < FILES_MAX &&
	       tree_folder_next(folder, &name, &type)) {
		if (type == 'd') {
			enter(walk, folder, name, depth);
		} else if (type == 'f') {
			walk->files++;
			if (take_file(walk, folder, name) && !is_watched) {
				watch_folder(walk);
				is_watched = true;
			}
		}
	}
}

/* A root that is a link (/bin to usr/bin) is another root, or lies in one. */
static void walk_root(struct privileged_walk *walk, const char *root)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	struct tree *tree = walk->c->machine->tree;
	struct tree_entry entry;
	struct stat status;
	char real[TREE_PATH_SIZE];

	if (tree_look(tree, root, &entry, real) != 0 || strcmp(real, root) != 0 ||
	    tree_folder_open(tree, root, &folder) != 0 ||
	    tree_folder_status(folder, ".", &status) != 0) {
		return;
	}
	walk->device = status.st_dev;
	memcpy(walk->path, root, strlen(root) + 1);
	walk_folder(walk, folder, true, 0);
}

static int privileged_files_collect(struct collection *c)
{
	struct privileged_walk *walk OWNED(alloc_free) = alloc_zeroed(1, sizeof *walk);
	int error;

	walk->c = c;
	buffer_init(&walk->passwd, NAMES_MAX);
	buffer_init(&walk->group, NAMES_MAX);
	error = tree_read(c->machine->tree, "/etc/passwd", &walk->passwd);
	error = error != 0 ? collection_missing(error) : 0;
	if (error == 0) {
		error = tree_read(c->machine->tree, "/etc/group", &walk->group);
		error = error != 0 ? collection_missing(error) : 0;
	}
	for (size_t i = 0; error == 0 && i < COUNT_OF(roots); i++) {
		walk_root(walk, roots[i]);
	}
	buffer_done(&walk->passwd);
	buffer_done(&walk->group);
	return error;
}

const struct collector collector_privileged_files = {
	.name = "privileged_files",
	.summary = "setuid, setgid and file capabilities where programs belong",
	.table = TABLE_PRIVILEGED_FILES,
	.collect = privileged_files_collect,
};
