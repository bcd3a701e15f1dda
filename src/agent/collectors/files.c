/*
 * files.c - what integrity (agent/integrity) knows of the watched files, from memory.
 *
 * No time and no inode is in a row: hosts that have the same file share it, and when it changed is
 * in the history.
 */
#include <stdio.h>

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

static void emit(struct files_walk *walk, const char *path, const struct file_entry *entry,
		 const char *target)
{
	struct row *row = collection_row(walk->c);
	char hex[2 * SHA256_SIZE + 1];
	char mode[NUMBER_SIZE];

	snprintf(mode, sizeof mode, "%04o", (unsigned)(entry->mode & 07777));
	row_set_text(row, FILES_PATH, span_of(path));
	row_set_text(row, FILES_TYPE, span_of(type_of(entry->mode)));
	row_set_text(row, FILES_MODE, span_of(mode));
	row_set_text(row, FILES_OWNER, owner_of(walk, entry->uid));
	row_set_text(row, FILES_GROUP, group_of(walk, entry->gid));
	if (S_ISREG(entry->mode)) {
		row_set_integer(row, FILES_SIZE_BYTES, (int64_t)entry->size);
	}
	if (S_ISREG(entry->mode) && (entry->flags & FILE_HAS_HASH) != 0) {
		text_to_hex((struct span){ entry->sha256, SHA256_SIZE }, hex);
		row_set_text(row, FILES_SHA256, span_of(hex));
	}
	if (target != NULL) {
		row_set_text(row, FILES_TARGET, span_of(target));
	}
	collection_emit(walk->c);
}

static void emit_folder(struct files_walk *walk, const struct file_folder *folder)
{
	char path[TREE_PATH_SIZE];

	if (folder->has_self) {
		emit(walk, folder->path, &folder->self, NULL);
	}
	for (uint32_t i = 0; i < folder->count; i++) {
		const struct file_entry *entry = &folder->entries[i];

		if ((entry->flags & FILE_IS_KNOWN) != 0 &&
		    tree_join(folder->path, folder->names + entry->name, path) == 0) {
			emit(walk, path, entry,
			     S_ISLNK(entry->mode) ? folder->names + entry->target : NULL);
		}
	}
}

static int files_collect(struct collection *c)
{
	struct files_walk *walk OWNED(alloc_free) = NULL;
	struct integrity *integrity = c->machine->integrity;
	int error;

	if (integrity == NULL) {
		return 0;
	}
	integrity_look(integrity);
	c->remark = integrity_remark(integrity);
	walk = alloc_zeroed(1, sizeof *walk);
	walk->c = c;
	buffer_init(&walk->passwd, NAMES_MAX);
	buffer_init(&walk->group, NAMES_MAX);
	error = tree_read(c->machine->tree, "/etc/passwd", &walk->passwd);
	error = error != 0 ? collection_missing(error) : 0;
	if (error == 0) {
		error = tree_read(c->machine->tree, "/etc/group", &walk->group);
		error = error != 0 ? collection_missing(error) : 0;
	}
	for (const struct file_folder *f = integrity_files(integrity)->roots;
	     error == 0 && f != NULL; f = file_set_next(f)) {
		emit_folder(walk, f);
	}
	buffer_done(&walk->passwd);
	buffer_done(&walk->group);
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
};
