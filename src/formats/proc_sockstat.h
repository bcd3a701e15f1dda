/*
 * proc_sockstat.h - /proc/net/sockstat and sockstat6: how many sockets of a protocol there are.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* The number behind "inuse" in the line of a protocol ("UDP", "UDP6"). ERR_NOT_FOUND where there
 * is no such line, ERR_MALFORMED. */
MUST_USE int proc_sockstat_in_use(struct span file, const char *protocol, uint64_t *out);
