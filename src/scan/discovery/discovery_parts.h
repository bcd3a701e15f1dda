/*
 * discovery_parts.h - one scan, for its own files: discovery.c (answers, progress, the end) and
 * discovery_open.c (the beginning: ways, neighbours, processes).
 */
#pragma once

#include "scan/discovery/catcher.h"
#include "scan/discovery/connect_scan.h"
#include "scan/discovery/discovery.h"
#include "scan/discovery/shooter.h"
#include "sys/channel.h"

/* A position is safe once its probes are as old as this and the wait together. */
#define DISCOVERY_SAFE_SLOTS 64

struct leg {
	struct targets *targets;
	struct permutation order;
	uint64_t shard_size;
	uint64_t total; /* probes, over all passes */
	uint64_t position;
};

struct discovery {
	struct loop *loop;
	const struct discovery_plan *plan;
	struct results *results;
	struct discovery_events events;
	void *context;
	struct ports ports; /* the plan's, one for each question */
	struct ways ways;
	struct neighbours neighbours;
	struct leg legs[DISCOVERY_LEGS];
	enum discovery_leg leg;
	/* raw */
	struct sender *senders[WAYS_MAX]; /* one a way; shared ones appear again */
	struct packet_ring *rings[WAYS_MAX];
	pid_t shooter_pid;
	int shooter;
	struct loop_watch *shooter_watch;
	pid_t catcher_pid;
	struct channel *catcher;
	struct shooter_status shot;
	struct catcher_stats caught;
	struct neighbours_search *search; /* until who is on the links is known */
	bool is_resolving;
	char engine_note[DISCOVERY_NOTE_SIZE];
	char note[DISCOVERY_NOTE_SIZE]; /* what else is to be said at the end */
	int error;                      /* it could not begin after all */
	struct why why;
	/* connections */
	struct connect_scan *connects;
	/* both */
	struct loop_timer *second;
	struct loop_timer *end;
	int64_t began_ms;
	int64_t leg_began_ms;
	int64_t sending_ms;
	uint64_t rate;
	uint64_t duplicates;
	uint64_t drops_told;
	unsigned calm_seconds;
	uint64_t kernel_drops_before;
	unsigned passes;
	struct results *controlled; /* addresses that got a control probe, or will */
	size_t controls_told;
	bool is_control_late; /* some went when all else was sent: they are waited for, too */
	bool is_stopped;
	bool is_all_sent;
	struct {
		int64_t at_ms;
		uint64_t position;
	} past[DISCOVERY_SAFE_SLOTS];
	size_t past_next;
};

/* discovery.c */

void discovery_take_answer(struct discovery *d, const struct answer *answer);
void discovery_catcher_message(void *context, uint8_t kind, uint64_t id, struct span body);
void discovery_catcher_closed(void *context);
void discovery_shooter_ready(void *context, unsigned events);
void discovery_connect_answer(void *context, const struct answer *answer);
void discovery_connects_done(void *context);

/* discovery_open.c */

/* Which addresses are for which leg, and where each begins. */
MUST_USE int discovery_find_legs(struct discovery *d, struct why *why);

/* Senders and rings, then the neighbours, then the processes: the first probe goes when the loop
 * has run for a while. What fails later ends the scan with d->error set. */
MUST_USE int discovery_open_raw(struct discovery *d, struct why *why);
void discovery_start_leg(struct discovery *d, enum discovery_leg leg);
