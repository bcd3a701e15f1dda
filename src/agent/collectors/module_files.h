/*
 * module_files.h - the files of kernel modules, found by modules.dep(5), and who signed them.
 *
 * Only what lies there uncompressed tells: no more than a file's end is read.
 */
#pragma once

#include <stddef.h>

#include "agent/tree.h"
#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"

/* A module, by the name that the kernel has for it: "-" of a file's name is "_" there. */
struct module_file {
	struct span name;
	char *path; /* NULL where modules.dep does not name it */
};

/* Finds the paths of modules that are sorted by name. release: of uname(2). ERR_IO. */
MUST_USE int module_files_find(struct tree *tree, const char *release, struct module_file *modules,
			       size_t count);
void module_files_done(struct module_file *modules, size_t count);

/* Appends who signed it; nothing where it is not signed, or compressed. */
void module_files_write_signer(struct tree *tree, const struct module_file *module,
			       struct writer *w);
