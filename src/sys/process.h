/*
 * process.h - child processes of ours: forked, never executed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "sys/loop.h"

/* Forks. In the child: dies with the parent (PR_SET_PDEATHSIG), has its own name, default signal
 * handling and no signal blocked, runs body(context) and exits with what it returns. The parent
 * gets the process number. Negative on failure. */
MUST_USE int process_spawn(const char *name, int (*body)(void *context), void *context,
			   pid_t *out_pid);

/* In a child: closes every descriptor but the standard ones and those that are kept, which are
 * sorted on the way. */
void process_close_all_but(int *kept, size_t count);

/* Raises RLIMIT_NOFILE to its hard limit; returns what it is then. */
uint64_t process_raise_files(void);

/* True where this process is root by effective user. */
bool process_is_root(void);

/* Makes core dumps impossible and memory unreadable to other processes of the same user
 * (PR_SET_DUMPABLE), for processes that hold keys. */
void process_protect_memory(void);
