/*
 * moment.h - a moment as people write it: a time, or how long ago.
 */
#pragma once

#include "base/attr.h"
#include "sys/clock.h"
#include "sys/why.h"

/* "2026-11-21T12:00:00Z", "2026-11-21", or "2h". ERR_USAGE with a reason that names the option. */
MUST_USE int moment_read(const char *option, const char *text, char out[CLOCK_TEXT_SIZE],
			 struct why *why);
