/* unit_files.c - follows install.c of systemd, so far as files and links tell. */
#include "agent/collectors/unit_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collector.h"
#include "base/error.h"
#include "sys/alloc.h"

const struct unit_folder unit_folders[] = {
	{ "/etc/systemd/system.control", UNIT_FOLDER_CONFIG },
	{ "/run/systemd/system.control", UNIT_FOLDER_RUNTIME },
	{ "/run/systemd/transient", UNIT_FOLDER_TRANSIENT },
	{ "/run/systemd/generator.early", UNIT_FOLDER_GENERATOR },
	{ "/etc/systemd/system", UNIT_FOLDER_CONFIG },
	{ "/etc/systemd/system.attached", UNIT_FOLDER_CONFIG },
	{ "/run/systemd/system", UNIT_FOLDER_RUNTIME },
	{ "/run/systemd/system.attached", UNIT_FOLDER_RUNTIME },
	{ "/run/systemd/generator", UNIT_FOLDER_GENERATOR },
	{ "/usr/local/lib/systemd/system", UNIT_FOLDER_VENDOR },
	{ "/usr/lib/systemd/system", UNIT_FOLDER_VENDOR },
	{ "/lib/systemd/system", UNIT_FOLDER_VENDOR },
	{ "/run/systemd/generator.late", UNIT_FOLDER_GENERATOR },
};
const size_t unit_folder_count = COUNT_OF(unit_folders);

static const char *const types[] = {
	"service",   "socket", "timer", "path",  "target", "mount",
	"automount", "swap",   "slice", "scope", "device", "snapshot",
};

static const char *const dependency_suffixes[] = { ".wants", ".requires", ".upholds" };

const char *unit_type(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name) {
		return NULL;
	}
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (strcmp(dot + 1, types[i]) == 0) {
			return types[i];
		}
	}
	return NULL;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

const struct unit_file *unit_files_find(const struct unit_files *u, const char *name)
{
	for (size_t i = 0; i < u->file_count; i++) {
		if (strcmp(u->files[i].name, name) == 0) {
			return &u->files[i];
		}
	}
	return NULL;
}

/* Room for one more element of an array that doubles at powers of two. */
static void *grown(void *array, size_t count, size_t size)
{
	bool is_full = count == 0 || (count >= 16 && (count & (count - 1)) == 0);

	return is_full ? alloc_resize(array, count < 16 ? 16 : 2 * count, size) : array;
}

static void add_link(struct unit_files *u, const char *name, const char *target, size_t folder,
		     bool is_dependency)
{
	if (u->link_count == UNIT_LINKS_MAX) {
		return;
	}
	u->links = grown(u->links, u->link_count, sizeof *u->links);
	u->links[u->link_count++] = (struct unit_link){ .name = alloc_text(name),
							.target = alloc_text(last_name(target)),
							.folder = folder,
							.is_dependency = is_dependency };
}

static bool is_empty_file(struct tree *tree, const char *path)
{
	struct tree_entry entry;

	return tree_look(tree, path, &entry, NULL) == 0 && entry.type == 'f' && entry.size == 0;
}

/* A unit's name in a unit folder. target: of a link, else NULL. */
static void add_file(struct unit_files *u, struct tree *tree, const char *path, const char *target,
		     size_t folder)
{
	const char *name = last_name(path);
	struct unit_file *file;

	if (u->file_count == UNIT_FILES_MAX || unit_files_find(u, name) != NULL) {
		return;
	}
	u->files = grown(u->files, u->file_count, sizeof *u->files);
	file = &u->files[u->file_count++];
	*file = (struct unit_file){ .name = alloc_text(name), .folder = folder };
	if (target != NULL) {
		file->is_masked = strcmp(target, "/dev/null") == 0;
		file->target = alloc_text(last_name(target));
	}
	file->is_masked = file->is_masked || is_empty_file(tree, path);
}

static int scan_dependencies(struct unit_files *u, struct tree *tree, const char *path,
			     size_t index)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(tree, path, &folder);
	char target[TREE_PATH_SIZE];
	char link[TREE_PATH_SIZE];
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (tree_folder_next(folder, &name, &type)) {
		if (type == 'l' && tree_join(path, name, link) == 0 &&
		    tree_link(tree, link, target) == 0) {
			add_link(u, name, target, index, true);
		}
	}
	return 0;
}

static int scan_drop_ins(struct unit_files *u, struct tree *tree, const char *path, size_t index)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(tree, path, &folder);
	const char *unit = last_name(path);
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (tree_folder_next(folder, &name, &type)) {
		if (!span_ends_with(span_of(name), ".conf") ||
		    u->drop_in_count == UNIT_CHILDS_MAX) {
			continue;
		}
		u->drop_ins = grown(u->drop_ins, u->drop_in_count, sizeof *u->drop_ins);
		u->drop_ins[u->drop_in_count++] = (struct unit_drop_in){
			.unit = alloc_span(span_first(span_of(unit), strlen(unit) - 2)),
			.file = alloc_text(name),
			.folder = index,
		};
	}
	return 0;
}

static bool is_dependency_folder(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(dependency_suffixes); i++) {
		if (span_ends_with(span_of(name), dependency_suffixes[i])) {
			return true;
		}
	}
	return false;
}

static int scan_entry(struct unit_files *u, struct tree *tree, const char *path, char type,
		      size_t index)
{
	const char *name = last_name(path);
	char target[TREE_PATH_SIZE];

	if (is_dependency_folder(name)) {
		return scan_dependencies(u, tree, path, index);
	}
	if (span_ends_with(span_of(name), ".d")) {
		return scan_drop_ins(u, tree, path, index);
	}
	if (unit_type(name) == NULL) {
		return 0;
	}
	if (type == 'f') {
		add_file(u, tree, path, NULL, index);
	} else if (type == 'l' && tree_link(tree, path, target) == 0) {
		add_file(u, tree, path, target, index);
		add_link(u, name, target, index, false);
	}
	return 0;
}

static int scan_folder(struct unit_files *u, struct tree *tree, size_t index)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(tree, unit_folders[index].path, &folder);
	char path[TREE_PATH_SIZE];
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (error == 0 && tree_folder_next(folder, &name, &type)) {
		if (tree_join(unit_folders[index].path, name, path) == 0) {
			error = scan_entry(u, tree, path, type, index);
		}
	}
	return error;
}

static int by_unit_file_folder(const void *x, const void *y)
{
	const struct unit_drop_in *a = x;
	const struct unit_drop_in *b = y;
	int order = strcmp(a->unit, b->unit);

	if (order == 0) {
		order = strcmp(a->file, b->file);
	}
	return order != 0 ? order : (int)a->folder - (int)b->folder;
}

int unit_files_scan(struct tree *tree, struct unit_files *out)
{
	struct unit_files u = { .file_count = 0 };
	int error = 0;

	for (size_t i = 0; error == 0 && i < unit_folder_count; i++) {
		error = scan_folder(&u, tree, i);
	}
	if (error != 0) {
		unit_files_done(&u);
		return error;
	}
	if (u.drop_in_count > 0) {
		qsort(u.drop_ins, u.drop_in_count, sizeof *u.drop_ins, by_unit_file_folder);
	}
	*out = u;
	return 0;
}

void unit_files_done(struct unit_files *u)
{
	for (size_t i = 0; i < u->file_count; i++) {
		free(u->files[i].name);
		free(u->files[i].target);
	}
	for (size_t i = 0; i < u->link_count; i++) {
		free(u->links[i].name);
		free(u->links[i].target);
	}
	for (size_t i = 0; i < u->drop_in_count; i++) {
		free(u->drop_ins[i].unit);
		free(u->drop_ins[i].file);
	}
	free(u->files);
	free(u->links);
	free(u->drop_ins);
	*u = (struct unit_files){ .file_count = 0 };
}

static bool is_runtime(enum unit_folder_kind kind)
{
	return kind == UNIT_FOLDER_RUNTIME || kind == UNIT_FOLDER_GENERATOR ||
	       kind == UNIT_FOLDER_TRANSIENT;
}

/* "getty@tty1.service" of "getty@.service" and "tty1". */
static bool is_default_instance(const char *template, const char *instance, const char *name)
{
	const char *at = strstr(template, "@.");
	char whole[512];

	if (at == NULL || instance[0] == '\0') {
		return false;
	}
	snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at + 1 - template), template, instance,
		 at + 1);
	return strcmp(whole, name) == 0;
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += len) {
		if ((at == words || at[-1] == ' ') && at[len] == ' ') {
			return true;
		}
	}
	return false;
}

/* What a link in one of the unit folders means for a unit. */
enum meaning { MEANS_NOTHING, MEANS_SAME_NAME, MEANS_OTHER, MEANS_ENABLED };

static enum meaning meaning_of(const struct unit_link *link, const struct unit_file *unit,
			       const char *aliases, const char *instance)
{
	/* below the unit's own folder a file of its name is not the unit any more */
	bool is_name = link->folder <= unit->folder && strcmp(link->name, unit->name) == 0;
	bool is_target = strcmp(link->target, unit->name) == 0;

	if (is_name && is_target && !link->is_dependency) {
		return MEANS_SAME_NAME;
	}
	if (!is_name && !is_target) {
		return MEANS_NOTHING;
	}
	if (strcmp(link->name, unit->name) == 0 || has_word(aliases, link->name) ||
	    is_default_instance(unit->name, instance, link->name)) {
		return MEANS_ENABLED;
	}
	return MEANS_OTHER;
}

const char *unit_files_enablement(const struct unit_files *u, const struct unit_file *unit,
				  const char *aliases, const char *instance)
{
	bool is_enabled_in_runtime = false;
	bool is_linked = false;
	bool is_linked_in_runtime = false;
	bool is_other = false;

	for (size_t i = 0; i < u->link_count; i++) {
		enum unit_folder_kind kind = unit_folders[u->links[i].folder].kind;

		switch (meaning_of(&u->links[i], unit, aliases, instance)) {
		case MEANS_ENABLED:
			if (kind == UNIT_FOLDER_CONFIG) {
				return "enabled";
			}
			is_enabled_in_runtime = is_enabled_in_runtime || is_runtime(kind);
			break;
		case MEANS_SAME_NAME:
			is_linked = is_linked || kind == UNIT_FOLDER_CONFIG;
			is_linked_in_runtime = is_linked_in_runtime || is_runtime(kind);
			break;
		case MEANS_OTHER:
			is_other = is_other || kind != UNIT_FOLDER_VENDOR;
			break;
		default:
			break;
		}
	}
	if (is_enabled_in_runtime) {
		return "enabled-runtime";
	}
	if (is_linked || is_linked_in_runtime) {
		return is_linked ? "linked" : "linked-runtime";
	}
	return is_other ? "indirect" : NULL;
}
