/*
 * executions.h - from what the kernel says of an exec to an event: path, user, parent and hash are
 * added, secrets masked.
 *
 * Events leave in the order they came. One waits for its program's hash at most EXECUTIONS_WAIT_MS.
 */
#pragma once

#include "agent/sources/exec_program.h"
#include "agent/sources/source.h"

#define EXECUTIONS_WAIT_MS     1000
#define EXECUTIONS_WAITING_MAX (256u << 10) /* bytes */

struct executions;

struct executions *executions_new(const struct source_host *host);
void executions_free(struct executions **executions);

/* Before the records of one turn: what may have changed since the last is looked at again. */
void executions_begin(struct executions *executions);

/* A record; what it lacks is asked of /proc, if the process is still there. */
void executions_put(struct executions *executions, const struct exec_record *record);
