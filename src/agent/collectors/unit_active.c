/* unit_active.c - /run/systemd/units/invocation:NAME and SLICE/.../NAME/cgroup.events. */
#include "agent/collectors/unit_active.h"

#include <stdlib.h>
#include <string.h>

#include "agent/collector.h"
#include "base/error.h"
#include "base/reader.h"
#include "sys/alloc.h"

#define STARTED     "/run/systemd/units"
#define EVENTS_MAX  4096
#define SLICE_DEPTH 8

/* Where systemd has its groups: version 2 alone, beside version 1, version 1 alone. */
static const char *const hierarchies[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified",
					   "/sys/fs/cgroup/systemd" };

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(struct unit_names *names, const char *name)
{
	if (names->count == UNIT_ACTIVE_MAX) {
		return;
	}
	if (names->count % 64 == 0) {
		names->names = alloc_resize(names->names, names->count + 64, sizeof *names->names);
	}
	names->names[names->count++] = alloc_text(name);
}

static void sort(struct unit_names *names)
{
	if (names->count > 0) {
		qsort(names->names, names->count, sizeof *names->names, by_name);
	}
}

static bool has(const struct unit_names *names, const char *name)
{
	return names->count > 0 &&
	       bsearch(&name, names->names, names->count, sizeof *names->names, by_name) != NULL;
}

static int scan_started(struct tree *tree, struct unit_names *out)
{
	static const char prefix[] = "invocation:";
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(tree, STARTED, &folder);
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (tree_folder_next(folder, &name, &type)) {
		if (span_starts_with(span_of(name), prefix)) {
			add(out, name + sizeof prefix - 1);
		}
	}
	return 0;
}

/* "populated 1" in cgroup.events; before version 2 any process in cgroup.procs. */
static bool is_populated(struct tree *tree, const char *group)
{
	struct buffer file OWNED(buffer_done);
	char path[TREE_PATH_SIZE];
	struct reader r;

	buffer_init(&file, EVENTS_MAX);
	if (tree_join(group, "cgroup.events", path) != 0 || tree_read(tree, path, &file) != 0) {
		buffer_clear(&file);
		return tree_join(group, "cgroup.procs", path) == 0 &&
		       tree_read(tree, path, &file) != ERR_NOT_FOUND && buffer_span(&file).len > 0;
	}
	r = reader_over(buffer_span(&file));
	while (reader_left(&r) > 0) {
		if (span_is(reader_line(&r), "populated 1")) {
			return true;
		}
	}
	return false;
}

/* Groups of users' own managers are not the system's units. */
static bool is_slice(const char *name)
{
	return span_ends_with(span_of(name), ".slice") && strcmp(name, "user.slice") != 0;
}

static void scan_slice(struct tree *tree, const char *slice, unsigned depth, struct unit_names *out)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	char *path OWNED(alloc_free) = alloc_zeroed(1, TREE_PATH_SIZE);
	const char *name;
	char type;

	if (depth == SLICE_DEPTH || tree_folder_open(tree, slice, &folder) != 0) {
		return; /* gone meanwhile */
	}
	while (tree_folder_next(folder, &name, &type)) {
		if (type != 'd' || tree_join(slice, name, path) != 0) {
			continue;
		}
		if (is_slice(name)) {
			scan_slice(tree, path, depth + 1, out);
		} else if (depth > 0 && span_ends_with(span_of(name), ".service") &&
			   is_populated(tree, path)) {
			add(out, name);
		}
	}
}

static void scan_groups(struct tree *tree, struct unit_names *out)
{
	struct tree_entry entry;
	char path[TREE_PATH_SIZE];

	for (size_t i = 0; i < COUNT_OF(hierarchies); i++) {
		if (tree_join(hierarchies[i], "system.slice", path) == 0 &&
		    tree_look(tree, path, &entry, NULL) == 0) {
			scan_slice(tree, hierarchies[i], 0, out);
			return;
		}
	}
}

int unit_active_scan(struct tree *tree, struct unit_active *out)
{
	struct unit_active active = { .is_known = false };
	struct tree_entry entry;
	int error;

	/* as sd_booted(3) asks */
	active.is_known =
		tree_look(tree, "/run/systemd/system", &entry, NULL) == 0 && entry.type == 'd';
	if (!active.is_known) {
		*out = active;
		return 0;
	}
	error = scan_started(tree, &active.started);
	if (error != 0) {
		unit_active_done(&active);
		return error;
	}
	scan_groups(tree, &active.populated);
	sort(&active.started);
	sort(&active.populated);
	*out = active;
	return 0;
}

static void drop(struct unit_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->names[i]);
	}
	free(names->names);
	*names = (struct unit_names){ .count = 0 };
}

void unit_active_done(struct unit_active *active)
{
	drop(&active->started);
	drop(&active->populated);
}

const char *unit_active_state(const struct unit_active *active, const struct unit_file *unit)
{
	/* an alias is the unit that it leads to */
	const char *name =
		unit->target != NULL && unit_type(unit->target) != NULL ? unit->target : unit->name;

	if (!active->is_known || strcmp(unit_type(name), "service") != 0 ||
	    strstr(name, "@.") != NULL) {
		return NULL;
	}
	if (has(&active->populated, name)) {
		return "running";
	}
	return has(&active->started, name) ? "exited" : "inactive";
}
