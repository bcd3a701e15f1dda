/* file_set.c - a tree of folders; entries in one array a folder. */
#include "agent/integrity/file_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/tree.h"
#include "sys/alloc.h"

_Static_assert(sizeof(struct file_entry) == 64, "an entry has grown: README.md states its size");

/* A cryptographic hash, cut: who can set a file's times could steer a plain mix back to the old
 * number. */
uint64_t file_stamp(const struct stat *status)
{
	const uint64_t facts[] = {
		status->st_dev,
		status->st_ino,
		(uint64_t)status->st_size,
		(uint64_t)status->st_mtim.tv_sec,
		(uint64_t)status->st_mtim.tv_nsec,
		(uint64_t)status->st_ctim.tv_sec,
		(uint64_t)status->st_ctim.tv_nsec,
		status->st_mode,
		(uint64_t)status->st_uid << 32 | status->st_gid,
	};
	uint8_t hash[SHA256_SIZE];
	uint64_t stamp;

	sha256_of((struct span){ (const uint8_t *)facts, sizeof facts }, hash);
	memcpy(&stamp, hash, sizeof stamp);
	return stamp == 0 ? 1 : stamp;
}

void file_entry_set(struct file_entry *entry, const struct stat *status)
{
	entry->size = (uint64_t)status->st_size;
	entry->stamp = file_stamp(status);
	entry->uid = status->st_uid;
	entry->gid = status->st_gid;
	entry->mode = (uint16_t)status->st_mode;
}

static struct file_folder *make_folder(struct file_set *set, char *path)
{
	struct file_folder *folder = alloc_zeroed(1, sizeof *folder);

	folder->path = path;
	folder->wd = -1;
	set->folders++;
	return folder;
}

/* Folders in one folder differ in the last name only, so whole paths order them as names do. */
static void sort_in(struct file_folder **list, struct file_folder *folder)
{
	while (*list != NULL && strcmp((*list)->path, folder->path) < 0) {
		list = &(*list)->next;
	}
	folder->next = *list;
	*list = folder;
}

struct file_folder *file_set_add_root(struct file_set *set, const char *path, const char *single)
{
	struct file_folder *root = make_folder(set, alloc_text(path));

	root->single = single;
	sort_in(&set->roots, root);
	return root;
}

static void unlink_folder(struct file_set *set, struct file_folder *folder)
{
	struct file_folder **at = folder->parent != NULL ? &folder->parent->first : &set->roots;

	while (*at != folder) {
		at = &(*at)->next;
	}
	*at = folder->next;
}

void file_set_remove(struct file_set *set, struct file_folder *folder, file_set_told *gone,
		     void *context)
{
	struct file_folder *at = folder;

	/* from the leaves up, without recursion */
	for (;;) {
		struct file_folder *parent = at == folder ? NULL : at->parent;

		if (at->first != NULL) {
			at = at->first;
			continue;
		}
		gone(context, at);
		unlink_folder(set, at);
		file_set_empty(set, at);
		set->folders--;
		free(at->path);
		free(at);
		if (parent == NULL) {
			return;
		}
		at = parent;
	}
}

static struct file_folder *insert(struct file_set *set, struct file_folder *parent,
				  struct file_folder **at, const char *name)
{
	char path[TREE_PATH_SIZE];
	struct file_folder *folder;

	if (tree_join(parent->path, name, path) != 0) {
		return NULL; /* too deep to be reached */
	}
	folder = make_folder(set, alloc_text(path));
	folder->parent = parent;
	folder->next = *at;
	*at = folder;
	return folder;
}

static const char *last_name(const struct file_folder *folder)
{
	return strrchr(folder->path, '/') + 1;
}

/* Both rise by name: one pass over the two. */
void file_set_match(struct file_set *set, struct file_folder *folder, file_set_told *fresh,
		    file_set_told *gone, void *context)
{
	struct file_folder **at = &folder->first;

	for (uint32_t i = 0; i < folder->count; i++) {
		const char *name = folder->names + folder->entries[i].name;
		struct file_folder *added;

		if (!S_ISDIR(folder->entries[i].mode)) {
			continue;
		}
		while (*at != NULL && strcmp(last_name(*at), name) < 0) {
			file_set_remove(set, *at, gone, context);
		}
		if (*at != NULL && strcmp(last_name(*at), name) == 0) {
			at = &(*at)->next;
			continue;
		}
		added = insert(set, folder, at, name);
		if (added != NULL) {
			at = &added->next;
			fresh(context, added);
		}
	}
	while (*at != NULL) {
		file_set_remove(set, *at, gone, context);
	}
}

struct file_folder *file_set_behind(const struct file_folder *folder)
{
	while (folder != NULL && folder->next == NULL) {
		folder = folder->parent;
	}
	return folder != NULL ? folder->next : NULL;
}

struct file_folder *file_set_next(const struct file_folder *folder)
{
	return folder->first != NULL ? folder->first : file_set_behind(folder);
}

void file_set_replace(struct file_set *set, struct file_folder *folder, struct file_entry *entries,
		      uint32_t count, char *names)
{
	uint32_t pending = 0;

	for (uint32_t i = 0; i < count; i++) {
		pending += (entries[i].flags & FILE_IS_PENDING) != 0;
	}
	set->entries = set->entries - folder->count + count;
	set->pending = set->pending - folder->pending + pending;
	free(folder->entries);
	free(folder->names);
	folder->entries = entries;
	folder->count = count;
	folder->pending = pending;
	folder->names = names;
}

static void drop_gone(struct file_set *set)
{
	for (size_t i = 0; i < set->gone_count; i++) {
		free(set->gone[i].path);
		free(set->gone[i].target);
	}
	free(set->gone);
	set->gone = NULL;
	set->gone_count = 0;
}

static void keep_gone(struct file_set *set, const struct file_folder *folder, const char *name,
		      const struct file_entry *was)
{
	char path[TREE_PATH_SIZE];

	if (set->gone_count == FILE_GONE_MAX) {
		drop_gone(set);
		set->is_much_gone = true;
	}
	if (set->is_much_gone || (name != NULL && tree_join(folder->path, name, path) != 0)) {
		return;
	}
	set->gone = alloc_resize(set->gone, set->gone_count + 1, sizeof *set->gone);
	set->gone[set->gone_count++] = (struct file_gone){
		.path = alloc_text(name != NULL ? path : folder->path),
		.target = S_ISLNK(was->mode) ? alloc_text(folder->names + was->target) : NULL,
		.entry = *was,
	};
}

void file_set_changed(struct file_set *set, struct file_folder *folder, const char *name,
		      const struct file_entry *was, struct file_entry *now)
{
	/* one that is new itself was never told */
	if (was != NULL && (was->flags & (FILE_IS_KNOWN | FILE_IS_NEW)) == FILE_IS_KNOWN) {
		keep_gone(set, folder, name, was);
	}
	if (now != NULL) {
		now->flags |= FILE_IS_NEW;
	}
}

void file_set_empty(struct file_set *set, struct file_folder *folder)
{
	for (uint32_t i = 0; i < folder->count; i++) {
		const struct file_entry *entry = &folder->entries[i];

		file_set_changed(set, folder, folder->names + entry->name, entry, NULL);
	}
	if (folder->has_self) {
		file_set_changed(set, folder, NULL, &folder->self, NULL);
	}
	folder->has_self = false;
	file_set_replace(set, folder, NULL, 0, NULL);
}

void file_set_tell(struct file_set *set)
{
	for (struct file_folder *f = set->roots; f != NULL; f = file_set_next(f)) {
		for (uint32_t i = 0; i < f->count; i++) {
			f->entries[i].flags &= (uint8_t)~FILE_IS_NEW;
		}
		f->self.flags &= (uint8_t)~FILE_IS_NEW;
	}
	drop_gone(set);
	set->is_much_gone = false;
}

struct file_entry *file_folder_find(const struct file_folder *folder, const char *name)
{
	uint32_t low = 0;
	uint32_t high = folder->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(name, folder->names + folder->entries[middle].name);

		if (order == 0) {
			return &folder->entries[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

void file_set_pending(struct file_set *set, struct file_folder *folder, struct file_entry *entry,
		      bool is_pending)
{
	bool was_pending = (entry->flags & FILE_IS_PENDING) != 0;

	if (was_pending == is_pending) {
		return;
	}
	entry->flags ^= FILE_IS_PENDING;
	assert(is_pending || (folder->pending > 0 && set->pending > 0));
	if (is_pending) {
		folder->pending++;
		set->pending++;
	} else {
		folder->pending--;
		set->pending--;
	}
}
