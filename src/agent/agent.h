/*
 * agent.h - what the agent's processes are told when they start, and how they end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/state.h"

/* How a process of the agent ends, and what the supervisor makes of it. */
enum {
	AGENT_DONE = 0, /* all is said (--once), or it was asked to stop: the agent ends with 0 */
	AGENT_FAILED =
		1, /* a person has to do something, and was told what: the agent ends with 1 */
	AGENT_USAGE = 2,   /* the command line is off */
	AGENT_RESTART = 3, /* both processes are to be started anew; as any other end */
	AGENT_HUNG = 64,   /* and more: the collector does not move, with the table that it reads
			      added; it is killed and both are started anew */
};

struct agent_settings {
	struct state state;
	const char *root; /* "/" for the running machine */
	char *token;      /* NULL where none was given */
	bool is_once;
	bool is_firewall_read; /* keeps CAP_NET_ADMIN, which nftables demands of who reads */
	bool is_verbose;
	int64_t silence_ms;   /* that the collector may keep; 0: AGENT_SILENCE_MS */
	bool is_stuck;        /* a collector that could not be killed still hangs somewhere */
	uint64_t hung_tables; /* a bit a table whose reading did not end: left out (supervisor.c) */
	int fanotify_fd;      /* opened before privileges are dropped; -1: none */
};

/* What a child process gets: its end of the channel to the other one. */
struct agent_child {
	struct agent_settings *settings;
	int channel_fd;
	int other_fd; /* the other one's end, to be closed: its own end tells when it dies */
};

/* A collector that says nothing for so long is started anew; the server is told from a third of it
 * on. */
#define AGENT_SILENCE_MS 120000

/* Bounds for the channel between the two: one message and some. */
#define AGENT_CHANNEL_QUEUE_MAX (4u << 20)

/* The children's bodies; they return how they ended. */
int collector_process(void *child);
int connector_process(void *child);

/* Takes from this process what reading the machine does not need: the collector's sandbox. All that
 * is to be opened is open by now. */
MUST_USE int collector_confine(bool is_firewall_read, struct why *why);

/* Starts both and keeps them running until one says that the agent is done. Returns the exit
 * status. */
int supervisor_run(struct agent_settings *settings);
