/*
 * schedule.h - when a table that may have changed is read again.
 *
 * After 10 ms of quiet, at most 100 ms after the first signal, and so seldom that reading costs at
 * most a twentieth of a core however often the signals come. Pure: times are the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_QUIET_MS   10
#define SCHEDULE_LATEST_MS  100
#define SCHEDULE_COST_TIMES 20

/* Never waits longer than this for its budget: a table that costs more is read this often. */
#define SCHEDULE_PAUSE_MAX_MS 30000

/* Quiet is waited for so much longer where the machine is busy. */
#define SCHEDULE_PATIENCE 5

/* No time at all. */
#define SCHEDULE_NEVER INT64_MAX

struct schedule {
	bool is_dirty;
	int64_t first_signal_ms;
	int64_t last_signal_ms;
	int64_t not_before_ms;
	int64_t done_ms;   /* when it was read last; 0: never */
	int64_t period_ms; /* at most one reading in so long; 0: unset */
	bool is_patient;   /* the machine is busy */
};

/* The table may have changed. */
void schedule_signal(struct schedule *s, int64_t now_ms);

/* When it should be read; SCHEDULE_NEVER where it is not dirty. */
int64_t schedule_due(const struct schedule *s);

/* It is read now: signals from here on count anew. */
void schedule_start(struct schedule *s);

/* It was read, at this cost of CPU time. */
void schedule_done(struct schedule *s, int64_t now_ms, int64_t cost_us);

/* Not before this time, whatever comes. */
void schedule_pause(struct schedule *s, int64_t until_ms);

/* At most one reading in so long, counted from the last one; 0: as often as it takes. */
void schedule_set_period(struct schedule *s, int64_t period_ms);

/* Others need the machine more, or do not any more. */
void schedule_set_patient(struct schedule *s, bool is_patient);

/* What was read was not all: the rest does not wait for the period. */
void schedule_go_on(struct schedule *s);
