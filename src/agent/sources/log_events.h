/*
 * log_events.h - from what a log says to rows of logins, sudo_uses, account_changes and
 * service_changes; commands and words are masked.
 */
#pragma once

#include "sensor/event_sink.h"
#include "formats/authlog.h"

#define LOG_EVENTS_FAILED 16

/* Zeroed at first, but for sink and events. */
struct log_events {
	struct event_sink *sink;
	uint32_t events;                    /* bits 1 << EVENT_*: others are not put */
	uint32_t failed[LOG_EVENTS_FAILED]; /* processes of sshd that refused somebody */
	size_t next_failed;
};

/* The bit of a kind, for what a log is asked for. */
#define LOG_KIND(kind) (1u << (kind))

/* pid: of the process that wrote the message, 0 where unknown. */
void log_events_put(struct log_events *events, int64_t at_ms, uint32_t pid,
		    const struct authlog_event *event, struct span message);
