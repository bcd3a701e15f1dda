/*
 * proc_pressure.h - /proc/pressure/cpu and the like (Documentation/accounting/psi.rst of Linux):
 * how much of the time something had to wait.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* Of the last ten seconds, in hundredths of a percent: those in which some task waited.
 * ERR_MALFORMED for anything else. */
MUST_USE int proc_pressure_parse(struct span file, uint32_t *out_some_10);
