/*
 * line.h - a child process of the scanner's observer, and the channel to it.
 *
 * Children are forked before the observer confines itself. They keep nothing of it but their end of
 * the line and what their body opens before its own sandbox: no state folder, no server.
 */
#pragma once

#include <sys/types.h>

#include "base/attr.h"
#include "sys/why.h"

/* The most that may wait on a line. */
#define LINE_QUEUE_MAX (64u << 20)

struct line_child {
	int fd;
	const void *own; /* for the body */
};

/* body gets a struct line_child. out_fd: our end, for channel_new(). */
MUST_USE int line_start(const char *name, int (*body)(void *child), const void *own, int *out_fd,
			struct why *why);
