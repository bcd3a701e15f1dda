/*
 * package_owners.c - paths by the hash of their last bytes, which a merged /usr does not change:
 * databases say /lib/x.so of what the kernel calls /usr/lib/x.so.
 */
#include "agent/package_owners.h"

#include <stdlib.h>
#include <string.h>

#include "agent/package_owners_lists.h"
#include "base/error.h"
#include "base/reader.h"
#include "sys/alloc.h"

#define TAIL_BYTES     6
#define BUCKETS        1024
#define DATABASES_MAX  4
#define DIVERSIONS_MAX (1u << 20)

struct owned_path {
	char *text; /* NULL: this number is free */
	size_t len;
	const char *manager; /* NULL where no package has it */
	char *package;
	uint32_t next; /* of its bucket */
	bool is_used;
	bool is_known;
	char *diverter; /* during a search: whose alone it may be */
};

/* A path that a package wanted and has under another name (dpkg-divert(1)). */
struct diversion {
	uint32_t path; /* where the file is */
	struct span from;
	struct span diverter;
};

struct stamp {
	ino_t inode;
	off_t size;
	int64_t changed_ns;
};

struct package_owners {
	struct owned_path *paths;
	uint32_t count;
	uint32_t capacity;
	uint32_t buckets[BUCKETS];
	struct stamp stamps[DATABASES_MAX];
	bool has_database;
	bool is_merged; /* /lib is a link to usr/lib */
};

struct package_owners *package_owners_new(void)
{
	struct package_owners *o = alloc_zeroed(1, sizeof *o);

	for (size_t i = 0; i < BUCKETS; i++) {
		o->buckets[i] = PACKAGE_OWNERS_NONE;
	}
	return o;
}

static void drop(struct owned_path *path)
{
	free(path->text);
	free(path->package);
	*path = (struct owned_path){ .text = NULL };
}

void package_owners_free(struct package_owners **owners)
{
	if (*owners == NULL) {
		return;
	}
	for (uint32_t i = 0; i < (*owners)->count; i++) {
		drop(&(*owners)->paths[i]);
	}
	free((*owners)->paths);
	free(*owners);
	*owners = NULL;
}

static uint32_t bucket_of(struct span path)
{
	uint32_t hash = 0;

	for (size_t i = path.len > TAIL_BYTES ? path.len - TAIL_BYTES : 0; i < path.len; i++) {
		hash = hash * 31 + path.ptr[i];
	}
	return hash % BUCKETS;
}

static struct span text_of(const struct owned_path *path)
{
	return (struct span){ (const uint8_t *)path->text, path->len };
}

/* Forgets what was not used in the round before. */
static void sweep(struct package_owners *o)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		o->buckets[i] = PACKAGE_OWNERS_NONE;
	}
	for (uint32_t i = 0; i < o->count; i++) {
		struct owned_path *path = &o->paths[i];

		if (path->text != NULL && !path->is_used) {
			drop(path);
		}
		if (path->text != NULL) {
			uint32_t bucket = bucket_of(text_of(path));

			path->is_used = false;
			path->next = o->buckets[bucket];
			o->buckets[bucket] = i;
		}
	}
	while (o->count > 0 && o->paths[o->count - 1].text == NULL) {
		o->count--;
	}
}

void package_owners_begin(struct package_owners *o, struct tree *tree)
{
	char target[TREE_PATH_SIZE];
	bool has_changed = false;

	sweep(o);
	o->has_database = false;
	o->is_merged = tree_link(tree, "/lib", target) == 0;
	for (size_t i = 0; i < DATABASES_MAX && package_owners_databases[i] != NULL; i++) {
		struct tree_entry entry = { .size = 0 };
		struct stamp *stamp = &o->stamps[i];

		if (tree_look(tree, package_owners_databases[i], &entry, NULL) == 0) {
			o->has_database = true;
		}
		has_changed = has_changed || entry.inode != stamp->inode ||
			      entry.size != stamp->size || entry.changed_ns != stamp->changed_ns;
		*stamp = (struct stamp){ entry.inode, entry.size, entry.changed_ns };
	}
	for (uint32_t i = 0; has_changed && i < o->count; i++) {
		o->paths[i].is_known = false;
	}
}

static uint32_t free_number(struct package_owners *o)
{
	for (uint32_t i = 0; o->count == o->capacity && i < o->count; i++) {
		if (o->paths[i].text == NULL) {
			return i;
		}
	}
	if (o->count == PACKAGE_OWNERS_MAX) {
		return PACKAGE_OWNERS_NONE;
	}
	if (o->count == o->capacity) {
		o->capacity = o->capacity == 0 ? 64 : 2 * o->capacity;
		o->paths = alloc_resize(o->paths, o->capacity, sizeof *o->paths);
	}
	return o->count++;
}

uint32_t package_owners_path(struct package_owners *o, struct span path)
{
	uint32_t bucket = bucket_of(path);
	uint32_t number;

	for (number = o->buckets[bucket]; number != PACKAGE_OWNERS_NONE;
	     number = o->paths[number].next) {
		if (span_equal(text_of(&o->paths[number]), path)) {
			o->paths[number].is_used = true;
			return number;
		}
	}
	number = free_number(o);
	if (number != PACKAGE_OWNERS_NONE) {
		o->paths[number] = (struct owned_path){ .text = alloc_span(path),
							.len = path.len,
							.next = o->buckets[bucket],
							.is_used = true };
		o->buckets[bucket] = number;
	}
	return number;
}

void package_owners_use(struct package_owners *o, uint32_t path)
{
	o->paths[path].is_used = true;
}

struct search {
	struct package_owners *o;
	struct diversion *diversions; /* of paths that are sought */
	size_t diversion_count;
	size_t left;
};

static bool is_same_place(const struct search *search, struct span listed, struct span path)
{
	static const char usr[] = "/usr";

	if (span_equal(listed, path)) {
		return true;
	}
	return search->o->is_merged && path.len == listed.len + (sizeof usr - 1) &&
	       span_starts_with(path, "/usr/") &&
	       (span_starts_with(listed, "/lib") || span_starts_with(listed, "/bin/") ||
		span_starts_with(listed, "/sbin/")) &&
	       span_equal(span_after(path, sizeof usr - 1), listed);
}

static void give(struct search *search, uint32_t number, const struct listed_file *file)
{
	struct owned_path *path = &search->o->paths[number];

	if (path->is_known || (path->diverter != NULL && !span_is(file->package, path->diverter))) {
		return;
	}
	path->is_known = true;
	path->manager = file->manager;
	path->package = alloc_span(file->package);
	search->left--;
}

static void take(void *context, const struct listed_file *file)
{
	struct search *search = context;
	const struct package_owners *o = search->o;
	uint32_t number = o->buckets[bucket_of(file->path)];

	for (; number != PACKAGE_OWNERS_NONE; number = o->paths[number].next) {
		if (!o->paths[number].is_known &&
		    is_same_place(search, file->path, text_of(&o->paths[number]))) {
			give(search, number, file);
		}
	}
	for (size_t i = 0; i < search->diversion_count; i++) {
		const struct diversion *diversion = &search->diversions[i];

		if (span_equal(file->path, diversion->from) &&
		    !span_equal(file->package, diversion->diverter)) {
			give(search, diversion->path, file);
		}
	}
}

/* The path that is sought and lies there; PACKAGE_OWNERS_NONE. */
static uint32_t sought_at(const struct search *search, struct span listed)
{
	const struct package_owners *o = search->o;
	uint32_t number = o->buckets[bucket_of(listed)];

	while (number != PACKAGE_OWNERS_NONE &&
	       (o->paths[number].is_known ||
		!is_same_place(search, listed, text_of(&o->paths[number])))) {
		number = o->paths[number].next;
	}
	return number;
}

/* Three lines each: the path that packages want, where it went, and who keeps the path. */
static void read_diversions(struct search *search, struct span file)
{
	struct reader r = reader_over(file);

	while (reader_left(&r) > 0) {
		struct span from = reader_line(&r);
		struct span to = reader_line(&r);
		struct span diverter = reader_line(&r);
		uint32_t number = sought_at(search, to);

		if (number != PACKAGE_OWNERS_NONE) {
			search->diversions =
				alloc_resize(search->diversions, search->diversion_count + 1,
					     sizeof *search->diversions);
			search->diversions[search->diversion_count++] =
				(struct diversion){ number, from, diverter };
		}
		number = sought_at(search, from);
		if (number != PACKAGE_OWNERS_NONE) {
			search->o->paths[number].diverter = alloc_span(diverter);
		}
	}
}

static void forget_diverters(struct package_owners *o)
{
	for (uint32_t i = 0; i < o->count; i++) {
		free(o->paths[i].diverter);
		o->paths[i].diverter = NULL;
	}
}

/* Marks what is sought. */
static size_t begin_search(struct package_owners *o)
{
	size_t sought = 0;

	for (uint32_t i = 0; i < o->count; i++) {
		if (o->paths[i].text != NULL && !o->paths[i].is_known) {
			alloc_free(&o->paths[i].package);
			o->paths[i].manager = NULL;
			sought++;
		}
	}
	return sought;
}

int package_owners_find(struct package_owners *o, struct tree *tree)
{
	struct search search = { .o = o, .left = begin_search(o) };
	struct buffer diversions OWNED(buffer_done);
	int error;

	buffer_init(&diversions, DIVERSIONS_MAX);
	if (search.left == 0) {
		return 0;
	}
	if (tree_read(tree, "/var/lib/dpkg/diversions", &diversions) == 0) {
		read_diversions(&search, buffer_span(&diversions));
	}
	error = package_owners_dpkg(tree, take, &search);
	if (error == 0 && search.left > 0) {
		error = package_owners_apk(tree, take, &search);
	}
	forget_diverters(o);
	free(search.diversions);
	for (uint32_t i = 0; error == 0 && i < o->count; i++) {
		o->paths[i].is_known = true; /* of nobody, too */
	}
	return error;
}

const char *package_owners_text(const struct package_owners *o, uint32_t path)
{
	return o->paths[path].text;
}

struct package_owner package_owners_of(const struct package_owners *o, uint32_t path)
{
	return (struct package_owner){ o->paths[path].manager, o->paths[path].package };
}

uint32_t package_owners_limit(const struct package_owners *o)
{
	return o->count;
}

bool package_owners_has_database(const struct package_owners *o)
{
	return o->has_database;
}
