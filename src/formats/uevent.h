/*
 * uevent.h - device events of the kernel (NETLINK_KOBJECT_UEVENT):
 * "add@/module/x", then KEY=VALUE texts, a NUL after each.
 *
 * Everything borrows from the datagram. udev's own messages ("libudev") are refused.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct uevent {
	struct span action;    /* add, remove, change, ... */
	struct span path;      /* /module/x */
	struct span subsystem; /* of the SUBSYSTEM key; empty where not stated */
	struct span pairs;     /* for uevent_pairs_next(), by a reader */
};

/* ERR_UNSUPPORTED for udev's messages, ERR_MALFORMED for anything else. */
MUST_USE int uevent_parse(struct span datagram, struct uevent *out);

/* The next KEY=VALUE from a reader over pairs; texts without = are passed over. False at the end.
 */
bool uevent_pairs_next(struct reader *pairs, struct span *key, struct span *value);
