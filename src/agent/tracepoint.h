/*
 * tracepoint.h - a BPF program on the tracepoint inet_sock_set_state, without libbpf or tracefs.
 *
 * It writes the process's number into a ring whenever a TCP socket begins or ends to listen,
 * of this network namespace only where the kernel has BTF. Needs CAP_BPF and CAP_PERFMON while it
 * is opened, nothing afterwards.
 */
#pragma once

#include <sys/types.h>

#include "base/attr.h"
#include "sys/why.h"

struct tracepoint;

/* ERR_UNSUPPORTED with a reason where the kernel or the privileges do not allow it. */
MUST_USE int tracepoint_open(struct tracepoint **out, struct why *why);
void tracepoint_close(struct tracepoint **tracepoint);

/* For the event loop: readable when there is something to take. */
int tracepoint_fd(const struct tracepoint *tracepoint);

/* The next event's process number; 0 where there is none left. */
pid_t tracepoint_take(struct tracepoint *tracepoint);
