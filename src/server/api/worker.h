/*
 * worker.h - the inside of one query worker: SQL in, an answer on a pipe out, exit.
 *
 * The answer: u16 HTTP status and u64 size, big endian, then so many bytes.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

#define WORKER_HEAD_SIZE 10

struct worker_order {
	const char *data_folder;
	const char *tenant;
	struct span sql;
	int64_t timeout_ms;
	uint64_t rows_max;
	int out_fd;
};

/* Runs in the worker's process: takes its rights away, answers, returns the exit status. */
int worker_main(const struct worker_order *order);

/* The part that needs no process of its own: runs the SQL on the file at path and appends the
 * answer's body to out; returns its status. */
struct buffer;
unsigned worker_answer(const char *path, const struct worker_order *order, struct buffer *out);
