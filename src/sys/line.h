/*
 * line.h - a child process that keeps nothing of ours but its end of a channel.
 *
 * Everything else that was open is closed before its body begins; what the body needs it opens
 * before it confines itself.
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

/* body gets a struct line_child. out_fd: our end, for channel_new(); out_pid may be NULL. */
MUST_USE int line_start(const char *name, int (*body)(void *child), const void *own, pid_t *out_pid,
			int *out_fd, struct why *why);

/* Kills it and waits until it is gone; *pid is then 0. Nothing where it is 0 already. */
void line_end(pid_t *pid);
