/*
 * follow_up.h - open ports on their way from discovery to what answers there.
 *
 * A queue with a process behind it (follower.h). Each port is asked once, hosts take turns, and
 * each host is bounded: in connections at once, in ports, and in ports where nothing came of
 * asking. What is not asked for such a reason is said. If the process dies of what a stranger said,
 * another takes over, and what was under way is counted as lost; or its owner is told, who starts
 * all anew.
 */
#pragma once

#include "fingerprints/fingerprints.h"
#include "scan/follow/ask.h"
#include "sys/loop.h"
#include "sys/why.h"

/* Source ports of its own: above those of programs, below those of probes (cookie.h). */
#define FOLLOW_UP_PORT_FIRST 61000
#define FOLLOW_UP_PORT_LAST  61439

#define FOLLOW_UP_AT_ONCE  400 /* connections, to all hosts */
#define FOLLOW_UP_PER_HOST 2   /* connections at once, to one address */

/* Ports under way: of a process of our own, and of one that adds to its answers. */
#define FOLLOW_UP_WINDOW      1024
#define FOLLOW_UP_WINDOW_MORE 256

/* Of one address; more is a machine that answers everywhere. */
#define FOLLOW_UP_PORTS_MAX 1024

/* Ports of one address where asking led to nothing: a tarpit, or a filter that answers. Each port
 * that told something allows for some more; ports that a protocol has are always asked. */
#define FOLLOW_UP_FRUITLESS_MAX  32
#define FOLLOW_UP_FRUITLESS_EACH 4

struct follow_up_options {
	struct fingerprints *fingerprints; /* or NULL; must outlive it */
	bool is_without_anonymous_asks;
	const struct contact *contact; /* who asks; NULL: contact_default; must outlive it */
};

/* Why a port is not asked. */
enum follow_up_skip { FOLLOW_UP_EVERY_PORT, FOLLOW_UP_TOO_MANY, FOLLOW_UP_FRUITLESS };

struct follow_up_counts {
	uint64_t asked; /* ports that were added, whatever became of them */
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

/* about: what the port was added with. Nothing may be added within these calls but within answered
 * and ask. */
struct follow_up_events {
	/* What to ask, now that it is its turn; its payload is filled in later. False: the port is
	 * gone meanwhile, and nothing is asked. */
	bool (*ask)(void *context, uint64_t about, struct follow_ask *out);
	void (*answered)(void *context, uint64_t about, const struct follow_answer *answer);
	/* It is not asked; may be NULL. */
	void (*skipped)(void *context, uint64_t about, enum follow_up_skip why);
	/* Nothing waits and nothing is under way any more; may be NULL. */
	void (*idle)(void *context);
	/* Of a process that was started by somebody else: it is gone; what it has to do without. */
	void (*lost)(void *context);
	void (*lacks)(void *context, struct span what);
};

struct follow_up;

/* The process is forked here: before anything is opened that it must not have. */
MUST_USE int follow_up_start(struct loop *loop, const struct follow_up_options *options,
			     const struct follow_up_events *events, void *context,
			     struct follow_up **out, struct why *why);

/* Over a process that was started before (follower_start); its line is taken over. It is made for a
 * life without end: what an address told is forgotten when nothing of it waits any more. */
struct follow_up *follow_up_over(struct loop *loop, int line, const struct follow_up_events *events,
				 void *context);
void follow_up_free(struct follow_up **follow_up);

struct follow_up_port {
	struct address address;
	uint16_t port;
	bool is_first;       /* before others, of this host and of all: it is new, or changed */
	struct span payload; /* its answer of UDP to discovery; empty for TCP */
};

/* An open port: to be asked once. */
void follow_up_add(struct follow_up *follow_up, const struct follow_up_port *port, uint64_t about);

/* The address answers every port: what waits of it is not asked. */
void follow_up_skip(struct follow_up *follow_up, const struct address *address);

/* What matches is not asked any more: waiting or under way, now, without a word. Of what was under
 * way, the rest is asked anew. */
void follow_up_drop(struct follow_up *follow_up, bool (*matches)(void *context, uint64_t about),
		    void *context);

/* Begins nothing more; what waits goes on waiting, and is counted so. */
void follow_up_stop(struct follow_up *follow_up);

/* Nothing under way, and nothing that would still begin. */
bool follow_up_is_idle(const struct follow_up *follow_up);
struct follow_up_counts follow_up_counts(const struct follow_up *follow_up);
