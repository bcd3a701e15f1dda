/*
 * follower.h - the process that talks to what answered: it can connect, and nothing else.
 *
 * It holds no file, no raw socket, no capability. It says what is there (service.h); a program may
 * add to that, in this process, what it can make of the same conversation. What it says is parsed
 * as a stranger's.
 */
#pragma once

#include "base/attr.h"
#include "fingerprints/fingerprints.h"
#include "scan/follow/ask.h"
#include "sys/loop.h"
#include "sys/why.h"

#include <sys/types.h>

/* On its line, a channel; ids are the asker's. */
enum follower_message {
	FOLLOWER_ASK = 1, /* a struct follow_ask */
	FOLLOWER_DROP,    /* everything that is under way, at once and without an answer */
	FOLLOWER_ANSWER,  /* a struct follow_answer, with the id that was asked */
	FOLLOWER_LACKS,   /* text: what it has to do without */
};

struct follower;
struct follower_task;

/* What a program adds. It runs in the follower's process. */
struct follower_more {
	/* Before the process confines itself. NULL: it cannot be done, and why. */
	void *(*open)(const void *own, struct follower *follower, struct loop *loop,
		      struct why *why);

	/* Something was identified: follower_tell() ends it, now or later. */
	void (*add)(void *more, struct follower_task *task, const struct identify_result *result,
		    const struct product *product);

	/* Everything under way is given up; its tasks are gone when this returns. */
	void (*drop)(void *more);
};

struct follower_plan {
	struct fingerprints *fingerprints; /* or NULL: only what protocols state themselves */
	unsigned at_once;
	unsigned per_host;
	uint16_t source_port_first; /* 0: the system's */
	uint16_t source_port_last;
	bool is_without_anonymous_asks;
	const struct contact *contact;    /* who asks; NULL: contact_default */
	const struct follower_more *more; /* or NULL */
	const void *own;                  /* for more->open */
};

/* What may wait to be sent, either way. */
#define FOLLOWER_QUEUE_MAX (64u << 20)

/* Forks it; the plan must live until then. out_line: our end; out_pid may be NULL. */
MUST_USE int follower_start(const struct follower_plan *plan, pid_t *out_pid, int *out_line,
			    struct why *why);

/* --- for more --- */

/* Valid until it is told. */
const struct follow_ask *follower_ask(const struct follower_task *task);

/* Ends the task: more may be empty. */
void follower_tell(struct follower_task *task, struct span more);

/* To be matched from now on; the caller's. */
void follower_use(struct follower *follower, struct fingerprints *fingerprints);

/* Told once: it goes on without something. */
void follower_lacks(struct follower *follower, const char *what);
