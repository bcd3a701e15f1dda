/* folder_listing.c - names, sorted; then what each is; then one merge with what was known. */
#include "agent/integrity/folder_listing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/path_pattern.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* The clock is asked once for so many names. */
#define NAMES_BETWEEN 64

/* Names above the allowance that are held before the last of them are dropped. */
#define NAMES_SPARE 4096

enum phase { READING, LOOKING, DONE };

struct folder_listing {
	struct file_folder *folder;
	struct tree_folder *opened;
	const struct file_rules *rules;
	const struct hash_cache *cache;
	uint32_t allowance;
	uint64_t beyond;
	enum phase phase;
	char *names; /* each ended by NUL, then links' texts */
	size_t names_len;
	size_t names_capacity;
	uint32_t *offsets; /* of names */
	uint32_t count;
	uint32_t capacity;
	uint32_t looked_at;
	struct file_entry *entries;
	uint32_t entry_count;
};

bool file_rules_exclude(const struct file_rules *rules, struct span path)
{
	for (size_t i = 0; i < rules->exclude_count; i++) {
		if (path_pattern_covers(rules->excludes[i], path)) {
			return true;
		}
	}
	return false;
}

struct folder_listing *folder_listing_new(struct tree_folder *opened, struct file_folder *folder,
					  const struct file_rules *rules,
					  const struct hash_cache *cache, uint32_t allowance)
{
	struct folder_listing *l = alloc_zeroed(1, sizeof *l);

	l->folder = folder;
	l->opened = opened;
	l->rules = rules;
	l->cache = cache;
	l->allowance = allowance;
	return l;
}

void folder_listing_free(struct folder_listing **listing)
{
	struct folder_listing *l = *listing;

	if (l == NULL) {
		return;
	}
	tree_folder_close(&l->opened);
	free(l->names);
	free(l->offsets);
	free(l->entries);
	free(l);
	*listing = NULL;
}

struct file_folder *folder_listing_of(const struct folder_listing *l)
{
	return l->folder;
}

uint64_t folder_listing_beyond(const struct folder_listing *l)
{
	return l->beyond;
}

static uint32_t keep_text(struct folder_listing *l, const char *text)
{
	size_t size = strlen(text) + 1;
	size_t at = l->names_len;

	if (l->names == NULL || l->names_capacity - at < size) {
		l->names_capacity = 2 * l->names_capacity + size + 1024;
		l->names = alloc_resize(l->names, l->names_capacity, 1);
	}
	memcpy(l->names + at, text, size);
	l->names_len += size;
	return (uint32_t)at;
}

static int by_name(const void *a, const void *b, void *names)
{
	return strcmp((const char *)names + *(const uint32_t *)a,
		      (const char *)names + *(const uint32_t *)b);
}

static void sort_names(struct folder_listing *l)
{
	if (l->count > 1) {
		qsort_r(l->offsets, l->count, sizeof *l->offsets, by_name, l->names);
	}
}

/* Drops the names above the allowance, and the room they take. */
static void cut(struct folder_listing *l)
{
	char *all = l->names;

	sort_names(l);
	if (l->count <= l->allowance) {
		return;
	}
	l->beyond += l->count - l->allowance;
	l->count = l->allowance;
	l->names = NULL;
	l->names_len = 0;
	l->names_capacity = 0;
	for (uint32_t i = 0; i < l->count; i++) {
		l->offsets[i] = keep_text(l, all + l->offsets[i]);
	}
	free(all);
}

static bool is_wanted(const struct folder_listing *l, const char *name)
{
	char path[TREE_PATH_SIZE];

	if (l->folder->single != NULL && strcmp(l->folder->single, name) != 0) {
		return false;
	}
	return tree_join(l->folder->path, name, path) == 0 &&
	       !file_rules_exclude(l->rules, span_of(path));
}

static void take_name(struct folder_listing *l, const char *name)
{
	if (l->allowance == 0) {
		l->beyond++;
		return;
	}
	if (l->count >= l->allowance + NAMES_SPARE) {
		cut(l);
	}
	if (l->count == l->capacity) {
		l->capacity = 2 * l->capacity + 64;
		l->offsets = alloc_resize(l->offsets, l->capacity, sizeof *l->offsets);
	}
	l->offsets[l->count++] = keep_text(l, name);
}

/* One name; false at the end. */
static bool read_name(struct folder_listing *l)
{
	const char *name;
	char type;

	if (l->folder->single != NULL) {
		take_name(l, l->folder->single);
		return false;
	}
	if (!tree_folder_next(l->opened, &name, &type)) {
		return false;
	}
	if (is_wanted(l, name)) {
		take_name(l, name);
	}
	return true;
}

static void find_cached(const struct folder_listing *l, const char *name, struct file_entry *entry)
{
	char path[TREE_PATH_SIZE];

	if (l->cache != NULL && tree_join(l->folder->path, name, path) == 0 &&
	    hash_cache_find(l->cache, path, entry->stamp, entry->sha256)) {
		entry->flags |= FILE_HAS_HASH;
	}
}

static void look(struct folder_listing *l, uint32_t offset)
{
	struct file_entry *entry = &l->entries[l->entry_count];
	char target[TREE_PATH_SIZE];
	struct stat status;

	if (tree_folder_status(l->opened, l->names + offset, &status) != 0) {
		return; /* vanished, or mounted over by what is not to be touched */
	}
	*entry = (struct file_entry){ .name = offset, .flags = FILE_IS_KNOWN };
	file_entry_set(entry, &status);
	if (S_ISREG(status.st_mode)) {
		find_cached(l, l->names + offset, entry);
	} else if (S_ISLNK(status.st_mode)) {
		if (tree_folder_link(l->opened, l->names + offset, target) != 0) {
			return;
		}
		entry->target = keep_text(l, target);
	}
	l->entry_count++;
}

static void end_reading(struct folder_listing *l)
{
	cut(l);
	l->entries = alloc_zeroed(l->count + 1, sizeof *l->entries);
	l->phase = LOOKING;
}

bool folder_listing_step(struct folder_listing *l, int64_t until_us)
{
	while (l->phase != DONE) {
		for (unsigned i = 0; i < NAMES_BETWEEN && l->phase == READING; i++) {
			if (!read_name(l)) {
				end_reading(l);
			}
		}
		for (unsigned i = 0; i < NAMES_BETWEEN && l->phase == LOOKING; i++) {
			if (l->looked_at == l->count) {
				l->phase = DONE;
			} else {
				look(l, l->offsets[l->looked_at++]);
			}
		}
		if (l->phase != DONE && clock_us() >= until_us) {
			return false;
		}
	}
	return true;
}

static bool is_same_row(const struct file_entry *a, const struct file_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && a->size == b->size;
}

/* What is still right of the entry before. */
static void merge(const struct folder_listing *l, const struct file_entry *before,
		  struct file_entry *now)
{
	bool is_file = S_ISREG(now->mode);
	bool is_hashable = is_file && now->size <= l->rules->hash_bytes_max;
	bool was_file = before != NULL && S_ISREG(before->mode);

	if (was_file && is_file && before->stamp == now->stamp &&
	    ((before->flags & (FILE_HAS_HASH | FILE_IS_PENDING)) == FILE_HAS_HASH ||
	     !is_hashable)) {
		memcpy(now->sha256, before->sha256, sizeof now->sha256);
		now->flags = before->flags & (uint8_t)~FILE_IS_PENDING;
		return;
	}
	if (!is_hashable || (now->flags & FILE_HAS_HASH) != 0) {
		return;
	}
	/* its row comes with its hash; until then the one before stays */
	if (was_file && (before->flags & FILE_IS_KNOWN) != 0) {
		uint32_t name = now->name;

		*now = *before;
		now->name = name;
	} else {
		now->flags = 0;
		now->stamp = 0;
	}
	now->tries = 0;
	now->flags |= FILE_IS_PENDING;
}

static bool is_link_changed(const struct folder_listing *l, const struct file_entry *before,
			    const struct file_entry *now)
{
	return S_ISLNK(now->mode) &&
	       strcmp(l->folder->names + before->target, l->names + now->target) != 0;
}

/* True where the two tell different rows. */
static bool is_changed(const struct folder_listing *l, const struct file_entry *before,
		       const struct file_entry *now)
{
	bool was_known = before != NULL && (before->flags & FILE_IS_KNOWN) != 0;
	bool is_known = (now->flags & FILE_IS_KNOWN) != 0;

	if (!was_known || !is_known) {
		return was_known != is_known;
	}
	/* a folder's size and times say nothing that is told */
	if (S_ISDIR(before->mode) && S_ISDIR(now->mode)) {
		return before->mode != now->mode || before->uid != now->uid ||
		       before->gid != now->gid;
	}
	return !is_same_row(before, now) || is_link_changed(l, before, now) ||
	       ((before->flags ^ now->flags) & FILE_HAS_HASH) != 0 ||
	       (S_ISREG(now->mode) && (now->flags & FILE_HAS_HASH) != 0 &&
		memcmp(before->sha256, now->sha256, sizeof now->sha256) != 0);
}

/* An entry that is not there any more. True where its row is gone with it. */
static bool take_away(struct file_set *set, struct file_folder *folder,
		      const struct file_entry *entry)
{
	file_set_changed(set, folder, folder->names + entry->name, entry, NULL);
	return (entry->flags & FILE_IS_KNOWN) != 0;
}

/* True where the row of an entry is another one now. */
static bool take_over(struct file_set *set, const struct folder_listing *l,
		      const struct file_entry *before, struct file_entry *now)
{
	now->flags |= before != NULL ? before->flags & FILE_IS_NEW : 0;
	if (!is_changed(l, before, now)) {
		return false;
	}
	file_set_changed(set, l->folder, l->names + now->name, before, now);
	return true;
}

bool folder_listing_apply(struct folder_listing *l, struct file_set *set)
{
	struct file_folder *folder = l->folder;
	bool has_changed = false;
	uint32_t k = 0;

	for (uint32_t i = 0; i < l->entry_count; i++) {
		const char *name = l->names + l->entries[i].name;
		const struct file_entry *before = NULL;
		int order = -1;

		for (; k < folder->count && order < 0; k += order <= 0) {
			order = strcmp(folder->names + folder->entries[k].name, name);
			before = order == 0 ? &folder->entries[k] : NULL;
			has_changed |= order < 0 && take_away(set, folder, &folder->entries[k]);
		}
		merge(l, before, &l->entries[i]);
		has_changed |= take_over(set, l, before, &l->entries[i]);
	}
	for (; k < folder->count; k++) {
		has_changed |= take_away(set, folder, &folder->entries[k]);
	}
	if (l->entry_count < l->count) {
		l->entries = alloc_resize(l->entries, l->entry_count + 1, sizeof *l->entries);
	}
	if (l->names_len > 0) {
		l->names = alloc_resize(l->names, l->names_len, 1);
	}
	file_set_replace(set, l->folder, l->entries, l->entry_count, l->names);
	l->entries = NULL;
	l->names = NULL;
	return has_changed;
}
