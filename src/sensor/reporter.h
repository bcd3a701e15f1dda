/*
 * reporter.h - keeps the server's copy of every table equal to the machine's.
 *
 * Told what may have changed and what the server said, it decides what to read and what to send:
 * the sensor's session (wire/session.h), a ledger a table, and when each is due. It does no I/O and
 * has no clock: reading and sending are its hooks, time is an argument. What it holds in memory at
 * a time is bounded.
 */
#pragma once

#include "sensor/ledger.h"
#include "sensor/link.h"
#include "base/attr.h"
#include "base/span.h"

struct event_sender;
struct reporter;

/* Takes one row's canonical bytes during a walk. */
typedef void row_taker(void *context, struct span row);

struct reporter_hooks {
	/* Walks a table as it is now. A negative error: it cannot be read, nothing is concluded. */
	int (*collect)(void *context, uint16_t table, row_taker *take, void *take_context);

	/* The same of what has changed since the table was collected last, whole or so: gone gets
	 * the rows that are not there any more, before take gets those that came. ERR_UNSUPPORTED:
	 * it is to be collected whole. May be NULL. */
	int (*collect_changes)(void *context, uint16_t table, row_taker *gone, row_taker *take,
			       void *take_context);

	/* A whole frame for the server. An error ends the connection. */
	int (*send)(void *context, struct span frame);

	/* True where sending should wait; reporter_turn is called when it need not any more. */
	bool (*is_congested)(void *context);

	/* The connection is to be ended, and why. */
	void (*end)(void *context, const struct link_end *end);

	/* The server acknowledged something: the ledgers are not what they were. */
	void (*acknowledged)(void *context);

	/* A policy is to be in force. An error: it cannot be read, the old one stays. May be NULL:
	 * there are none then. */
	int (*policy)(void *context, struct span digest, struct span bytes);

	/* From when on the budget lets the table be read: now_ms where that is now. May be NULL. */
	int64_t (*walk_at)(void *context, uint16_t table, int64_t now_ms);

	/* False while a table cannot be told whole yet: it stays due. NULL: all can. */
	bool (*is_ready)(void *context, uint16_t table);
};

/* tables: their numbers, none twice, at most MESSAGE_TABLES_MAX; version is borrowed. */
struct reporter *reporter_new(const uint16_t *tables, size_t count, struct span version,
			      const struct reporter_hooks *hooks, void *context);
void reporter_free(struct reporter **reporter);

/* What the sensor says it is; "agent" unless it is set before the first hello. Borrowed. */
void reporter_set_kind(struct reporter *reporter, const char *kind);

/* One a table, in the order given. */
struct ledger *reporter_ledgers(struct reporter *reporter, size_t *out_count);

/* Where events come from; borrowed. NULL, as at first: from nowhere. */
void reporter_set_events(struct reporter *reporter, struct event_sender *events);

/* The policy in force, by its digest: hello and alive say so. */
void reporter_set_policy(struct reporter *reporter, const uint8_t *digest);

/* is_off: the table is not read, and what was told of it stays. period_ms: as
 * schedule_set_period. */
void reporter_set_table(struct reporter *reporter, uint16_t table, bool is_off, int64_t period_ms);

/* Whether others need the machine more. */
void reporter_set_patient(struct reporter *reporter, bool is_patient);

/* The table may have changed; 0 stands for all of them. */
void reporter_signal(struct reporter *reporter, uint16_t table, int64_t now_ms);

/* A connection is there: hello goes out. */
void reporter_connected(struct reporter *reporter, int64_t now_ms);
void reporter_disconnected(struct reporter *reporter);

/* A frame came from the server. */
void reporter_receive(struct reporter *reporter, struct span frame, int64_t now_ms);

/* Does what is due, at most one walk. Returns when there is something to do again unless something
 * comes before; INT64_MAX for never. */
int64_t reporter_turn(struct reporter *reporter, int64_t now_ms);

/* True once every table has been told to the server, whole, since the start. */
bool reporter_is_settled(const struct reporter *reporter);

/* The name of a table that the server refused for good, or NULL. */
const char *reporter_refused(const struct reporter *reporter);

/* Counts up with everything that was sent, received or read: for noticing that nothing moves. */
uint64_t reporter_progress(const struct reporter *reporter);
