/*
 * proc_stat.h - /proc/PID/stat (proc_pid_stat(5)): whose process it is.
 *
 * The name may hold blanks and brackets; it ends at the last bracket.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* PF_KTHREAD: a thread of the kernel's own, without a program. */
#define PROC_STAT_KERNEL_THREAD 0x00200000u

struct proc_stat {
	uint32_t pid;
	struct span name; /* borrowed; at most 15 bytes of program's, 63 of a kernel thread's */
	uint8_t state;    /* R, S, D, Z, ... */
	uint32_t parent;
	uint32_t flags;       /* PF_* of the kernel: PROC_STAT_KERNEL_THREAD, ... */
	uint64_t start_ticks; /* clock ticks after boot: with pid, tells processes apart */
};

/* ERR_MALFORMED for anything else. */
MUST_USE int proc_stat_parse(struct span file, struct proc_stat *out);
