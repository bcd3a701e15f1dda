/*
 * observer.h - the half of an observing process that is the same in every sensor: loop, reporter,
 * snapshot and policy on disk, the channel to the connector, and when it ends.
 *
 * What is observed, and when there is more of it, is the program's: its hooks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sensor/policy_store.h"
#include "sensor/reporter.h"
#include "sensor/schedule.h"
#include "sensor/sensor.h"
#include "sensor/snapshot_store.h"
#include "sys/loop.h"

/* What is the program's own; those that may be NULL say so. */
struct observer_hooks {
	const char *log_name;
	const char *kind;       /* as reporter_set_kind; NULL: as it is */
	int64_t walk_spread_ms; /* the hourly walk comes up to so much later; 0: it does not */

	/* As the reporter's hooks of these names; all but the first may be NULL. */
	int (*collect)(void *context, uint16_t table, row_taker *take, void *take_context);
	int (*collect_changes)(void *context, uint16_t table, row_taker *gone, row_taker *take,
			       void *take_context);
	int64_t (*walk_at)(void *context, uint16_t table, int64_t now_ms);
	bool (*is_ready)(void *context, uint16_t table);
	void (*acknowledged)(void *context);

	/* So many bytes go to the server. May be NULL. */
	void (*sent)(void *context, size_t len);

	/* The connector has used so much CPU, all in all. May be NULL. */
	void (*cost)(void *context, uint64_t used_us);

	/* A new policy is in force: the store's. */
	void (*policy_changed)(void *context);

	/* The hourly walk: all tables are signalled behind it. May be NULL. */
	void (*walk)(void *context);

	/* The reporter had its turn. Returns when there is something to do for the program;
	 * SCHEDULE_NEVER. */
	int64_t (*turn)(void *context);

	/* For --once. Counts up with whatever moves in the program; what the reporter does is
	 * counted already. */
	uint64_t (*progress)(void *context);

	/* For --once, when all is told that was found: whether that is all. */
	bool (*is_done)(void *context);

	/* For --once, which ends because nothing moved: says so to people. True where it did. May
	 * be NULL. */
	bool (*tell_stuck)(void *context);
};

/* Embedded; what is above the line is to be read by the program, the rest is observer.c's. */
struct observer {
	struct loop *loop;
	struct reporter *reporter;
	struct policy_store *policy;
	struct sensor_settings *settings;
	int64_t ticked_ms; /* when the connector was told last that this process moves */
	int status;        /* how it ends; SENSOR_DONE until something said otherwise */

	/* --- */
	const struct observer_hooks *hooks;
	void *context;
	struct snapshot_store snapshots;
	struct channel *channel;
	int channel_fd;
	uint64_t connection; /* the number of the one at hand; 0: none */
	uint64_t once_progress;
	struct loop_timer *turn_timer;
	struct loop_timer *snapshot_timer;
	struct loop_timer *walk_timer;
	struct loop_timer *once_timer;
};

/* The process has begun: its log is opened, and what it must not have is given up. Hooks are
 * borrowed for ever. */
void observer_begin(struct observer *o, struct sensor_child *child,
		    const struct observer_hooks *hooks, void *context);

/* The loop, and the policy that is remembered: read and written from here on, also where no server
 * is. */
void observer_open(struct observer *o);

/* The reporter, and what it remembers of earlier runs. */
MUST_USE int observer_open_reporter(struct observer *o, const uint16_t *tables, size_t count,
				    struct why *why);

/* All is open and this process confined: the connector is spoken to, and the first walk is due. */
void observer_start(struct observer *o);

/* Until something stops it; then the snapshot is written. Returns how the process ends. */
int observer_run(struct observer *o);

/* Closes the channel, what is told and what is remembered of it... */
void observer_close(struct observer *o);

/* ...and, when all that uses them is gone, the policy and the loop. */
void observer_done(struct observer *o);

/* Ends observer_run with this status. */
void observer_stop(struct observer *o, int status);

/* The table may have changed; 0 stands for all of them. */
void observer_signal(struct observer *o, uint16_t table);

/* Tells the connector that this process moves, and which table it is about to read; 0: none. */
void observer_tick(struct observer *o, uint16_t table);

/* The same at once, because what is begun may never end. */
void observer_tick_now(struct observer *o, uint16_t table);
