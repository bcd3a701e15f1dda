/*
 * workers.h - foreign SQL runs in a process of its own, one a query, and dies with it.
 *
 * A launcher is forked before this process opens a database or reads a secret, and
 * forks the workers: none of them inherits SQLite's state, sessions or keys. A worker has a view of
 * one tenant's file, 512 MB, its time, and a pipe to answer through. Its answer is complete before
 * its first byte is sent, so that a failure always has its proper status.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "server/tenants/tenants.h"
#include "sys/loop.h"
#include "sys/why.h"

#define WORKERS_MAX        16
#define WORKERS_TENANT_MAX 4
#define WORKER_MEMORY_MAX  (512u << 20)
#define WORKER_ANSWER_MAX  (64u << 20)
#define WORKER_SQL_MAX     65536

struct workers;
struct worker;

/* Forks the launcher. Call first of all in the process. */
MUST_USE int workers_start(const char *data_folder, struct workers **out, struct why *why);

/* From here on workers can be run; lost is called where the launcher is gone. */
void workers_attach(struct workers *workers, struct loop *loop, loop_callback *lost, void *context);
void workers_free(struct workers **workers);

struct worker_job {
	const char *tenant;
	struct span sql;
	int64_t timeout_ms;
	uint64_t rows_max;
};

struct worker_handler {
	/* The answer's HTTP status and size. Its bytes follow: JSON where the status is 200, else a
	 * message for people. */
	void (*result)(void *context, unsigned status, uint64_t size_bytes);
	/* At most 64 KiB at a time. */
	void (*data)(void *context, struct span bytes);
	/* All bytes were there, or the worker ended before (its limits, a fault). Then free it. */
	void (*done)(void *context, bool is_complete, bool is_out_of_time);
};

/* ERR_LIMIT where the tenant, or all tenants together, run as many as they may. */
MUST_USE int worker_run(struct workers *workers, const struct worker_job *job,
			const struct worker_handler *handler, void *context, struct worker **out);

/* Stops and goes on reading its answer. */
void worker_pause(struct worker *worker);
void worker_resume(struct worker *worker);

/* Kills it where it still runs. Of its handler only within done. */
void worker_free(struct worker **worker);

/* Those that run. */
unsigned workers_count(const struct workers *workers);
