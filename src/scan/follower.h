/*
 * follower.h - the process that talks to what answered: it can connect, and nothing else.
 *
 * It holds no file, no raw socket, no capability. What it says back is parsed as a stranger's.
 */
#pragma once

#include "base/attr.h"
#include "fingerprints/fingerprints.h"
#include "scan/results.h"
#include "sys/why.h"

#include <sys/types.h>

/* On its line, a channel; ids are the asker's. */
enum follower_message {
	FOLLOWER_ASK = 1,     /* a packed result, then the answer of UDP as it came */
	FOLLOWER_SERVICE = 2, /* a packed service */
};

struct follower_plan {
	struct fingerprints *fingerprints; /* or NULL: only what protocols state themselves */
	unsigned at_once;
	unsigned per_host;
	uint16_t source_port_first;
	uint16_t source_port_last;
	bool is_without_anonymous_asks;
};

/* What may wait to be sent, either way. */
#define FOLLOWER_QUEUE_MAX (32u << 20)

/* Forks it; the plan must live until then. out_line: our end. */
MUST_USE int follower_start(const struct follower_plan *plan, pid_t *out_pid, int *out_line,
			    struct why *why);
