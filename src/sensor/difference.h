/*
 * difference.h - what one walk over a table finds that the server does not know yet.
 *
 * A walk feeds every row; only those that will be offered are kept, at most DIFFERENCE_HASHES_MAX
 * of them in DIFFERENCE_BYTES_MAX. What does not fit is_partial says, and the next walk finds: a
 * difference is against a state, so nothing is lost by leaving some of it for later.
 */
#pragma once

#include "sensor/ledger.h"
#include "sys/buffer.h"
#include "wire/message.h"

#define DIFFERENCE_BYTES_MAX  (1u << 20)
#define DIFFERENCE_HASHES_MAX 8192

/* A row to be offered: its bytes are within rows. */
struct addition {
	struct rowhash hash;
	uint32_t offset;
	uint32_t len : 31;
	uint32_t is_wanted : 1; /* the server asked for it, and it was not sent yet */
};

struct difference {
	const struct ledger *ledger;
	enum batch_mode mode;
	struct rowhash low; /* BATCH_RANGE: adds are all rows from low to high */
	struct rowhash high;
	struct addition *adds; /* after difference_end: by rising hash, none twice */
	size_t add_count;
	size_t add_capacity;
	struct buffer rows;
	struct rowhash *removes; /* BATCH_DELTA */
	size_t remove_count;
	struct digest digest; /* of the table when this is applied */
	uint8_t *seen;        /* a bit for each hash of the ledger */
	bool is_partial;      /* BATCH_DELTA: more is different than is in here */
	bool is_capped; /* rows past LEDGER_ROWS_MAX, or of the same range by design, were left out
			 */
};

/* Begins a walk for what differs from the ledger, which must outlive the difference. */
void difference_begin(struct difference *d, const struct ledger *ledger);

/* Begins with the whole table as it was acknowledged: rows that are gone, then those that came,
 * make the difference. */
void difference_begin_changes(struct difference *d, const struct ledger *ledger);

/* This row is not there any more; nothing where it was not known. */
void difference_gone(struct difference *d, struct span row);

/* Begins a walk for all rows with hashes from low up, to wherever they fit. */
void difference_begin_range(struct difference *d, const struct ledger *ledger,
			    const struct rowhash *low);

/* One row's canonical bytes; the same row again is passed over. */
void difference_row(struct difference *d, struct span row);

/* The walk has seen the whole table. */
void difference_end(struct difference *d);

/* True where there is nothing to say. */
bool difference_is_empty(const struct difference *d);

/* A range that reaches up to the last hash there can be. */
bool difference_is_last_range(const struct difference *d);

/* Where the next range begins; not for the last one. */
struct rowhash difference_next_low(const struct difference *d);

/* The bytes of one addition. */
struct span difference_row_at(const struct difference *d, size_t index);

/* Marks the addition of this hash as wanted. False where there is none. */
bool difference_want(struct difference *d, const struct rowhash *hash);

/* The rows are there no more once they were sent for good. */
void difference_drop_rows(struct difference *d);

/* The server has acknowledged: its ledger moves on. */
void difference_apply(const struct difference *d, struct ledger *ledger);
void difference_done(struct difference *d);
