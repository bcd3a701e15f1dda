/*
 * why.h - a reason for people, in the caller's memory, beside an error code.
 *
 * Says what was wrong and what to do, in one sentence without a final period.
 */
#pragma once

#include "base/attr.h"

struct why {
	char text[512];
};

/* Writes the reason and returns error, so that a failure is one statement.
 * why may be NULL. */
int why_set(struct why *why, int error, const char *format, ...) PRINTF(3, 4);
