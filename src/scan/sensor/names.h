/*
 * names.h - the processes that look names up: one for scopes, one for the hosts found in them.
 *
 * The second may be slow, or turned off, without holding back the first (sys/resolver.h).
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "sys/why.h"

enum { NAMES_OF_SCOPES, NAMES_OF_HOSTS, NAMES_LINES };

/* Forks them. A line of -1: nobody looks names of hosts up. */
MUST_USE int names_start(bool is_without_hosts, int out_lines[NAMES_LINES], struct why *why);
