/*
 * files.c - what integrity (agent/integrity) knows of the watched files, from memory.
 *
 * No time and no inode is in a row: hosts that have the same file share it, and when it changed is
 * in the history.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/table.h"
#include "agent/integrity/integrity.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/group.h"
#include "formats/passwd.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define NAMES_MAX   (4u << 20) /* bytes of /etc/passwd and /etc/group */
#define NUMBER_SIZE 24

/* The name of the number that was asked for last: most files have one owner. */
struct named {
	bool is_known;
	uint32_t number;
	struct span name;
	char text[NUMBER_SIZE];
};

struct files_walk {
	struct collection *c;
	struct buffer passwd;
	struct buffer group;
	struct named owner;
	struct named owners_group;
	char hex[2 * SHA256_SIZE + 1]; /* of the row at hand */
	char mode[NUMBER_SIZE];
};

static const char *type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "folder";
	case S_IFLNK:
		return "link";
	case S_IFSOCK:
		return "socket";
	case S_IFIFO:
		return "fifo";
	case S_IFBLK:
		return "block";
	default:
		return "character";
	}
}

static bool begin_name(struct named *named, uint32_t number)
{
	if (named->is_known && named->number == number) {
		return false;
	}
	named->is_known = true;
	named->number = number;
	snprintf(named->text, sizeof named->text, "%u", number);
	named->name = span_of(named->text);
	return true;
}

static struct span owner_of(struct files_walk *walk, uint32_t uid)
{
	struct passwd_iterator it = passwd_over(buffer_span(&walk->passwd));
	struct passwd_entry entry;

	if (begin_name(&walk->owner, uid)) {
		while (passwd_next(&it, &entry)) {
			if (entry.uid == uid) {
				walk->owner.name = entry.name;
				break;
			}
		}
	}
	return walk->owner.name;
}

static struct span group_of(struct files_walk *walk, uint32_t gid)
{
	struct group_iterator it = group_over(buffer_span(&walk->group));
	struct group_entry entry;

	if (begin_name(&walk->owners_group, gid)) {
		while (group_next(&it, &entry)) {
			if (entry.gid == gid) {
				walk->owners_group.name = entry.name;
				break;
			}
		}
	}
	return walk->owners_group.name;
}

static void fill(struct files_walk *walk, const char *path, const struct file_entry *entry,
		 const char *target)
{
	struct row *row = collection_row(walk->c);

	snprintf(walk->mode, sizeof walk->mode, "%04o", (unsigned)(entry->mode & 07777));
	row_set_text(row, FILES_PATH, span_of(path));
	row_set_text(row, FILES_TYPE, span_of(type_of(entry->mode)));
	row_set_text(row, FILES_MODE, span_of(walk->mode));
	row_set_text(row, FILES_OWNER, owner_of(walk, entry->uid));
	row_set_text(row, FILES_GROUP, group_of(walk, entry->gid));
	if (S_ISREG(entry->mode)) {
		row_set_integer(row, FILES_SIZE_BYTES, (int64_t)entry->size);
	}
	if (S_ISREG(entry->mode) && (entry->flags & FILE_HAS_HASH) != 0) {
		text_to_hex((struct span){ entry->sha256, SHA256_SIZE }, walk->hex);
		row_set_text(row, FILES_SHA256, span_of(walk->hex));
	}
	if (target != NULL) {
		row_set_text(row, FILES_TARGET, span_of(target));
	}
}

/* The rows of a folder; with only_new, those that were not told. */
static void emit_folder(struct files_walk *walk, const struct file_folder *folder, bool only_new)
{
	struct collection *c = walk->c;
	char path[TREE_PATH_SIZE];
	size_t rows = c->rows + folder->has_self;

	if (folder->has_self && (!only_new || (folder->self.flags & FILE_IS_NEW) != 0)) {
		fill(walk, folder->path, &folder->self, NULL);
		collection_emit(c);
	}
	for (uint32_t i = 0; i < folder->count; i++) {
		const struct file_entry *entry = &folder->entries[i];

		rows += (entry->flags & FILE_IS_KNOWN) != 0;
		if ((entry->flags & FILE_IS_KNOWN) != 0 &&
		    (!only_new || (entry->flags & FILE_IS_NEW) != 0) &&
		    tree_join(folder->path, folder->names + entry->name, path) == 0) {
			fill(walk, path, entry,
			     S_ISLNK(entry->mode) ? folder->names + entry->target : NULL);
			collection_emit(c);
		}
	}
	c->rows = rows;
}

static void emit_all(struct files_walk *walk, const struct file_set *set, bool only_new)
{
	for (const struct file_folder *f = set->roots; f != NULL; f = file_set_next(f)) {
		emit_folder(walk, f, only_new);
	}
}

static int open_walk(struct collection *c, struct files_walk **out)
{
	struct files_walk *walk = alloc_zeroed(1, sizeof *walk);
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
	*out = walk;
	return error;
}

static void close_walk(struct files_walk **walk)
{
	buffer_done(&(*walk)->passwd);
	buffer_done(&(*walk)->group);
	free(*walk);
}

static int files_collect(struct collection *c)
{
	struct integrity *integrity = c->machine->integrity;
	struct files_walk *walk;
	int error;

	if (integrity == NULL) {
		return 0;
	}
	integrity_look(integrity);
	c->remark = integrity_remark(integrity);
	error = open_walk(c, &walk);
	if (error == 0) {
		emit_all(walk, integrity_files(integrity), false);
		integrity_tell(integrity);
	}
	close_walk(&walk);
	return error;
}

static int files_collect_changes(struct collection *c)
{
	struct integrity *integrity = c->machine->integrity;
	const struct file_set *set = integrity != NULL ? integrity_files(integrity) : NULL;
	struct files_walk *walk;
	int error;

	if (set == NULL || set->is_much_gone) {
		return ERR_UNSUPPORTED;
	}
	error = open_walk(c, &walk);
	for (size_t i = 0; error == 0 && i < set->gone_count; i++) {
		fill(walk, set->gone[i].path, &set->gone[i].entry, set->gone[i].target);
		collection_gone(c);
	}
	if (error == 0) {
		emit_all(walk, set, true);
		integrity_tell(integrity);
	}
	close_walk(&walk);
	return error;
}

/* A file may be mounted over a watched one. */
static void files_watch(struct signals *signals)
{
	signals_on_poll(signals, TABLE_FILES, "/proc/self/mountinfo");
}

const struct collector collector_files = {
	.name = "files",
	.summary = "content, permissions and owners of the policy's files",
	.table = TABLE_FILES,
	.watch = files_watch,
	.collect = files_collect,
	.collect_changes = files_collect_changes,
};
