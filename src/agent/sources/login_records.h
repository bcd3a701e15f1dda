/*
 * login_records.h - logins by wtmp and btmp; what a test needs beyond the table's entry.
 */
#pragma once

#include "agent/sources/source.h"

/* As its open, of files in another folder. */
MUST_USE int login_records_open_in(const struct source_host *host, const char *folder,
				   void **out_state, struct why *why);
