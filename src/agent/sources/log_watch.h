/*
 * log_watch.h - wakes when one of some files was written to, or files came or went in a folder
 * (inotify(7)); at most ten times a second, however much is written.
 */
#pragma once

#include "base/attr.h"
#include "sys/loop.h"
#include "sys/why.h"

struct log_watch;

/* Before the sandbox. */
MUST_USE int log_watch_new(struct loop *loop, loop_callback *changed, void *context,
			   struct log_watch **out, struct why *why);
void log_watch_free(struct log_watch **watch);

/* Files that come to a folder, or take another's name there. What is not there is passed over. */
void log_watch_folder(struct log_watch *watch, const char *path);

/* Writes to a file, by the name that it has now. Again where another file has that name. */
void log_watch_file(struct log_watch *watch, const char *path);

/* Calls back soon, as if something had been written. */
void log_watch_poke(struct log_watch *watch);
