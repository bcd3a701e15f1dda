/*
 * signals.h - what of the kernel's own tells that a table may have changed, beside files.
 *
 * Opened before the sandbox. A signal says only "look again": what it carries is not believed, what
 * is missed is made good by the hourly walk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/loop.h"

struct signals;

/* The table may have changed. pid: who did it, where that is known, else 0. */
typedef void signals_handler(void *context, uint16_t table, pid_t pid);

struct signals *signals_new(struct loop *loop, signals_handler *changed, void *context);
void signals_free(struct signals **signals);

/* Messages of rtnetlink groups (RTMGRP_*). */
void signals_on_route(struct signals *signals, uint16_t table, uint32_t groups);

/* Messages of a group of nfnetlink (NFNLGRP_*). */
void signals_on_netfilter(struct signals *signals, uint16_t table, uint32_t group);

/* Device events of a subsystem ("module", "cpu"), borrowed. */
void signals_on_uevent(struct signals *signals, uint16_t table, const char *subsystem);

/* A file of /proc that can be polled for changes (POLLPRI). */
void signals_on_poll(struct signals *signals, uint16_t table, const char *path);

/* TCP sockets that begin or end to listen: by tracepoint, else by looking every 750 ms. */
void signals_on_listen(struct signals *signals, uint16_t table);

/* Every so often, for what nothing tells of. */
void signals_on_period(struct signals *signals, uint16_t table, int64_t period_ms);

/* What of a small file of /proc tells that something changed: any number that is then another one.
 */
typedef uint64_t signals_measure(struct span file);

/* Reads the file (of at most 4096 bytes that matter) every so often. Where its measure is another
 * one, the table may have changed; once more a period later, for what has to settle first. What
 * changes time after time is looked at up to four periods apart. */
void signals_on_measure(struct signals *signals, uint16_t table, const char *path,
			int64_t period_ms, signals_measure *measure);

/* Processes that begin or end: by their count in /proc/loadavg, read every 5 s (20 s while it keeps
 * changing) for all tables together. */
void signals_on_processes(struct signals *signals, uint16_t table);

/* True where listening is seen by the tracepoint. */
bool signals_has_tracepoint(const struct signals *signals);
