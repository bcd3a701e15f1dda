/*
 * neighbours.h - who is on the local link: ARP (RFC 826) and neighbour discovery (RFC 4861).
 */
#pragma once

#include "scan/packet_ring.h"
#include "scan/ways.h"
#include "scan/send/sender.h"

/* Addresses on local links that one scan resolves. */
#define NEIGHBOURS_MAX (1u << 20)

struct neighbour {
	struct address address;
	uint8_t mac[6];
	bool is_known;
};

/* Sorted by address; each is asked for up to three times. */
struct neighbours {
	struct neighbour *items;
	size_t count;
	size_t known;
	size_t capacity;
};

/* ERR_LIMIT. */
MUST_USE int neighbours_want(struct neighbours *n, const struct address *address);
void neighbours_done(struct neighbours *n);

/* Asks for all of the way's family that are not known; waits for answers, a second at most after
 * the last question. rate: questions a second. */
MUST_USE int neighbours_resolve(struct neighbours *n, const struct way *way, struct sender *sender,
				struct packet_ring *ring, unsigned rate, struct why *why);

/* NULL where it did not answer. */
const uint8_t *neighbours_mac(const struct neighbours *n, const struct address *address);
