/*
 * snapshot_store.h - the two snapshot files, through descriptors opened before the sandbox.
 */
#pragma once

#include "sensor/snapshot.h"
#include "sensor/state.h"

struct snapshot_store {
	int fds[STATE_SNAPSHOTS];
	int next; /* the one to be written: not the newest good one */
	uint64_t generation;
};

/* Takes the descriptors over and fills the ledgers from the newer of the good files. Says whether
 * there was one. */
bool snapshot_store_open(struct snapshot_store *store, const int fds[STATE_SNAPSHOTS],
			 struct ledger *ledgers, size_t count);
void snapshot_store_close(struct snapshot_store *store);

/* Writes the ledgers to the older file. ERR_IO, ERR_FULL: the newer one is as it was. */
MUST_USE int snapshot_store_write(struct snapshot_store *store, const struct ledger *ledgers,
				  size_t count);
