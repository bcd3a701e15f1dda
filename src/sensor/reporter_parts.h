/*
 * reporter_parts.h - what reporter.c and reporter_receive.c share; nobody else includes it.
 */
#pragma once

#include "sensor/difference.h"
#include "sensor/event_sender.h"
#include "sensor/reporter.h"
#include "sensor/schedule.h"
#include "wire/session.h"

#define REPORTER_RETRY_LONGEST_MS 60000

struct report {
	struct ledger *ledger;
	struct schedule schedule;
	struct difference
		difference; /* in flight, or not known to have arrived when the connection went */
	bool is_in_flight;
	bool is_held;    /* difference holds something */
	bool is_exact;   /* the ledger is all that was collected: changes are enough */
	bool is_ranging; /* the table goes out whole, in ranges */
	struct rowhash range_low;
	size_t wanted; /* rows that the server asked for and were not sent yet */
	bool is_settled;
	bool is_refused;
	bool is_off;
	unsigned failures; /* resyncs, refusals, failed reads in a row */
};

struct reporter {
	struct session session;
	struct ledger ledgers[MESSAGE_TABLES_MAX];
	struct report reports[MESSAGE_TABLES_MAX];
	size_t count;
	size_t turn; /* of the tables: where looking for one that is due begins */
	struct event_sender *events;
	int64_t hello_at_ms;
	int64_t last_sent_ms;
	uint64_t progress;
	struct reporter_hooks hooks;
	void *context;
};

/* NULL where it is not one of ours. */
struct report *reporter_find(struct reporter *r, uint16_t table);

/* For people. */
const char *reporter_name_of(const struct report *t);

/* The difference is nothing any more: applied, or not to be sent. */
void reporter_drop(struct report *t);

/* After so many failures in a row. */
int64_t reporter_growing_pause(unsigned times);

/* The connection is not to be used any more. */
void reporter_end(struct reporter *r, enum link_end_code code, uint64_t retry_ms, struct span text);

void reporter_say_alive(struct reporter *r, int64_t now_ms);
