/*
 * launcher.h - the process that forks query workers: small, single-threaded, without secrets.
 *
 * It reads orders from a socket (one datagram each, the answer's pipe attached) and serves until
 * the other side closes it. Both sides are ours; what comes is read bounded all the same.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/* Longest order: its head, a tenant's name and the SQL. */
#define LAUNCHER_ORDER_MAX (65536 + 256)

struct launcher_order {
	uint64_t id;  /* rising, never used again */
	bool is_kill; /* end the worker of this id; nothing else matters then */
	uint32_t timeout_ms;
	uint64_t rows_max;
	struct span tenant;
	struct span sql;
};

/* ERR_CLOSED where the launcher is gone, ERR_AGAIN where its socket is full. pipe_fd -1 for none.
 */
MUST_USE int launcher_send(int socket_fd, const struct launcher_order *order, int pipe_fd);

/* ERR_MALFORMED for bytes that are no order. */
MUST_USE int launcher_read(struct span bytes, struct launcher_order *out);

/* Runs in the launcher's process. */
int launcher_main(int socket_fd, const char *data_folder);
