/*
 * message.h - every message of the protocol, as structs over borrowed bytes.
 *
 * docs/protocol.cddl describes them; docs/protocol.md tells the story. A message is a CBOR array
 * whose first item is its kind. Items behind those that are known are ignored,
 * so that a later minor version can append.
 */
#pragma once

#include "base/attr.h"
#include "base/rowhash.h"
#include "base/span.h"
#include "base/writer.h"
#include "wire/frame.h"

/* The protocol, also its ALPN name (RFC 7301). */
#define MESSAGE_PROTOCOL 1
#define MESSAGE_ALPN     "bartizan/1"

/* Most hashes in one list, most rows in one frame, longest text for people. */
#define MESSAGE_HASHES_MAX 16384
#define MESSAGE_ROWS_MAX   4096
#define MESSAGE_TEXT_MAX   512
#define MESSAGE_EVENTS_MAX 4096

/* A policy's bytes (wire/policy.h), and the digest that names one: the first 128 bits of SHA-256.
 */
#define MESSAGE_POLICY_MAX    65536
#define MESSAGE_POLICY_DIGEST 16

/* The most tables a hello or welcome may name. */
#define MESSAGE_TABLES_MAX 64

enum message_kind {
	/* sensor to server */
	MESSAGE_HELLO = 1,
	MESSAGE_BATCH = 2,
	MESSAGE_ROWS = 3,
	MESSAGE_ALIVE = 4,
	MESSAGE_EVENTS = 5,
	/* server to sensor */
	MESSAGE_WELCOME = 16,
	MESSAGE_WANT = 17,
	MESSAGE_ACK = 18,
	MESSAGE_RESYNC = 19,
	MESSAGE_REFUSE = 20,
	MESSAGE_GOODBYE = 21,
	MESSAGE_RESTART = 22,
	MESSAGE_POLICY = 23,
	MESSAGE_EVENTS_ACK = 24,
};

/* Hashes end to end, 16 bytes each, in one byte string. */
struct hash_list {
	struct span bytes;
};
size_t hash_list_count(struct hash_list list);
struct rowhash hash_list_at(struct hash_list list, size_t index);

/* Rows in their canonical bytes, each a byte string of a CBOR array; walk with row_list_over. */
struct row_list {
	struct span bytes; /* the items, without the array's head */
	size_t count;
};

/* Takes the next row's bytes from the list; false at the end. */
bool row_list_take(struct row_list *list, struct span *out_row);

/* Something that happened. number rises by one an event; event is a number of schema_events. */
struct message_event {
	uint16_t event;
	int64_t at_ms;   /* by the sensor's clock */
	struct span row; /* its columns, in canonical bytes (wire/row.h) */
};

/* Events end to end, each a CBOR array; walk with event_list_take. */
struct event_list {
	struct span bytes;
	size_t count;
};

/* Takes the next event from the list; false at the end. */
bool event_list_take(struct event_list *list, struct message_event *out);

/* For building an event_list: appends one to a writer over the caller's memory. */
void event_list_append(struct writer *events, const struct message_event *event);

/* "I am here, and these are the tables that I speak of." First on every connection. */
struct message_hello {
	uint64_t protocol;
	struct span kind;    /* "agent" */
	struct span version; /* of the sensor's software */
	int64_t clock_ms;    /* the sensor's wall clock */
	uint16_t tables[MESSAGE_TABLES_MAX];
	size_t table_count;
	/* The digest of the policy in force there: MESSAGE_POLICY_DIGEST bytes, all 0 where it has
	 * none; empty: this sensor knows no policies and no events, and is not sent any. */
	struct span policy;
};

enum batch_mode {
	BATCH_DELTA = 0, /* removes and adds against what was acknowledged */
	BATCH_RANGE = 1, /* adds are all rows whose hash lies within low..high, both included */
};

/* "This table has changed", one table a batch. seq rises by one a table and is never
 * reused once acknowledged. digest: of the whole table when this batch is applied; none where
 * further ranges follow. rows: the rows of some of the adds, where the sensor thinks that the
 * server lacks them. */
struct message_batch {
	uint16_t table;
	uint64_t seq;
	int64_t observed_ms; /* by the sensor's clock */
	enum batch_mode mode;
	bool has_digest;
	struct digest digest;
	struct hash_list removes; /* BATCH_DELTA */
	struct rowhash low;       /* BATCH_RANGE */
	struct rowhash high;
	struct hash_list adds; /* BATCH_RANGE: rising */
	struct row_list rows;
};

/* The rows that a want asked for, in any order, over one or several messages. */
struct message_rows {
	uint16_t table;
	uint64_t seq;
	struct row_list rows;
};

/* policy: as in hello. silent_s: for how long the part of the sensor that reads the machine has not
 * moved; busy_table: what it was reading then, or 0. */
struct message_alive {
	int64_t clock_ms;
	struct span policy;
	uint32_t silent_s;
	uint16_t busy_table;
};

/* Events, numbered without gaps from first. epoch: drawn at random when the sensor began to count;
 * with another one, counting starts anew, from 0. Where first is not the number that was to come
 * next, those between are lost. */
struct message_events {
	uint64_t epoch;
	uint64_t first;
	struct event_list events;
};

/* All events below next are committed, durably. */
struct message_events_ack {
	uint64_t epoch;
	uint64_t next;
};

/* What to watch from now on, and at what cost: the whole of it, in place of the one before. A
 * sensor that cannot read it keeps the one it has. */
struct message_policy {
	struct span digest; /* MESSAGE_POLICY_DIGEST bytes */
	struct span bytes;  /* wire/policy.h */
};

/* What the server holds of this sensor's asset. */
struct message_welcome_table {
	uint16_t table;
	uint64_t seq; /* the last one applied */
	uint64_t count;
	struct digest digest;
};

struct message_welcome {
	uint64_t protocol;
	int64_t clock_ms;
	uint32_t alive_s; /* say alive after so long without sending anything */
	struct message_welcome_table tables[MESSAGE_TABLES_MAX];
	size_t table_count;
};

/* "Of that batch's adds I do not hold these." */
struct message_want {
	uint16_t table;
	uint64_t seq;
	struct hash_list hashes;
};

/* The batch is committed, durably. */
struct message_ack {
	uint16_t table;
	uint64_t seq;
};

/* The batch was not applied; send the table in ranges, from seq on. */
struct message_resync {
	uint16_t table;
	uint64_t seq; /* to use next */
	struct span reason;
};

enum refuse_code {
	REFUSE_TABLE = 1, /* unknown table */
	REFUSE_ROW = 2,   /* a row that does not follow the schema, or is too big */
	REFUSE_LIMIT = 3, /* too many rows */
	REFUSE_BUSY = 4,  /* the disk is full, or the like: try again later */
};

/* The batch will not be applied as it is; seq stays unused. */
struct message_refuse {
	uint16_t table;
	uint64_t seq;
	uint64_t code;
	struct span text;
};

enum goodbye_code {
	GOODBYE_RESTART = 1,  /* the server restarts or sheds load: come back after retry_ms */
	GOODBYE_REVOKED = 2,  /* this sensor's certificate is not accepted any more */
	GOODBYE_PROTOCOL = 3, /* what was sent is not the protocol */
	GOODBYE_REPLACED = 4, /* the same sensor connected anew */
	GOODBYE_VERSION = 5,  /* no common protocol version */
};

struct message_goodbye {
	uint64_t code;
	struct span text;
	uint64_t retry_ms;
};

/* The server lost its session, not its data: say hello again after delay_ms. */
struct message_restart {
	uint64_t delay_ms;
};

struct message {
	enum message_kind kind;
	union {
		struct message_hello hello;
		struct message_batch batch;
		struct message_rows rows;
		struct message_alive alive;
		struct message_welcome welcome;
		struct message_want want;
		struct message_ack ack;
		struct message_resync resync;
		struct message_refuse refuse;
		struct message_goodbye goodbye;
		struct message_restart restart;
		struct message_events events;
		struct message_events_ack events_ack;
		struct message_policy policy;
	};
};

/* Reads one frame's bytes. ERR_MALFORMED, ERR_LIMIT, ERR_UNSUPPORTED (an unknown kind). */
MUST_USE int message_decode(struct span frame, struct message *out);

/* Writes a message as a whole frame, length included; the writer fails where it has no room. The
 * rows of a batch or rows message are written from its row_list as they are. */
void message_encode(const struct message *message, struct writer *out);

/* For building a row_list: appends one row to a writer over the caller's memory. */
void row_list_append(struct writer *rows, struct span row);
