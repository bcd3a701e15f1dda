/*
 * log_follow.h - logins, sudo, accounts and services by the system's log; what a test needs beyond
 * the table's entry.
 */
#pragma once

#include "agent/sources/source.h"

/* As its open, below another root; "" for the machine's own. is_journal_off: as if there were no
 * journal. */
MUST_USE int log_follow_open_in(const struct source_host *host, const char *root,
				bool is_journal_off, void **out_state, struct why *why);
