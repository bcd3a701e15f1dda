/*
 * thrift.h - what this sensor may cost: processor time, bytes on the wire, and how much of both it
 * has used. It only ever holds walks back; what happened is never dropped for it.
 */
#pragma once

#include "agent/budget.h"
#include "agent/health.h"
#include "schema/schema.h"
#include "wire/policy.h"

/* Of one core, where the policy does not say. */
#define THRIFT_CPU_PERMILLE 20

/* Processor time that was not used is saved, up to what is had in so long: a burst of changes is
 * told at once. */
#define THRIFT_CPU_SAVED_MS 300000

/* So many times what its last walk cost must be left for a table to be read: one that costs much
 * waits before those that cost little. */
#define THRIFT_CPU_TIMES 4

/* However much was spent: a table that may have changed waits no longer than this. */
#define THRIFT_WAIT_MAX_MS 30000

/* Load is looked at so often while there is something to do. */
#define THRIFT_LOAD_MS 5000

struct thrift_table {
	int64_t cost_us;  /* of its walks */
	int64_t waits_ms; /* since when it waits for processor time; 0: it does not */
};

struct thrift {
	int64_t cpu_permille;
	int64_t cpu_left_us; /* less than nothing where more was used than was saved */
	int64_t cpu_at_ms;
	struct budget bytes; /* in a day */
	uint64_t own_us;     /* as counted last */
	uint64_t other_us;
	bool is_told;          /* the first reading of all tables is not held back */
	int64_t cpu_waited_ms; /* when something waited last; 0: never */
	int64_t bytes_waited_ms;
	int64_t load_looked_ms;
	bool is_busy;
	struct thrift_table tables[SCHEMA_TABLES_MAX];
};

void thrift_init(struct thrift *t, const struct policy *policy, int64_t now_ms);
void thrift_apply_policy(struct thrift *t, const struct policy *policy);

/* Everything was told once: from here on budgets hold. */
void thrift_hold(struct thrift *t);

/* What was used: by this process and by the other one, each as its total so far; and sent. */
void thrift_note_cpu(struct thrift *t, uint64_t own_us, int64_t now_ms);
void thrift_note_other_cpu(struct thrift *t, uint64_t other_us, int64_t now_ms);
void thrift_note_sent(struct thrift *t, uint64_t bytes, int64_t now_ms);

/* From when on a table may be read; now_ms where that is now. */
int64_t thrift_walk_at(struct thrift *t, uint16_t table, int64_t now_ms);

/* It was read, for so much. */
void thrift_note_walk(struct thrift *t, uint16_t table, int64_t cost_us);

/* Whether others need the machine more; *out_is_changed where that is news. */
bool thrift_is_busy(struct thrift *t, int64_t now_ms, bool *out_is_changed);

/* Says in health what is held back. */
void thrift_tell(const struct thrift *t, struct health *health, int64_t now_ms);
