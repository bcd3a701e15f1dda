/*
 * proc_modules.h - /proc/modules: name, size, references, dependants, state,
 * address, taint. Everything borrows from the file.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct proc_module {
	struct span name;
	uint64_t size_bytes;
	struct span state; /* Live, Loading, Unloading, as the kernel writes it */
	struct span taint; /* letters, without brackets; empty where there are none */
};

struct proc_modules_iterator {
	struct reader rest;
	size_t malformed;
};

struct proc_modules_iterator proc_modules_over(struct span file);

/* The next module; false at the end. */
bool proc_modules_next(struct proc_modules_iterator *it, struct proc_module *out);
