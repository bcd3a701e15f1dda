/* event_sender.c - from the ring into a message. */
#include "sensor/event_sender.h"

#include "base/error.h"

/* Room in a frame for all that is not an event. */
#define FRAME_SPARE 64

void event_sender_init(struct event_sender *s, struct ring *ring, struct event_sink *sink)
{
	*s = (struct event_sender){ .ring = ring, .sink = sink };
}

int64_t event_sender_due(const struct event_sender *s, const struct session *session)
{
	if (session->state != SESSION_OPEN || session->is_events_in_flight ||
	    ring_waiting(s->ring) == 0) {
		return INT64_MAX;
	}
	return s->not_before_ms;
}

int event_sender_write(struct event_sender *s, struct session *session, int64_t now_ms,
		       struct buffer *out)
{
	struct buffer events OWNED(buffer_done);
	struct ring_run run;
	struct event_list list;
	struct writer w;
	uint8_t *at;
	int error;

	buffer_init(&events, EVENT_SENDER_BYTES_MAX);
	event_sink_write(s->sink, now_ms); /* on disk before it is on the wire */
	if (!ring_peek(s->ring, MESSAGE_EVENTS_MAX, &events, &run)) {
		return 0;
	}
	list = (struct event_list){ .bytes = buffer_span(&events), .count = run.count };
	at = buffer_reserve(out, list.bytes.len + FRAME_SPARE);
	if (at == NULL) {
		return ERR_FULL;
	}
	w = writer_over(at, list.bytes.len + FRAME_SPARE);
	error = session_events(session, run.epoch, run.first, list, &w);
	if (error != 0) {
		return error;
	}
	buffer_grow(out, writer_used(&w));
	s->not_before_ms = now_ms + EVENT_SENDER_PAUSE_MS;
	return 0;
}

void event_sender_acknowledged(struct event_sender *s)
{
	ring_acknowledge(s->ring);
}
