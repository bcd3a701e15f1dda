/*
 * ledger.h - what the server has acknowledged of one table: the hashes of its rows.
 *
 * Hashes rise, none is there twice, and the digest is always their sum. Rows themselves are never
 * kept.
 */
#pragma once

#include "base/attr.h"
#include "base/rowhash.h"

/* The most rows of a table that this sensor reports: 2 MiB of hashes. */
#define LEDGER_ROWS_MAX 131072

struct ledger {
	uint16_t table;
	struct digest digest;
	struct rowhash *hashes;
	size_t count;
};

void ledger_init(struct ledger *ledger, uint16_t table);
void ledger_done(struct ledger *ledger);
void ledger_clear(struct ledger *ledger);

/* Where a hash is, or would be: the number of hashes below it. */
size_t ledger_lower(const struct ledger *ledger, const struct rowhash *hash);

/* True where the hash was acknowledged; *out_index is then its place. */
bool ledger_find(const struct ledger *ledger, const struct rowhash *hash, size_t *out_index);

/* Takes over a heap array of rising hashes in place of its own. */
void ledger_replace(struct ledger *ledger, struct rowhash *hashes, size_t count);
