/*
 * neighbours.h - who is on the local link: ARP (RFC 826) and neighbour discovery (RFC 4861).
 */
#pragma once

#include "scan/discovery/packet_ring.h"
#include "scan/discovery/ways.h"
#include "scan/send/sender.h"
#include "sys/loop.h"

/* Addresses on local links that one scan resolves. */
#define NEIGHBOURS_MAX (1u << 20)

struct neighbour {
	struct address address;
	const struct way *way; /* asked for there */
	uint8_t mac[6];
	bool is_known;
};

/* Sorted by address once they are searched for. */
struct neighbours {
	struct neighbour *items;
	size_t count;
	size_t known;
	size_t capacity;
};

/* ERR_LIMIT. The same address may be wanted again. */
MUST_USE int neighbours_want(struct neighbours *n, const struct address *address,
			     const struct way *way);
void neighbours_done(struct neighbours *n);

/* NULL where it did not answer. */
const uint8_t *neighbours_mac(const struct neighbours *n, const struct address *address);

/* A way whose questions go through a sender, and whose answers come from a ring (NULL where another
 * way of the same interface has it). */
struct neighbours_link {
	const struct way *way;
	struct sender *sender;
	struct packet_ring *ring;
};

struct neighbours_search;

/* Asks for all that are wanted, each up to three times and on its own link, and listens; rate:
 * questions a second. done is called from the loop, once, when all are known or the last question
 * is a little more than a second old; the search may then be freed. links are copied, what they
 * point to must outlive the search. */
MUST_USE int neighbours_search(struct loop *loop, struct neighbours *n,
			       const struct neighbours_link *links, size_t count, unsigned rate,
			       loop_callback *done, void *context, struct neighbours_search **out,
			       struct why *why);
void neighbours_search_free(struct neighbours_search **search);
