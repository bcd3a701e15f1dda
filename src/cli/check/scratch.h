/*
 * scratch.h - a private temporary folder that is gone at the end, also after Ctrl-C.
 *
 * While it is open SIGINT, SIGTERM and SIGHUP wait: who works in it asks scratch_is_interrupted()
 * and stops; scratch_close() removes everything and lets the signal through.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "sys/why.h"

#define SCRATCH_PATH_SIZE 512

struct scratch {
	char path[SCRATCH_PATH_SIZE]; /* of the folder; its "root" is the tree */
	char root[SCRATCH_PATH_SIZE + 8];
	int folder_fd;
	int root_fd;
	int trash_fd; /* what was discarded and not yet removed */
	unsigned trash_count;
	sigset_t mask; /* as it was before */
	bool is_open;
};

/* In $TMPDIR, else /tmp. */
MUST_USE int scratch_open(struct scratch *out, struct why *why);

/* Accepts one that is not open. */
void scratch_close(struct scratch *scratch);

/* True once a signal waits that ends the program. */
bool scratch_is_interrupted(void);

/* Removes a name of a folder in the tree, and whatever is below it, however deep. What is not
 * there is fine. */
MUST_USE int scratch_discard(struct scratch *scratch, int folder_fd, const char *name);
