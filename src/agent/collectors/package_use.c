/*
 * package_use.c - which packages' programs and libraries are running, and which of them are
 * outdated in memory.
 *
 * As in processes, what lives less than AGE_MIN_MS is not told, and processes of one name and
 * program are one: outdated where one of them is. What no package brought is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/table.h"
#include "agent/package_owners.h"
#include "agent/process_files.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define AGE_MIN_MS 5000

/* A row to be. */
struct use {
	const struct process_in_use *process;
	struct package_owner owner;
	uint32_t path;
	bool is_stale;
};

static void package_use_watch(struct signals *signals)
{
	signals_on_processes(signals, TABLE_PACKAGE_USE);
}

static int compare_place(const struct use *a, const struct use *b)
{
	int order = strcmp(a->process->executable, b->process->executable);

	if (order == 0) {
		order = strcmp(a->process->name, b->process->name);
	}
	return order != 0 ? order : (a->path > b->path) - (a->path < b->path);
}

/* The same file of processes of one kind together, outdated ones in front. */
static int by_place(const void *x, const void *y)
{
	const struct use *a = x;
	const struct use *b = y;
	int order = compare_place(a, b);

	return order != 0 ? order : (int)b->is_stale - (int)a->is_stale;
}

static void emit(struct collection *c, const struct use *use)
{
	struct row *row = collection_row(c);

	row_set_text(row, PACKAGE_USE_MANAGER, span_of(use->owner.manager));
	row_set_text(row, PACKAGE_USE_PACKAGE, span_of(use->owner.package));
	row_set_text(row, PACKAGE_USE_PROCESS, span_of(use->process->name));
	row_set_text(row, PACKAGE_USE_EXECUTABLE, span_of(use->process->executable));
	row_set_text(row, PACKAGE_USE_PATH,
		     span_of(package_owners_text(c->machine->package_owners, use->path)));
	row_set_boolean(row, PACKAGE_USE_IS_STALE, use->is_stale);
	collection_emit(c);
}

static size_t count_files(const struct process_in_use *processes, size_t count)
{
	size_t files = 0;

	for (size_t i = 0; i < count; i++) {
		files += processes[i].count;
	}
	return files;
}

static void emit_all(struct collection *c)
{
	const struct package_owners *owners = c->machine->package_owners;
	size_t process_count;
	const struct process_in_use *processes =
		process_files_all(c->machine->process_files, &process_count);
	struct use *uses OWNED(alloc_free) =
		alloc_zeroed(count_files(processes, process_count) + 1, sizeof *uses);
	size_t count = 0;

	for (size_t i = 0; i < process_count; i++) {
		for (size_t k = 0; k < processes[i].count; k++) {
			const struct file_in_use *file = &processes[i].files[k];
			struct package_owner owner = package_owners_of(owners, file->path);

			if (owner.manager != NULL) {
				uses[count++] = (struct use){ &processes[i], owner, file->path,
							      file->is_stale };
			}
		}
	}
	qsort(uses, count, sizeof *uses, by_place);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || compare_place(&uses[i - 1], &uses[i]) != 0) {
			emit(c, &uses[i]);
		}
	}
}

static int package_use_collect(struct collection *c)
{
	struct package_owners *owners = c->machine->package_owners;
	int error;

	if (!c->machine->is_live) {
		return 0;
	}
	package_owners_begin(owners, c->machine->tree);
	if (!package_owners_has_database(owners)) {
		collection_off(c, "there is no list of packages' files of dpkg or apk");
		return 0;
	}
	error = process_files_walk(c->machine->process_files, owners, AGE_MIN_MS);
	if (error == 0) {
		error = package_owners_find(owners, c->machine->tree);
	}
	if (error == 0) {
		emit_all(c);
	}
	return error;
}

const struct collector collector_package_use = {
	.name = "package_use",
	.summary = "packages whose programs and libraries are running",
	.table = TABLE_PACKAGE_USE,
	.watch = package_use_watch,
	.collect = package_use_collect,
};
