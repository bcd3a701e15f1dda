/*
 * packet_ring.h - packets of one interface from the kernel, without a copy: AF_PACKET, TPACKET_V3.
 *
 * A filter in the kernel lets only what may answer a probe into the ring. What did not fit is
 * counted by the kernel and asked for here: never unseen.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

struct packet_ring;

/* link_size: 14 or 0. size_bytes is rounded to blocks. ERR_DENIED without CAP_NET_RAW. */
MUST_USE int packet_ring_open(unsigned interface_index, size_t link_size, size_t size_bytes,
			      struct packet_ring **out, struct why *why);
void packet_ring_close(struct packet_ring **ring);

/* Becomes readable when a block is full or a few milliseconds old. */
int packet_ring_fd(const struct packet_ring *ring);

/* Calls handler for each packet that is there, at most one block of them; returns how many. The
 * bytes are the ring's until the handler returns. */
size_t packet_ring_read(struct packet_ring *ring, void (*handler)(void *context, struct span frame),
			void *context);

struct packet_ring_stats {
	uint64_t packets; /* that passed the filter */
	uint64_t drops;   /* of those, that found no room */
};

/* Since the ring was opened. */
void packet_ring_stats(struct packet_ring *ring, struct packet_ring_stats *out);
