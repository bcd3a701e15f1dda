/*
 * proc_loadavg.h - /proc/loadavg (proc_loadavg(5)): of the numbers in it those that tell whether
 * a process began or ended.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

struct proc_loadavg {
	uint32_t threads;  /* that there are now */
	uint32_t last_pid; /* the number given last, to a process or a thread */
};

/* ERR_MALFORMED for anything else. */
MUST_USE int proc_loadavg_parse(struct span file, struct proc_loadavg *out);
