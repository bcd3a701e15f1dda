/* roots.c - from the policy's paths to folders that are there, each watched once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/integrity/defaults.h"
#include "agent/integrity/parts.h"
#include "agent/mount_guard.h"
#include "base/error.h"
#include "formats/mountinfo.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define MOUNTINFO_MAX (8u << 20)

uint64_t identity_of(uint64_t device, uint64_t inode)
{
	uint64_t identity = (device << 32 | device >> 32) ^ inode;

	return identity == 0 ? 1 : identity;
}

/* --- the policy --- */

static void add_text(char ***texts, size_t *count, char *text)
{
	*texts = alloc_resize(*texts, *count + 1, sizeof **texts);
	(*texts)[(*count)++] = text;
}

static void drop_texts(char ***texts, size_t *count)
{
	for (size_t k = 0; k < *count; k++) {
		free((*texts)[k]);
	}
	free(*texts);
	*texts = NULL;
	*count = 0;
}

static void add_defaults(char ***texts, size_t *count, const char *const *defaults)
{
	for (; *defaults != NULL; defaults++) {
		add_text(texts, count, alloc_text(*defaults));
	}
}

static void use_excludes(struct integrity *i, const struct policy_files *files, bool has_defaults)
{
	size_t count = 0;

	add_defaults(&i->exclude_texts, &count, fixed_excludes);
	if (i->settings.state_folder != NULL) {
		add_text(&i->exclude_texts, &count, alloc_text(i->settings.state_folder));
	}
	if (has_defaults) {
		add_defaults(&i->exclude_texts, &count, default_excludes);
	}
	for (size_t k = 0; k < files->exclude_count; k++) {
		add_text(&i->exclude_texts, &count, alloc_span(files->excludes[k]));
	}
	i->excludes = alloc_zeroed(count, sizeof *i->excludes);
	for (size_t k = 0; k < count; k++) {
		i->excludes[k] = span_of(i->exclude_texts[k]);
	}
	i->rules.excludes = i->excludes;
	i->rules.exclude_count = count;
}

static void use_paths(struct integrity *i, const struct policy_files *files, bool has_defaults)
{
	if (has_defaults) {
		add_defaults(&i->paths, &i->path_count, default_paths);
	}
	for (size_t k = 0; k < files->path_count; k++) {
		add_text(&i->paths, &i->path_count, alloc_span(files->paths[k]));
	}
}

void roots_use_policy(struct integrity *i, const struct policy *policy)
{
	const struct policy_files *files = &policy->files;
	const struct policy_budget *budget = &policy->budget;
	bool has_defaults = files->has_defaults != POLICY_OFF;

	drop_texts(&i->paths, &i->path_count);
	drop_texts(&i->exclude_texts, &i->rules.exclude_count);
	free(i->excludes);
	if (policy->collectors[TABLE_FILES].is_on != POLICY_OFF) {
		use_paths(i, files, has_defaults);
	}
	use_excludes(i, files, has_defaults);
	i->rules.files_max = files->files_max != 0 ? files->files_max : DEFAULT_FILES_MAX;
	if (i->rules.files_max > HASH_CACHE_MAX) {
		i->rules.files_max = HASH_CACHE_MAX; /* as many rows as are reported */
	}
	i->rules.hash_bytes_max =
		files->hash_bytes_max != 0 ? files->hash_bytes_max : DEFAULT_HASH_BYTES_MAX;
	i->io_bytes_per_s =
		budget->io_bytes_per_s != 0 ? budget->io_bytes_per_s : DEFAULT_IO_BYTES_PER_S;
	i->cpu_permille = budget->cpu_permille != 0 ? budget->cpu_permille : DEFAULT_CPU_PERMILLE;
	i->cpu_permille = i->cpu_permille < 1000 ? i->cpu_permille : 1000;
}

static void drop_roots(struct root_wanted **roots, size_t *count)
{
	for (size_t k = 0; k < *count; k++) {
		free((*roots)[k].path);
		free((*roots)[k].single);
	}
	free(*roots);
	*roots = NULL;
	*count = 0;
}

void roots_free(struct integrity *i)
{
	drop_texts(&i->paths, &i->path_count);
	drop_texts(&i->exclude_texts, &i->rules.exclude_count);
	free(i->excludes);
	drop_roots(&i->roots, &i->root_count);
}

/* --- what of it is there --- */

static bool is_below(const char *path, const char *folder)
{
	size_t len = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* A folder is a root itself, a file in its folder. */
static bool resolve(struct integrity *i, const char *path, struct root_wanted *out)
{
	struct tree_entry entry;
	char real[TREE_PATH_SIZE];
	char *slash;

	if (tree_look(i->settings.tree, path, &entry, real) != 0) {
		return false;
	}
	if (real[0] == '\0') {
		memcpy(real, "/", 2);
	}
	if (file_rules_exclude(&i->rules, span_of(real))) {
		return false;
	}
	*out = (struct root_wanted){ .identity = identity_of(entry.device, entry.inode) };
	if (entry.type == 'd') {
		out->path = alloc_text(real);
		return true;
	}
	slash = strrchr(real, '/');
	out->single = alloc_text(slash + 1);
	out->identity = 0;
	slash[slash == real ? 1 : 0] = '\0';
	out->path = alloc_text(real);
	return true;
}

static int by_path(const void *a, const void *b)
{
	const struct root_wanted *x = a;
	const struct root_wanted *y = b;
	int order = strcmp(x->path, y->path);

	if (order != 0 || (x->single == NULL && y->single == NULL)) {
		return order;
	}
	/* the folder before what is in it */
	return x->single == NULL ? -1 : y->single == NULL ? 1 : strcmp(x->single, y->single);
}

static bool is_covered(const struct root_wanted *kept, size_t count, const struct root_wanted *root)
{
	for (size_t k = 0; k < count; k++) {
		if (kept[k].single == NULL ? is_below(root->path, kept[k].path)
					   : by_path(&kept[k], root) == 0) {
			return true;
		}
	}
	return false;
}

/* Each place once, by rising path. */
static struct root_wanted *find_roots(struct integrity *i, size_t *out_count)
{
	struct root_wanted *roots = alloc_zeroed(i->path_count + 1, sizeof *roots);
	size_t found = 0;
	size_t kept = 0;

	for (size_t k = 0; k < i->path_count; k++) {
		found += resolve(i, i->paths[k], &roots[found]);
	}
	if (found > 0) {
		qsort(roots, found, sizeof *roots, by_path);
	}
	for (size_t k = 0; k < found; k++) {
		if (is_covered(roots, kept, &roots[k])) {
			free(roots[k].path);
			free(roots[k].single);
		} else {
			roots[kept++] = roots[k];
		}
	}
	*out_count = kept;
	return roots;
}

static bool is_root(const struct file_folder *folder, const struct root_wanted *wanted)
{
	if (strcmp(folder->path, wanted->path) != 0) {
		return false;
	}
	return folder->single == NULL || wanted->single == NULL
		       ? folder->single == wanted->single
		       : strcmp(folder->single, wanted->single) == 0;
}

static const struct root_wanted *find_wanted(const struct root_wanted *roots, size_t count,
					     const struct file_folder *folder)
{
	for (size_t k = 0; k < count; k++) {
		if (is_root(folder, &roots[k])) {
			return &roots[k];
		}
	}
	return NULL;
}

static struct file_folder *find_root(const struct file_set *set, const struct root_wanted *wanted)
{
	for (struct file_folder *f = set->roots; f != NULL; f = f->next) {
		if (is_root(f, wanted)) {
			return f;
		}
	}
	return NULL;
}

/* Takes away what is not wanted any more; names of single files move to the new list. */
static bool drop_unwanted(struct integrity *i, const struct root_wanted *wanted, size_t count)
{
	struct file_folder *folder = i->set.roots;
	bool is_any = false;

	while (folder != NULL) {
		struct file_folder *next = folder->next;
		const struct root_wanted *same = find_wanted(wanted, count, folder);

		if (same == NULL) {
			file_set_remove(&i->set, folder, work_forget, i);
			is_any = true;
		} else {
			folder->single = same->single;
		}
		folder = next;
	}
	return is_any;
}

bool roots_look(struct integrity *i)
{
	size_t count;
	struct root_wanted *wanted = find_roots(i, &count);
	bool has_new = false;

	if (drop_unwanted(i, wanted, count)) {
		i->is_changed = true;
	}
	drop_roots(&i->roots, &i->root_count);
	i->roots = wanted;
	i->root_count = count;
	for (size_t k = 0; k < count; k++) {
		struct file_folder *root = find_root(&i->set, &wanted[k]);

		if (root == NULL) {
			(void)file_set_add_root(&i->set, wanted[k].path, wanted[k].single);
			has_new = true;
		} else if (wanted[k].identity != 0 && root->identity != 0 &&
			   root->identity != wanted[k].identity) {
			work_queue(i, root);
		}
	}
	return has_new;
}

/* --- mounts, and what is not watched --- */

static bool is_watched(const struct integrity *i, const char *path)
{
	for (size_t k = 0; k < i->root_count; k++) {
		if (is_below(path, i->roots[k].path)) {
			return true;
		}
	}
	return false;
}

uint64_t roots_mounts(struct integrity *i)
{
	struct buffer file OWNED(buffer_done);
	struct mountinfo_iterator it;
	struct mountinfo_entry entry;
	struct sha256 hash;
	uint8_t sha256[SHA256_SIZE];
	uint64_t number;

	buffer_init(&file, MOUNTINFO_MAX);
	if (!tree_is_live(i->settings.tree) ||
	    file_read(tree_is_of_first_process(i->settings.tree) ? "/proc/1/mountinfo"
								 : "/proc/self/mountinfo",
		      &file) != 0) {
		return 0;
	}
	sha256_init(&hash);
	it = mountinfo_over(buffer_span(&file));
	while (mountinfo_next(&it, &entry)) {
		char target[TREE_PATH_SIZE];
		struct writer w = writer_over((uint8_t *)target, sizeof target - 1);

		mountinfo_write(entry.target, &w);
		target[writer_used(&w)] = '\0';
		if (is_watched(i, target)) {
			sha256_add(&hash,
				   (struct span){ (const uint8_t *)&entry.id, sizeof entry.id });
			sha256_add(&hash, span_of(target));
		}
	}
	sha256_done(&hash, sha256);
	memcpy(&number, sha256, sizeof number);
	return number;
}

static void add_remark(struct integrity *i, const char *text)
{
	size_t len = strlen(i->remark);

	snprintf(i->remark + len, sizeof i->remark - len, "%s%s", len > 0 ? "; " : "", text);
}

void roots_remark(struct integrity *i)
{
	const struct mount_guard *guard = tree_guard(i->settings.tree);
	char text[TREE_REFUSAL_SIZE];
	const char *path;
	const char *type;

	i->remark[0] = '\0';
	if (i->beyond > 0) {
		snprintf(text, sizeof text,
			 "%llu files or more beyond the limit of %u are not watched",
			 (unsigned long long)i->beyond, i->rules.files_max);
		add_remark(i, text);
	}
	for (size_t k = 0; (path = mount_guard_at(guard, k, &type)) != NULL; k++) {
		if (is_watched(i, path)) {
			snprintf(text, sizeof text, "%s: %s is not read", path, type);
			add_remark(i, text);
		}
	}
}
