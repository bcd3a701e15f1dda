/*
 * counting.h - a tenant's changes a minute, counted from its history in small pieces.
 *
 * First what is new, then backwards through the last day: the newest minutes are right at once,
 * the oldest a moment later, and nobody waits for a scan.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "server/api/rates.h"
#include "server/inventory/view.h"

/* All zero has not begun. Fields other than rates are private to counting.c. */
struct counting {
	struct rates rates;
	bool has_begun;
	bool has_day; /* all of the last day is counted */
	int64_t from; /* changes from here ... */
	int64_t to;   /* ... to here are counted */
};

/* Counts for some milliseconds. *out_has_more: call it again soon. */
MUST_USE int counting_go_on(struct counting *c, struct view *view, int64_t now_ms,
			    bool *out_has_more, struct why *why);
