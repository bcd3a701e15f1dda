/* privileged_walk.c - a stack of open folders, a name at a time. */
#include "agent/integrity/privileged_walk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/integrity/integrity.h"
#include "base/error.h"
#include "base/writer.h"
#include "formats/file_capabilities.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define DEPTH_MAX   12
#define FOLDERS_MAX 65536
#define FILES_MAX   1000000
#define FOUND_MAX   4096
#define TEXT_MAX    4096

/* A turn, and the rest after it; a walk is begun again after so many times what it cost. */
#define SLICE_US      5000
#define REST_MS       5
#define QUIET_MS      20
#define COST_TIMES    20
#define NAMES_BETWEEN 32

const char *const privileged_roots[] = {
	"/usr/bin",
	"/usr/sbin",
	"/bin",
	"/sbin",
	"/usr/local/bin",
	"/usr/local/sbin",
	"/usr/libexec",
	"/usr/local/libexec",
	"/lib",
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/local/lib",
	"/opt",
	NULL,
};

struct found {
	struct privileged_file *files;
	size_t count;
};

struct privileged_walk {
	struct tree *tree;
	struct integrity *integrity;
	void (*done)(void *context);
	void *context;
	struct loop_timer *timer;
	struct found found; /* by the last walk */
	bool is_known;

	/* the walk under way */
	bool is_walking;
	bool is_wanted;       /* another one, after it */
	bool is_check_wanted; /* of those that were found */
	int64_t cost_us;
	uint64_t cpu_us; /* of all walks */
	int64_t not_before_ms;
	struct found finding;
	size_t root; /* the next one */
	struct tree_folder *stack[DEPTH_MAX + 1];
	size_t lengths[DEPTH_MAX + 1]; /* of the path at each */
	unsigned depth;                /* folders that are open */
	dev_t device;
	char path[TREE_PATH_SIZE];
	size_t folders;
	size_t files;
};

static void clear(struct found *found)
{
	for (size_t i = 0; i < found->count; i++) {
		free(found->files[i].path);
		free(found->files[i].capabilities);
	}
	free(found->files);
	*found = (struct found){ .count = 0 };
}

static void close_all(struct privileged_walk *w)
{
	while (w->depth > 0) {
		tree_folder_close(&w->stack[--w->depth]);
	}
}

static bool is_program(mode_t mode)
{
	return S_ISREG(mode) && (mode & (S_ISUID | S_ISGID | 0111)) != 0;
}

static char *capabilities_of(struct tree_folder *folder, const char *name)
{
	uint8_t attribute[FILE_CAPABILITIES_MAX];
	uint8_t text[TEXT_MAX];
	struct writer w = writer_over(text, sizeof text);
	struct file_capabilities capabilities;
	size_t len = 0;

	if (tree_folder_attribute(folder, name, "security.capability", attribute, sizeof attribute,
				  &len) != 0 ||
	    len == 0 ||
	    file_capabilities_parse((struct span){ attribute, len }, &capabilities) != 0) {
		return NULL;
	}
	file_capabilities_write(&capabilities, &w);
	return alloc_span(writer_span(&w));
}

/* False where the file is nothing special. out has no path. */
static bool look_at(struct tree_folder *folder, const char *name, struct privileged_file *out)
{
	struct stat status;
	char *capabilities;

	if (tree_folder_status(folder, name, &status) != 0 || !is_program(status.st_mode)) {
		return false;
	}
	capabilities = capabilities_of(folder, name);
	if ((status.st_mode & (S_ISUID | S_ISGID)) == 0 && capabilities == NULL) {
		return false;
	}
	*out = (struct privileged_file){ .mode = status.st_mode & 07777,
					 .uid = status.st_uid,
					 .gid = status.st_gid,
					 .capabilities = capabilities };
	return true;
}

static void take_file(struct privileged_walk *w, struct tree_folder *folder, const char *name)
{
	char path[TREE_PATH_SIZE];
	struct privileged_file file;

	if (w->finding.count == FOUND_MAX || tree_join(w->path, name, path) != 0 ||
	    !look_at(folder, name, &file)) {
		return;
	}
	file.path = alloc_text(path);
	w->finding.files =
		alloc_resize(w->finding.files, w->finding.count + 1, sizeof *w->finding.files);
	w->finding.files[w->finding.count++] = file;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* One of those found, as it is now; false where it is nothing special any more. */
static bool look_again(struct privileged_walk *w, struct privileged_file *file, bool *out_changed)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	struct privileged_file now = { .path = NULL };
	char parent[TREE_PATH_SIZE];
	size_t len = (size_t)(strrchr(file->path, '/') - file->path);

	memcpy(parent, file->path, len);
	parent[len] = '\0';
	if (tree_folder_reach(w->tree, parent, &folder) != 0 ||
	    !look_at(folder, file->path + len + 1, &now)) {
		return false;
	}
	*out_changed = *out_changed || now.mode != file->mode || now.uid != file->uid ||
		       now.gid != file->gid || !is_same_text(now.capabilities, file->capabilities);
	now.path = file->path;
	free(file->capabilities);
	*file = now;
	return true;
}

/* Those that were found are looked at first, and at once: few, while a walk may have to wait. */
static bool check_found(struct privileged_walk *w)
{
	bool has_changed = false;
	size_t kept = 0;

	w->is_check_wanted = false;
	for (size_t i = 0; i < w->found.count; i++) {
		struct privileged_file *file = &w->found.files[i];

		if (look_again(w, file, &has_changed)) {
			w->found.files[kept++] = *file;
		} else {
			free(file->path);
			free(file->capabilities);
		}
	}
	has_changed = has_changed || kept < w->found.count;
	w->found.count = kept;
	return has_changed;
}

static void push(struct privileged_walk *w, struct tree_folder *folder)
{
	w->lengths[w->depth] = strlen(w->path);
	w->stack[w->depth++] = folder;
	w->folders++;
	if (w->integrity != NULL) {
		(void)integrity_mark(w->integrity, tree_folder_fd(folder));
	}
}

static void enter(struct privileged_walk *w, struct tree_folder *folder, const char *name)
{
	struct tree_folder *entered = NULL;
	struct stat status;

	if (w->depth > DEPTH_MAX || w->folders == FOLDERS_MAX ||
	    tree_folder_status(folder, name, &status) != 0 || status.st_dev != w->device ||
	    tree_folder_enter(folder, name, &entered) != 0) {
		return;
	}
	if (tree_join(w->path, name, w->path) != 0) {
		tree_folder_close(&entered);
		return;
	}
	push(w, entered);
}

/* A root that is a link (/bin to usr/bin) is another root, or lies in one. */
static void enter_root(struct privileged_walk *w, const char *root)
{
	struct tree_folder *folder = NULL;
	struct tree_entry entry;
	char real[TREE_PATH_SIZE];

	if (tree_look(w->tree, root, &entry, real) != 0 || strcmp(real, root) != 0 ||
	    tree_folder_reach(w->tree, root, &folder) != 0) {
		return;
	}
	w->device = entry.device;
	memcpy(w->path, root, strlen(root) + 1);
	push(w, folder);
}

/* One name; false at the end of all. */
static bool step(struct privileged_walk *w)
{
	struct tree_folder *folder;
	const char *name;
	char type;

	if (w->depth == 0) {
		if (privileged_roots[w->root] == NULL) {
			return false;
		}
		enter_root(w, privileged_roots[w->root++]);
		return true;
	}
	folder = w->stack[w->depth - 1];
	w->path[w->lengths[w->depth - 1]] = '\0';
	if (w->files == FILES_MAX || !tree_folder_next(folder, &name, &type)) {
		tree_folder_close(&w->stack[--w->depth]);
	} else if (type == 'd') {
		enter(w, folder, name);
	} else if (type == 'f') {
		w->files++;
		take_file(w, folder, name);
	}
	return true;
}

static void start(struct privileged_walk *w)
{
	w->is_walking = true;
	w->is_wanted = false;
	w->root = 0;
	w->folders = 0;
	w->files = 0;
	w->cost_us = 0;
}

static void finish(struct privileged_walk *w)
{
	clear(&w->found);
	w->found = w->finding;
	w->finding = (struct found){ .count = 0 };
	w->is_known = true;
	w->is_walking = false;
	w->not_before_ms = clock_ms() + COST_TIMES * w->cost_us / 1000;
}

/* A walk that is wanted begins when its time has come. True while one is under way. */
static bool is_begun(struct privileged_walk *w)
{
	int64_t wait_ms = w->not_before_ms - clock_ms();

	if (!w->is_walking && w->is_wanted && wait_ms <= 0) {
		start(w);
	} else if (!w->is_walking && w->is_wanted) {
		loop_timer_arm(w->timer, wait_ms);
	}
	return w->is_walking;
}

static void on_timer(void *context)
{
	struct privileged_walk *w = context;
	int64_t begun_us = clock_us();
	int64_t cpu_us = clock_cpu_us();
	bool is_more = true;

	if (w->is_check_wanted && check_found(w)) {
		w->done(w->context);
	}
	if (!is_begun(w)) {
		return;
	}
	while (is_more && clock_us() - begun_us < SLICE_US) {
		for (unsigned i = 0; i < NAMES_BETWEEN && is_more; i++) {
			is_more = step(w);
		}
	}
	cpu_us = clock_cpu_us() - cpu_us;
	w->cost_us += cpu_us;
	w->cpu_us += (uint64_t)cpu_us;
	if (is_more) {
		loop_timer_arm(w->timer, REST_MS);
		return;
	}
	finish(w);
	w->done(w->context);
	if (w->is_wanted) {
		loop_timer_arm(w->timer, QUIET_MS);
	}
}

struct privileged_walk *privileged_walk_new(struct loop *loop, struct tree *tree,
					    struct integrity *integrity,
					    void (*done)(void *context), void *context)
{
	struct privileged_walk *w = alloc_zeroed(1, sizeof *w);

	w->tree = tree;
	w->integrity = integrity;
	w->done = done;
	w->context = context;
	w->timer = loop != NULL ? loop_timer(loop, on_timer, w) : NULL;
	return w;
}

void privileged_walk_free(struct privileged_walk **walk)
{
	struct privileged_walk *w = *walk;

	if (w == NULL) {
		return;
	}
	if (w->timer != NULL) {
		loop_timer_free(&w->timer);
	}
	close_all(w);
	clear(&w->found);
	clear(&w->finding);
	free(w);
	*walk = NULL;
}

void privileged_walk_begin(struct privileged_walk *w)
{
	w->is_wanted = true;
	if (!w->is_walking && (!w->is_check_wanted || !loop_timer_is_armed(w->timer))) {
		loop_timer_arm(w->timer, QUIET_MS);
	}
	w->is_check_wanted = true;
}

void privileged_walk_run(struct privileged_walk *w)
{
	start(w);
	while (step(w)) {
	}
	finish(w);
}

const struct privileged_file *privileged_walk_files(const struct privileged_walk *w,
						    size_t *out_count)
{
	*out_count = w->found.count;
	return w->found.files;
}

uint64_t privileged_walk_cpu_us(const struct privileged_walk *w)
{
	return w->cpu_us;
}

bool privileged_walk_is_known(const struct privileged_walk *w)
{
	return w->is_known;
}
