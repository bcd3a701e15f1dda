/*
 * event_sender.h - takes events from the ring to the server, in bulk.
 *
 * The first after a quiet moment goes at once; what follows is gathered for a tenth of a second, so
 * that a thousand a second cost ten messages. One message is in flight; until it is acknowledged
 * its events stay in the ring.
 */
#pragma once

#include "sensor/events.h"
#include "sensor/ring.h"
#include "base/attr.h"
#include "sys/buffer.h"
#include "wire/session.h"

/* A little less than what the sources gather for, so that what they just took goes along. */
#define EVENT_SENDER_PAUSE_MS  90
#define EVENT_SENDER_BYTES_MAX (256u << 10)

/* Fields are private to event_sender.c. */
struct event_sender {
	struct ring *ring;
	struct event_sink *sink;
	int64_t not_before_ms;
};

/* Both are borrowed. */
void event_sender_init(struct event_sender *sender, struct ring *ring, struct event_sink *sink);

/* When there is something to send; INT64_MAX while there is not. */
int64_t event_sender_due(const struct event_sender *sender, const struct session *session);

/* Writes the oldest events as a frame into out, which is empty; leaves it so where there are none.
 * ERR_AGAIN, ERR_FULL as session_events. */
MUST_USE int event_sender_write(struct event_sender *sender, struct session *session,
				int64_t now_ms, struct buffer *out);

/* The server has them. */
void event_sender_acknowledged(struct event_sender *sender);
