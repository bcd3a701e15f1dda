/*
 * snapshot.h - every ledger as bytes, to be found again after a restart.
 *
 * Two files are written in turn, each with its generation and a SHA-256 over all of it: a crash or
 *a full disk during a write leaves the older one. Where both are bad nothing is lost but time: the
 * tables are then compared with the server in ranges.
 *
 *	"BTZSNAP1" | u64 generation | u64 length of the body | SHA-256 of these three and the body |
 *body body: for each table u16 number | u32 count | count hashes of 16 bytes, rising
 */
#pragma once

#include "sensor/ledger.h"
#include "sys/buffer.h"

/* Every table at its most rows. */
#define SNAPSHOT_BYTES_MAX (64u << 20)

/* Appends the bytes of a snapshot. ERR_FULL where the buffer's maximum is less. */
MUST_USE int snapshot_encode(uint64_t generation, const struct ledger *ledgers, size_t count,
			     struct buffer *out);

/* What is told of a snapshot that was found good. */
struct snapshot {
	uint64_t generation;
	struct span body;
};

/* Checks a snapshot whole; bytes behind it are ignored (an older, longer one was written over).
 * Borrows. ERR_MALFORMED. */
MUST_USE int snapshot_check(struct span bytes, struct snapshot *out);

/* Fills the ledgers whose tables the snapshot has. */
void snapshot_load(const struct snapshot *snapshot, struct ledger *ledgers, size_t count);
