/*
 * catcher.h - the process that receives: reads the rings, judges what is in them, hands answers on.
 *
 * It parses what strangers send, and so has nothing: no capability, no file, no new socket. When
 * its parent does not keep up it stops reading, and the kernel counts what the rings then drop.
 */
#pragma once

#include <sys/types.h>

#include "scan/answer.h"
#include "scan/discovery/packet_ring.h"
#include "scan/discovery/verdict.h"
#include "sys/why.h"

#define CATCHER_RINGS_MAX   16
#define CATCHER_PAYLOAD_MAX 512 /* of a UDP answer; the rest is cut off */

struct catcher_plan {
	struct packet_ring *rings[CATCHER_RINGS_MAX];
	size_t link_sizes[CATCHER_RINGS_MAX];
	unsigned interfaces[CATCHER_RINGS_MAX]; /* their indexes */
	size_t ring_count;
	struct cookie_key key;
};

/* Message kinds on its line, a channel (sys/channel.h). */
enum { CATCHER_ANSWER = 1, CATCHER_STATS = 2 };

struct catcher_stats {
	uint64_t packets; /* into the rings */
	uint64_t drops;   /* that found no room there */
	uint64_t answers; /* with the right cookie */
	uint64_t foreign; /* packets that answer no probe of ours */
	uint64_t malformed;
};

MUST_USE int catcher_start(const struct catcher_plan *plan, pid_t *out_pid, int *out_line,
			   struct why *why);

/* What a message says; the payload borrows from it. ERR_MALFORMED. */
MUST_USE int catcher_answer_parse(struct span body, struct answer *out);
MUST_USE int catcher_stats_parse(struct span body, struct catcher_stats *out);
