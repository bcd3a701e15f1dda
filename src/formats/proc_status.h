/*
 * proc_status.h - /proc/PID/status (proc_pid_status(5)): as whom a process acts.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* The effective user of the line "Uid:". ERR_MALFORMED where there is none. */
MUST_USE int proc_status_user(struct span file, uint32_t *out_uid);
