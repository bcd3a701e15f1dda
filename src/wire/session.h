/*
 * session.h - the protocol's state machines, one for each side, without I/O.
 *
 * A connection begins with hello and welcome; then, for each table on its own, at most one
 * batch is in flight: batch, perhaps want and rows, then ack, resync or refuse.
 * What breaks that order is an error and ends the connection.
 */
#pragma once

#include "wire/message.h"

enum session_state {
	SESSION_CLOSED,  /* no connection, or it was ended */
	SESSION_GREETED, /* hello was sent, welcome is awaited */
	SESSION_OPEN,
};

/* What the sensor knows of the server's side of one table. */
struct session_table {
	uint16_t number;
	bool is_in_flight;
	uint64_t seq; /* the last one applied there; in flight is seq + 1 */
	/* As of the welcome; not kept afterwards. */
	uint64_t count;
	struct digest digest;
};

/* The sensor's side. */
struct session {
	enum session_state state;
	struct span kind;
	struct span version;
	uint32_t alive_s;
	uint8_t policy[MESSAGE_POLICY_DIGEST]; /* of the policy in force here; all 0: none */
	bool is_events_in_flight;
	uint64_t events_epoch; /* of those in flight */
	uint64_t events_next;  /* the number behind the last one in flight */
	struct session_table tables[MESSAGE_TABLES_MAX];
	size_t table_count;
};

/* kind and version are borrowed for as long as the session lives. tables: numbers of those the
 * sensor speaks of. */
void session_init(struct session *s, struct span kind, struct span version, const uint16_t *tables,
		  size_t table_count);

/* Writes the hello of a new connection (or after a restart message). */
void session_hello(struct session *s, int64_t clock_ms, struct writer *out);

/* A frame came from the server. On 0 the session has followed it and *out says what to act on:
 * WELCOME (compare every table), WANT (send rows), ACK, RESYNC (send ranges), REFUSE,
 * EVENTS_ACK, POLICY (make it the one in force, then session_set_policy), GOODBYE (the connection
 * ends), RESTART (say hello again). ERR_* ends the connection. */
MUST_USE int session_receive(struct session *s, struct span frame, struct message *out);

/* Writes a batch: fills its seq in and marks its table as in flight. ERR_AGAIN where one is in
 * flight already or the session is not open, ERR_NOT_FOUND for a table that hello did not name,
 * ERR_FULL. */
MUST_USE int session_batch(struct session *s, struct message_batch *batch, struct writer *out);

/* Writes rows for the batch in flight. ERR_AGAIN where none is, ERR_FULL. */
MUST_USE int session_rows(struct session *s, uint16_t table, struct row_list rows,
			  struct writer *out);

/* Writes events, numbered from first. At most one such message is in flight; it is acknowledged
 * whole or, by the end of the connection, not at all. ERR_AGAIN where one is in flight already or
 * the session is not open, ERR_FULL. */
MUST_USE int session_events(struct session *s, uint64_t epoch, uint64_t first,
			    struct event_list events, struct writer *out);

/* The policy of this digest is in force from now on: hello and alive say so. */
void session_set_policy(struct session *s, const uint8_t digest[MESSAGE_POLICY_DIGEST]);

/* silent_s, busy_table: message_alive. */
void session_alive(struct session *s, int64_t clock_ms, uint32_t silent_s, uint16_t busy_table,
		   struct writer *out);

/* The connection is gone: nothing is in flight any more. */
void session_close(struct session *s);

/* NULL where hello does not name it. */
struct session_table *session_table(struct session *s, uint16_t number);

/* The server's side: whether what a sensor sends is in order. It judges form and order only;
 * what the batches say is the inventory's business. */
struct session_guard {
	bool is_open;       /* hello came */
	bool is_restarting; /* a restart was sent: what is on its way is dropped until hello */
	bool is_policed;    /* hello bore a policy's digest: it may be sent policies, and may send
				events */
	bool is_events_in_flight;
	bool is_named[MESSAGE_TABLES_MAX]; /* by table number */
	bool is_in_flight[MESSAGE_TABLES_MAX];
	bool is_wanted[MESSAGE_TABLES_MAX];
};

void session_guard_init(struct session_guard *g);

/* A frame came from the sensor; *out is what it says. ERR_MALFORMED, ERR_LIMIT, ERR_UNSUPPORTED for
 * its form, ERR_CONFLICT for its order: the connection is then ended with GOODBYE_PROTOCOL.
 * ERR_AGAIN for a frame that was on its way when a restart was sent: drop it. */
MUST_USE int session_guard_receive(struct session_guard *g, struct span frame, struct message *out);

/* A frame goes to the sensor (one of ours, so it is well-formed): the guard follows it. */
void session_guard_sent(struct session_guard *g, const struct message *message);
