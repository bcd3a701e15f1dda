/*
 * shooter.h - the process that sends: walks its part of the order at a rate, twice or more.
 *
 * Everything it needs is opened before it is forked; afterwards it has its sockets and a control
 * line only. Position p is probe p of passes x shard size: what a resumed scan begins with.
 */
#pragma once

#include <sys/types.h>

#include "scan/discovery/cookie.h"
#include "scan/discovery/neighbours.h"
#include "scan/targets/permutation.h"
#include "scan/targets/ports.h"
#include "scan/targets/targets.h"
#include "scan/discovery/ways.h"
#include "scan/send/sender.h"

struct shooter_plan {
	const struct targets *targets;
	const struct ports *ports;
	const struct ways *ways;
	const struct neighbours *neighbours;
	struct sender *const *senders; /* one a way; ways of one interface share theirs */
	const struct permutation *order;
	struct cookie_key key;
	const struct contact *contact;
	uint64_t shard;
	uint64_t shard_count;
	uint64_t shard_size;
	unsigned passes;
	uint64_t position; /* to begin with */
	uint64_t rate;     /* probes a second */
};

#define SHOOTER_FALLEN_SIZE 192
#define SHOOTER_STATUS_MAX  (36 + SHOOTER_FALLEN_SIZE)

/* What it says: after each tenth of a second, and at each end. */
struct shooter_status {
	uint64_t position;
	uint64_t sent;
	uint64_t refused;
	uint64_t skipped; /* neighbours that are not there, and what has no way */
	bool is_waiting;  /* all that was asked for is sent */
	bool has_failed;  /* the interface is gone, down for too long, or takes nothing; position is
			     then before all that may not have been sent */
	bool is_link_down;                /* waits for it to come up again */
	enum sender_kind sender;          /* in use now */
	char fallen[SHOOTER_FALLEN_SIZE]; /* as sender_fallen() */
};

/* Forks it; out_control is our end of the line (a sequenced-packet socket). */
MUST_USE int shooter_start(const struct shooter_plan *plan, pid_t *out_pid, int *out_control,
			   struct why *why);

MUST_USE int shooter_status_parse(struct span bytes, struct shooter_status *out);

/* What it can be told. */
void shooter_set_rate(int control, uint64_t rate);
void shooter_stop(int control);
void shooter_add_pass(int control);

/* One probe more, of the last pass (COOKIE_PASSES - 1). False where the line is full: later. */
bool shooter_probe(int control, const struct address *address, uint16_t port);
