/*
 * channel.h - messages over a local stream socket between our own processes.
 *
 * A message is a kind, a 64-bit id and a body: on the socket u32 length (of what follows),
 * u8 kind, u64 id, body, big endian. Bodies are bounded, the send queue too: when
 * it is full, channel_send says so and the sender must wait for the drained callback.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/loop.h"

#define CHANNEL_BODY_MAX (4u << 20)

struct channel;

struct channel_handler {
	/* body is valid during the call only. */
	void (*message)(void *context, uint8_t kind, uint64_t id, struct span body);
	/* The queue, which had been over half its maximum, is under a quarter. May be NULL. */
	void (*drained)(void *context);
	/* The other side is gone or sent nonsense; called once; the channel is then dead and
	 * the owner frees it. */
	void (*closed)(void *context);
};

/* Takes the descriptor over. queue_max: bytes that may wait to be sent. Handlers run from the loop
 * only, never within a call of these functions. */
struct channel *channel_new(struct loop *loop, int fd, size_t queue_max,
			    const struct channel_handler *handler, void *context);

/* What is queued is offered to the socket once more. Safe within handlers. */
void channel_free(struct channel **channel);

/* ERR_FULL where the queue is at its maximum (nothing was sent), ERR_LIMIT for a body over
 * CHANNEL_BODY_MAX or one that no empty queue could hold, ERR_CLOSED. Several sends in one turn of
 * the loop go out in one write. */
MUST_USE int channel_send(struct channel *channel, uint8_t kind, uint64_t id, struct span body);

/* Offers what is queued to the socket now, for a sender that may not come back to its loop soon. */
void channel_flush(struct channel *channel);

/* True from half the queue's maximum until it drained. */
bool channel_is_congested(const struct channel *channel);

/* Stops reading until resumed: how back-pressure travels upstream. That the other side is gone is
 * learnt behind all that it sent, so after the resumption. */
void channel_pause(struct channel *channel);
void channel_resume(struct channel *channel);
