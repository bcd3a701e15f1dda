/*
 * proc_maps.h - /proc/PID/maps (proc_pid_maps(5)): the files that a process has mapped.
 *
 * Everything borrows from the file. Regions that no file stands behind are passed over.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct proc_map {
	struct span path; /* as the kernel writes it: a line feed in a name is "\012" */
	bool is_executable;
	bool is_deleted; /* the kernel says that the name leads there no more */
};

struct proc_maps_iterator {
	struct reader rest;
	size_t malformed; /* lines that were passed over */
};

struct proc_maps_iterator proc_maps_over(struct span file);

/* The next region of a file; false at the end. */
bool proc_maps_next(struct proc_maps_iterator *it, struct proc_map *out);
