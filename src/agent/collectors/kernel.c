/* kernel.c - the kernel that runs, and those that are installed under /boot and /lib/modules. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/collectors/table.h"
#include "schema/schema.h"

static const char image_prefix[] = "vmlinuz-";

static void emit(struct collection *c, const char *release, const struct utsname *running)
{
	bool is_running = c->machine->is_live && strcmp(release, running->release) == 0;
	struct row *row = collection_row(c);
	struct tree_entry entry;
	char path[TREE_PATH_SIZE];

	row_set_text(row, KERNEL_RELEASE, span_of(release));
	row_set_boolean(row, KERNEL_IS_RUNNING, is_running);
	if (is_running) {
		row_set_text(row, KERNEL_VERSION, span_of(running->version));
		row_set_text(row, KERNEL_ARCHITECTURE, span_of(running->machine));
	}
	snprintf(path, sizeof path, "/boot/%s%s", image_prefix, release);
	if (tree_look(c->machine->tree, path, &entry, NULL) == 0) {
		row_set_text(row, KERNEL_IMAGE, span_of(path));
	}
	collection_emit(c);
}

/* Every name in a folder that begins with the prefix names a release. */
static int emit_folder(struct collection *c, const char *path, const char *prefix, char type,
		       const struct utsname *running)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(c->machine->tree, path, &folder);
	const char *name;
	char its;

	if (error != 0) {
		return collection_missing(error);
	}
	while (tree_folder_next(folder, &name, &its)) {
		if (its == type && strncmp(name, prefix, strlen(prefix)) == 0) {
			emit(c, name + strlen(prefix), running);
		}
	}
	return 0;
}

static int kernel_collect(struct collection *c)
{
	struct utsname running;
	int error;

	uname(&running);
	if (c->machine->is_live) {
		emit(c, running.release, &running);
	}
	error = emit_folder(c, "/boot", image_prefix, 'f', &running);
	return error != 0 ? error : emit_folder(c, "/lib/modules", "", 'd', &running);
}

const struct collector collector_kernel = {
	.name = "kernel",
	.summary = "uname(2), /boot/vmlinuz-*, /lib/modules",
	.table = TABLE_KERNEL,
	.collect = kernel_collect,
};
