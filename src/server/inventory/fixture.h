/*
 * fixture.h - rows and batches for tests; not part of the server.
 */
#pragma once

#include "server/inventory/inventory.h"
#include "sys/buffer.h"
#include "wire/row.h"

/* A file of its own in a fresh folder. */
struct fixture {
	char folder[64];
	char path[96];
	struct inventory *inv;
};

void fixture_open(struct fixture *f);

/* Leaves the inventory without writing, as a kill would, and opens what is on disk: a copy. */
void fixture_crash(struct fixture *f);
void fixture_close(struct fixture *f);

/* Copies the file and its log to another name in the same folder. */
void fixture_copy(const struct fixture *f, const char *to);

/* Rows of one table with their hashes. */
struct fixture_rows {
	struct buffer list;
	struct buffer hashes;
	size_t count;
};

void fixture_rows_init(struct fixture_rows *rows);
void fixture_rows_done(struct fixture_rows *rows);
struct rowhash fixture_add(struct fixture_rows *rows, const struct row *row);
struct rowhash fixture_add_package(struct fixture_rows *rows, const char *name,
				   const char *version);
struct rowhash fixture_add_group(struct fixture_rows *rows, const char *name, int64_t gid,
				 const char *const *members, size_t member_count);
struct rowhash fixture_add_os(struct fixture_rows *rows, const char *hostname);
struct rowhash fixture_add_address(struct fixture_rows *rows, const char *address);

/* By hash, as a range has them. */
void fixture_sort(struct fixture_rows *rows);

/* The sum of the hashes. */
struct digest fixture_digest(const struct fixture_rows *rows);

/* removes and adds may be NULL; the adds' rows come along. The batch borrows. No digest. */
struct message_batch fixture_delta(uint16_t table, uint64_t seq, const struct fixture_rows *removes,
				   const struct fixture_rows *adds);

/* Applies in a transaction of its own. */
struct inventory_result fixture_apply(struct fixture *f, uint32_t asset,
				      const struct message_batch *batch, int64_t now_ms);

/* An enrolled sensor and its asset: number n has the id 0000...n in hex. */
uint32_t fixture_asset(struct fixture *f, unsigned n, int64_t now_ms);
