/*
 * feed_inbox.h - files for the server to import: copied into its data folder, which must be on this
 * machine.
 */
#pragma once

#include "base/attr.h"
#include "sys/args.h"
#include "sys/why.h"

#define FEED_INBOX_SIZE 33

/* Copies a file, or every file of a folder (3 deep), into a new folder of feeds/inbox and names it.
 * On failure nothing is left there. */
MUST_USE int feed_inbox_fill(const struct args *args, const char *path, char out[FEED_INBOX_SIZE],
			     struct why *why);
