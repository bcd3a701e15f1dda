/*
 * ways.h - which way each address is reached: interface, gateway or neighbour, our address there.
 *
 * Ranges are cut where the kernel's routes and rules begin and end, and at the prefixes of this
 * machine's own links; then the kernel is asked for each piece's first address, whose way is that
 * of all of the piece.
 */
#pragma once

#include <net/if.h>

#include "scan/targets/targets.h"

#define WAYS_MAX 64

struct way {
	char interface[IF_NAMESIZE];
	unsigned index;
	bool is_v6;
	bool is_ethernet;
	bool is_neighbours;     /* each address has a MAC of its own */
	struct address gateway; /* where not */
	bool is_dead;           /* the gateway does not answer; set by who asked it */
	struct address source;
	uint8_t mac[6]; /* ours */
};

struct way_piece {
	struct address first;
	struct address last;
	unsigned way;
};

struct ways {
	struct way items[WAYS_MAX];
	size_t count;
	struct way_piece *pieces; /* sorted, disjoint */
	size_t piece_count;
	size_t piece_capacity;
	struct targets *local;       /* this machine's own addresses, and what is routed to it */
	struct targets *unreachable; /* no route */
	struct targets *nobodys;     /* no host's: a network's own and broadcast addresses */
};

/* interface: what routes lead elsewhere is then unreachable; NULL: any. ERR_LIMIT: too many ways,
 * or routes. */
MUST_USE int ways_find(const struct targets *targets, const char *interface, struct ways *out,
		       struct why *why);
void ways_done(struct ways *ways);

/* The way of an address that is in a piece; NULL for others. */
const struct way *ways_of(const struct ways *ways, const struct address *address);
