/*
 * finder.h - the process that finds hosts and ports: raw packets where it may, connections else.
 *
 * It is told what to scan, scans one thing at a time (scan/discovery/discovery.h) and says what
 * answered. It has raw sockets and no files; what strangers send is parsed by a child of its own
 * that has nothing at all (scan/discovery/catcher.h). It takes away what is never scanned once more
 * by itself.
 */
#pragma once

#include "scan/discovery/discovery.h"
#include "sys/buffer.h"

/* On its line; ids are the observer's numbers of what is scanned. */
enum finder_message {
	FINDER_SCAN = 1, /* a struct finder_scan; what was scanned before is given up */
	FINDER_STOP,     /* send nothing more, wait for answers, say FINDER_DONE */
	FINDER_GIVE_UP,  /* at once, and say nothing */
	FINDER_ROW,      /* a packed struct result, then the answer of UDP as it came */
	FINDER_PROGRESS, /* a struct finder_progress: where to begin after a crash */
	FINDER_DONE,     /* a struct finder_progress */
	FINDER_FAILED,   /* text for people */
};

/* Ranges that one scan may have: an opt-out list cuts prefixes into them. */
#define FINDER_RANGES_MAX 65536
#define FINDER_PORTS_MAX  262144 /* octets of the text */

struct finder_scan {
	const struct targets *targets;
	const char *ports; /* as scan/targets/ports.h reads them */
	uint64_t rate;
	unsigned passes;
	uint8_t key[DISCOVERY_KEY_SIZE];
	uint64_t positions[DISCOVERY_LEGS];
};

struct finder_progress {
	uint64_t positions[DISCOVERY_LEGS];
	uint64_t sent;
	uint64_t ring_drops;
	uint64_t unreachable;   /* addresses without a way to them: not scanned */
	uint32_t loss_permille; /* UINT32_MAX: not known */
	bool is_complete;
	bool is_raw;
};

#define FINDER_PROGRESS_SIZE (8 * DISCOVERY_LEGS + 8 + 8 + 8 + 4 + 2)

/* ERR_LIMIT where the targets have too many ranges. */
MUST_USE int finder_scan_write(const struct finder_scan *scan, struct buffer *out);
MUST_USE int finder_progress_read(struct span body, struct finder_progress *out);

/* Forks it; contact: who scans, told in probes. */
MUST_USE int finder_start(const char *contact, int *out_line, struct why *why);

/* Adds to a settled set what no scanner that a server asks may scan: targets_never() and loopback.
 */
struct targets *finder_never(void);
