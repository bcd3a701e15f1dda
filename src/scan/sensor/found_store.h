/*
 * found_store.h - what was found, in two files of the state folder that are written in turn.
 *
 *	"BTZFOUS1" | u64 generation | u64 length | SHA-256 of these three and the bytes | bytes
 *
 * A torn write leaves the older one. Descriptors are opened before the sandbox.
 */
#pragma once

#include "scan/sensor/found.h"
#include "sensor/state.h"

#define FOUND_STORE_FILES 2

struct found_store {
	int fds[FOUND_STORE_FILES];
	int next;
	uint64_t generation;
};

/* Opens the files and reads the newer of the good ones; an empty found where there is none. */
void found_store_open(struct found_store *store, const struct state *state, struct found **out);

/* ERR_IO, ERR_FULL: the other file is as it was. */
MUST_USE int found_store_write(struct found_store *store, const struct found *found);
void found_store_close(struct found_store *store);
