/*
 * discovery.h - one scan from its first probe to its report: the processes that send and receive,
 * what they say, and when it is over.
 *
 * It always ends: after the last probe it waits a stated while for answers. Where packets are sent
 * raw it lowers its rate while the kernel drops answers; where they are not (this machine's own
 * addresses, or no right to), ordinary connections are made instead (connect_scan.h).
 */
#pragma once

#include "scan/discovery/estimate.h"
#include "scan/targets/ports.h"
#include "scan/discovery/results.h"
#include "scan/targets/targets.h"
#include "scan/send/sender.h"
#include "sys/loop.h"

#define DISCOVERY_KEY_SIZE 24 /* the cookies' key, the order's seed */

/* Parts of a scan that are visited one after the other, each with a position of its own. */
enum discovery_leg { LEG_RAW = 0, LEG_CONNECT = 1, DISCOVERY_LEGS = 2 };

struct discovery_plan {
	const struct targets *targets; /* settled, nothing in it that must not be scanned */
	const struct ports *ports;
	uint64_t rate;   /* probes a second */
	unsigned passes; /* 1 to 3 probes of each target */
	uint64_t shard;  /* from 0 */
	uint64_t shard_count;
	int64_t wait_ms;       /* after the last probe */
	const char *interface; /* NULL: as the routes say */
	enum sender_kind sender;
	bool is_connect_only;           /* no raw packets at all */
	bool is_without_anonymous_asks; /* no question with a word that is everybody's */
	bool is_third_pass_allowed;     /* where the estimate says that too much was missed */
	const struct contact *contact;  /* must outlive it */
	uint8_t key[DISCOVERY_KEY_SIZE];
	uint64_t positions[DISCOVERY_LEGS]; /* where to begin */
};

/* Text within it is valid until the handler returns. */
struct discovery_progress {
	uint64_t total; /* probes of all legs and passes */
	uint64_t done;
	uint64_t sent;
	uint64_t refused; /* by the kernel, before the wire */
	uint64_t skipped; /* neighbours that are not there */
	uint64_t answers;
	uint64_t duplicates;
	uint64_t foreign;
	uint64_t ring_drops;
	uint64_t kernel_drops; /* of the interfaces and of the processors' queues */
	uint64_t rate;         /* now */
	int64_t elapsed_ms;
	int64_t left_ms;    /* -1: not known yet */
	bool is_waiting;    /* all is sent */
	bool is_resolving;  /* neighbours and gateways are asked for, nothing is sent yet */
	bool is_link_down;  /* the sender waits for it to come up again */
	const char *fallen; /* as sender_fallen(): the sender fell to a worse rung; valid within the
			       event */
};

#define DISCOVERY_NOTE_SIZE 256

struct discovery_report {
	struct discovery_progress progress;
	struct estimate estimate;
	unsigned passes;                       /* that were made */
	uint64_t unreachable;                  /* addresses without a way to them */
	uint64_t nobodys;                      /* networks' own and broadcast addresses */
	uint64_t local;                        /* addresses that were connected to instead */
	const char *sender;                    /* the rung, at the end; "connect" where none */
	const char *sender_detail;             /* how it did it here; "" */
	char engine_note[DISCOVERY_NOTE_SIZE]; /* why not a better one; "" */
	char fallen[DISCOVERY_NOTE_SIZE];      /* a rung that failed while sending; "" */
	char note[DISCOVERY_NOTE_SIZE]; /* what else did not go well: a gateway, a link; "" */
	int error;                      /* it could not begin after all, and reason says why */
	char reason[DISCOVERY_NOTE_SIZE];
	int64_t sending_ms;
	bool is_complete;
	uint64_t positions[DISCOVERY_LEGS];
};

struct discovery_events {
	/* A row is new or says more than before. */
	void (*row)(void *context, const struct result *row, struct span payload);
	/* Each second. */
	void (*progress)(void *context, const struct discovery_progress *progress);
	void (*done)(void *context, const struct discovery_report *report);
};

struct discovery;

/* results: where rows are gathered, maybe with those of an earlier run; the caller's. The plan and
 * what it points to must outlive the scan. ERR_DENIED: no raw packets for this user (say
 * is_connect_only, or get CAP_NET_RAW). Returns at once: neighbours and gateways are asked for on
 * the loop, and what then is in the way (a gateway that does not answer) is the report's error. */
MUST_USE int discovery_start(struct loop *loop, const struct discovery_plan *plan,
			     struct results *results, const struct discovery_events *events,
			     void *context, struct discovery **out, struct why *why);
void discovery_free(struct discovery **discovery);

/* Sends nothing more, waits for what is under way, and ends. */
void discovery_stop(struct discovery *discovery);

/* Where a resumed scan must begin so that nothing is left out, even if this one dies now: what was
 * sent so long ago that its answers have come. */
void discovery_safe_positions(const struct discovery *discovery, uint64_t out[DISCOVERY_LEGS]);
