/*
 * exec_tracepoint.h - executions by BPF; what a test needs beyond the table's entry.
 */
#pragma once

#include "agent/sources/source.h"

/* As its open; is_small: with the program that tells little more than the process's number, as on
 * a kernel without BTF. */
MUST_USE int exec_tracepoint_open_as(const struct source_host *host, bool is_small,
				     void **out_state, struct why *why);
