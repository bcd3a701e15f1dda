/*
 * sysfs.h - attributes of devices in /sys (sysfs(5)): small files of one line, links and folders.
 *
 * Of the running machine they are read without being observed: the kernel tells of them by uevents,
 * not by inotify. Below --root they are ordinary files. What is not there is empty.
 */
#pragma once

#include "agent/machine.h"
#include "base/span.h"

/* The longest text of an attribute that is kept. */
#define SYSFS_TEXT_MAX 256

/* FOLDER/NAME without blanks at its ends, in out. */
struct span sysfs_text(const struct machine *machine, const char *folder, const char *name,
		       uint8_t out[SYSFS_TEXT_MAX]);

/* A decimal number; otherwise where there is none. */
uint64_t sysfs_number(const struct machine *machine, const char *folder, const char *name,
		      uint64_t otherwise);

/* The last part of what the link FOLDER/NAME leads to, in out. */
struct span sysfs_link(const struct machine *machine, const char *folder, const char *name,
		       char out[TREE_PATH_SIZE]);

typedef void sysfs_taker(void *context, const char *name);

/* Every name in a folder. */
void sysfs_each(const struct machine *machine, const char *folder, sysfs_taker *take,
		void *context);
