/*
 * proc_connector.h - what the kernel's proc connector sends (linux/cn_proc.h): a struct cn_msg
 * around a struct proc_event, in the machine's order.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

enum proc_connector_what { PROC_CONNECTOR_OTHER, PROC_CONNECTOR_EXEC };

struct proc_connector_event {
	enum proc_connector_what what;
	uint32_t pid;          /* the process, of PROC_CONNECTOR_EXEC */
	uint64_t monotonic_ns; /* after boot, without the time asleep */
};

/* The payload of a netlink message. ERR_MALFORMED; ERR_UNSUPPORTED where it is of another
 * connector. */
MUST_USE int proc_connector_parse(struct span payload, struct proc_connector_event *out);

/* The bytes of a netlink message that asks for events, of execs only where the kernel can (since
 * Linux 6.6; others ignore it): is_filtered. Writes PROC_CONNECTOR_REQUEST at the most. */
#define PROC_CONNECTOR_REQUEST 48
size_t proc_connector_request(bool is_filtered, uint8_t out[PROC_CONNECTOR_REQUEST]);
