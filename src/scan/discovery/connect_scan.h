/*
 * connect_scan.h - the scan of those who may not send raw packets, and of this machine itself:
 * ordinary connections, ordinary datagrams, many at once on one loop.
 *
 * The kernel repeats lost SYNs itself, so there is one pass; a port that never answers is not told
 * from a host that is not there. Each connection is bounded in time and reset at its end.
 */
#pragma once

#include "scan/answer.h"
#include "scan/targets/permutation.h"
#include "scan/targets/ports.h"
#include "scan/targets/targets.h"
#include "sys/loop.h"

#define CONNECT_AT_ONCE 1000
#define CONNECT_WAIT_MS 2000

struct connect_plan {
	const struct targets *targets;
	const struct ports *ports;
	const struct permutation *order;
	uint64_t shard;
	uint64_t shard_count;
	uint64_t shard_size;
	uint64_t position; /* to begin with */
	uint64_t rate;     /* attempts a second */
};

struct connect_events {
	void (*answer)(void *context, const struct answer *answer);
	void (*done)(void *context);
};

struct connect_stats {
	uint64_t position;
	uint64_t sent;
	uint64_t skipped; /* the echo, and what the system refused at once */
	size_t under_way;
};

struct connect_scan;

struct connect_scan *connect_scan_start(struct loop *loop, const struct connect_plan *plan,
					const struct connect_events *events, void *context);
void connect_scan_free(struct connect_scan **scan);

/* Begins nothing more; done is called when what is under way has ended. */
void connect_scan_stop(struct connect_scan *scan);
struct connect_stats connect_scan_stats(const struct connect_scan *scan);
