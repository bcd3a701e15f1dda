/*
 * follow_up.h - open ports on their way from discovery to what answers there.
 *
 * A queue with a process behind it (follower.h). Each row is asked once, hosts take turns, and each
 * host is bounded: in connections at once, in ports, and in ports where nothing came of asking.
 * What is not asked for such a reason is counted. If the process dies of what a stranger said,
 * another takes over, and what was under way is counted as lost.
 */
#pragma once

#include "fingerprints/fingerprints.h"
#include "scan/results.h"
#include "scan/service.h"
#include "sys/loop.h"

/* Source ports of its own: above those of programs, below those of probes (cookie.h). */
#define FOLLOW_UP_PORT_FIRST 61000
#define FOLLOW_UP_PORT_LAST  61439

#define FOLLOW_UP_AT_ONCE  400 /* connections, to all hosts */
#define FOLLOW_UP_PER_HOST 2   /* connections at once, to one address */

/* Of one address; more is a machine that answers everywhere. */
#define FOLLOW_UP_PORTS_MAX 1024

/* Ports of one address where asking led to nothing: a tarpit, or a filter that answers. Each port
 * that told something allows for some more; ports that a protocol has are always asked. */
#define FOLLOW_UP_FRUITLESS_MAX  32
#define FOLLOW_UP_FRUITLESS_EACH 4

struct follow_up_options {
	struct fingerprints *fingerprints; /* or NULL; must outlive it */
	bool is_without_anonymous_asks;
};

struct follow_up_counts {
	uint64_t asked; /* rows that were added, whatever became of them */
	uint64_t ended;
	uint64_t known;
	uint64_t connections;
	uint64_t every_port; /* not asked: the address answers every port */
	uint64_t too_many;   /* not asked: the address has too many ports */
	uint64_t fruitless;  /* not asked: too many ports of the address told nothing */
	uint64_t lost;       /* asked, and the process died */
	uint64_t waiting;    /* still to be asked */
	uint64_t under_way;
};

struct follow_up_events {
	/* What is behind a row: packed (service.h). */
	void (*service)(void *context, size_t row, struct span packed);
	/* Nothing waits and nothing is under way any more. */
	void (*idle)(void *context);
};

struct follow_up;

/* results: whose rows are asked about; they must outlive it. The process is forked here: before
 * anything is opened that it must not have. */
MUST_USE int follow_up_start(struct loop *loop, const struct follow_up_options *options,
			     const struct results *results, const struct follow_up_events *events,
			     void *context, struct follow_up **out, struct why *why);
void follow_up_free(struct follow_up **follow_up);

/* An open port: to be asked once. payload: its answer of UDP, empty for TCP. */
void follow_up_add(struct follow_up *follow_up, size_t row, struct span payload);

/* The address answers every port: what waits of it is not asked. */
void follow_up_skip(struct follow_up *follow_up, const struct address *address);

/* Begins nothing more; what waits goes on waiting, and is counted so. */
void follow_up_stop(struct follow_up *follow_up);

/* Nothing under way, and nothing that would still begin. */
bool follow_up_is_idle(const struct follow_up *follow_up);
struct follow_up_counts follow_up_counts(const struct follow_up *follow_up);
