/*
 * loop_task.h - work of this folder's own streams within a turn of the loop.
 *
 * A turn: what is ready, due timers, LOOP_SOON, the idle hook, LOOP_FLUSH, LOOP_BURY, sleep.
 * LOOP_FLUSH is where sends of the whole turn, the hook's too, go out in one write. It calls no
 * handler; what it finds out is told by LOOP_SOON in the next turn, which then comes at once.
 */
#pragma once

#include <stdbool.h>

#include "sys/loop.h"

enum loop_phase { LOOP_SOON, LOOP_FLUSH, LOOP_BURY, LOOP_PHASES };

/* Fields are private to loop.c. Zeroed: not queued. Nodes of a circle. */
struct loop_task {
	loop_callback *callback;
	void *context;
	struct loop_task *next;
	struct loop_task *previous;
};

/* Queues a task for the next run of its phase; one that is queued stays where it is. The task is
 * taken out before its callback runs, which so may free it. */
void loop_task_queue(struct loop *loop, enum loop_phase phase, struct loop_task *task,
		     loop_callback *callback, void *context);

/* Accepts one that is not queued. */
void loop_task_cancel(struct loop_task *task);
