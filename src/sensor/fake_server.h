/*
 * fake_server.h - a server for tests: wire's guard in front of plain arrays, kept row by row.
 */
#pragma once

#include "wire/session.h"

struct fake_row {
	struct rowhash hash;
	uint8_t *bytes;
	size_t len;
};

/* What it holds of one table, and the batch that it is about to apply. */
struct fake_table {
	uint64_t seq;
	struct rowhash *held;
	size_t count;
	uint8_t *frame; /* of the batch in flight, kept until its rows are there */
	size_t frame_len;
};

/* An event that came, in the order of coming. */
struct fake_event {
	uint64_t epoch;
	uint64_t number;
	uint16_t event;
	int64_t at_ms;
	uint8_t *row;
	size_t row_len;
};

struct fake_server {
	struct session_guard guard;
	struct fake_table tables[MESSAGE_TABLES_MAX];
	struct fake_row *rows; /* all that were ever sent */
	size_t row_count;
	struct fake_event *events; /* none twice */
	size_t event_count;
	uint64_t events_epoch; /* counting goes on at events_next within it */
	uint64_t events_next;
	struct message_alive alive;                    /* the last one */
	uint8_t policy_told[MESSAGE_POLICY_DIGEST];    /* by the sensor, last */
	void (*say)(void *context, struct span frame); /* without its length */
	void *context;
	/* knobs */
	unsigned swallow_acks; /* apply, but do not say so, that many times */
	unsigned refuse;       /* that many batches, with this code */
	unsigned refuse_code;
	unsigned resyncs; /* ask for so many */
	unsigned swallow_event_acks;
	struct span policy; /* sent behind a welcome where the sensor has another one; borrowed */
	/* counts */
	unsigned batches;
	unsigned ranges;
	unsigned wants;
	unsigned disagreements;
	unsigned alives;
	unsigned event_messages;
	unsigned repeated_events;
	uint64_t missing_events; /* by their numbers */
	int error;               /* what the guard thinks of the sensor, 0 so far */
};

void fake_server_init(struct fake_server *s, void (*say)(void *context, struct span frame),
		      void *context);
void fake_server_done(struct fake_server *s);

/* The connection is new, what is held stays. */
void fake_server_reconnect(struct fake_server *s);

/* A frame, without its length, from the sensor. */
void fake_server_receive(struct fake_server *s, struct span frame);

/* Says a message of its own accord. */
void fake_server_say(struct fake_server *s, const struct message *m);

/* Sends what s->policy is now. */
void fake_server_send_policy(struct fake_server *s);

struct digest fake_server_digest(const struct fake_server *s, uint16_t table);

/* The bytes of a row that is held; empty where it is not. */
struct span fake_server_row(const struct fake_server *s, const struct rowhash *hash);
