/*
 * permission.h - may this person scan that? Asked once on the terminal, and remembered.
 */
#pragma once

#include "scan/targets/targets.h"

/* 0 where every target was allowed before, is now, or is_given. ERR_DENIED with what to do. */
MUST_USE int permission_get(const struct targets *targets, bool is_given, struct why *why);
