/*
 * loop.h - one event loop a process: descriptors, timers, signals.
 *
 * Level-triggered epoll, unless LOOP_EDGE asks for less. Handlers run one at a time and never
 * block. Between reading what is ready and sleeping the loop calls its idle hook, which is where
 * work over many messages is committed together.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct loop;

/* LOOP_EDGE is asked for beside others: each change is told once, and a read must go on until
 * nothing is left. It spares a system call each time that the interest would change. */
enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_PRIORITY = 4, LOOP_HANGUP = 8, LOOP_EDGE = 16 };

typedef void loop_handler(void *context, unsigned events);
typedef void loop_callback(void *context);

/* A watched descriptor; opaque, freed by loop_unwatch. The descriptor stays the caller's. */
struct loop_watch;

/* A timer; opaque, freed by loop_timer_free. */
struct loop_timer;

struct loop *loop_new(void);
void loop_free(struct loop **loop);

/* Until loop_stop. */
void loop_run(struct loop *loop);

/* One turn: waits at most timeout_ms (-1: for ever), runs what is ready. For tests. */
void loop_turn(struct loop *loop, int timeout_ms);
void loop_stop(struct loop *loop);

/* events: what to wait for; LOOP_HANGUP always comes. Aborts where the system is out of
 * watches, which is start-up's limit. */
struct loop_watch *loop_watch(struct loop *loop, int fd, unsigned events, loop_handler *handler,
			      void *context);

/* With 0 nothing comes, not even LOOP_HANGUP, until it is changed again. */
void loop_watch_change(struct loop_watch *watch, unsigned events);

/* Accepts empty and nulls the variable; safe within any handler, its own too. */
void loop_unwatch(struct loop_watch **watch);

/* The same after the descriptor was closed, and no duplicate of it is left: the kernel has
 * forgotten it by itself. */
void loop_unwatch_closed(struct loop_watch **watch);

/* Not armed yet. Several may be due in one turn; they run in the order of their times. */
struct loop_timer *loop_timer(struct loop *loop, loop_callback *callback, void *context);

/* Once, delay_ms from now, never earlier; moves one that is armed. */
void loop_timer_arm(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_disarm(struct loop_timer *timer);
bool loop_timer_is_armed(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer **timer);

/* Calls handler for a signal (SIGTERM, SIGINT, SIGCHLD, SIGHUP); by signalfd, so it runs as any
 * handler. */
void loop_on_signal(struct loop *loop, int signal_number, loop_callback *callback, void *context);

/* Called before each sleep, after all that was ready was handled. One hook a loop; NULL removes it.
 */
void loop_on_idle(struct loop *loop, loop_callback *callback, void *context);
