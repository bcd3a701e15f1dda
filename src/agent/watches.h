/*
 * watches.h - wakes a table when a file that it was read from changes (inotify(7)).
 *
 * A collector names nothing: every folder that it looked into during a walk is watched, each before
 * it was looked into, for the names that were looked up there. A name that was not there is
 * watched too, and so are links on the way; what the next walk does not look at is given up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "sys/loop.h"
#include "sys/why.h"

/* Folders watched at a time. What is beyond is seen by the hourly walk. */
#define WATCHES_FOLDERS_MAX 8192

/* Names watched in one folder for all tables together; from here on any name there counts. */
#define WATCHES_NAMES_MAX 256

struct watches;

/* The table may have changed; 0: any of them, because the kernel's queue ran over. */
typedef void watches_handler(void *context, uint16_t table);

/* An inotify descriptor, nonblocking: before the sandbox. ERR_IO with what an administrator can
 * raise. */
MUST_USE int watches_open_inotify(int *out_fd, struct why *why);

/* Opens inotify: before the sandbox. */
MUST_USE int watches_new(struct loop *loop, watches_handler *changed, void *context,
			 struct watches **out, struct why *why);
void watches_free(struct watches **watches);

/* A walk of a table begins, and ends. */
void watches_begin(struct watches *watches, uint16_t table);
void watches_end(struct watches *watches);

/* A tree_observer (tree.h) whose context is the struct watches. */
int watches_look(void *watches, int folder_fd, int watch, const char *name, bool is_content);
