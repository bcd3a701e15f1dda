/*
 * ring_block.h - one block of the disk ring: events and positions, each with a checksum.
 *
 * A record counts only where its sum is right, and the sum begins with the block's serial: what an
 * earlier use of the same place left behind, a torn write, a flipped bit are all passed over, and
 * what comes behind them is found again. Pure: bytes in, records out.
 *
 *	head    "BTZRING1" | u32 sum of what follows | u32 0 | u64 serial | u64 epoch | u64 first
 *	record  u32 sum of what follows | u8 kind | u24 length | u64 number | body | to the next 8
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"
#include "wire/row.h"

#define RING_BLOCK_SIZE  32768
#define RING_BLOCK_HEAD  40
#define RING_RECORD_HEAD 16

/* The longest body: an event as wire/message.h writes it. */
#define RING_BODY_MAX (ROW_BYTES_MAX + 64)

/* No ring begins so many blocks, none numbers so many events; what says so is neither. */
#define RING_SERIAL_MAX (UINT64_MAX / 2)
#define RING_NUMBER_MAX (UINT64_MAX / 2)

enum ring_record_kind {
	RING_EVENT = 1,    /* number: the event's */
	RING_POSITION = 2, /* number: the source's slot */
};

struct ring_head {
	uint64_t serial; /* rises with each block begun; never 0 */
	uint64_t epoch;
	uint64_t first; /* number of the first event there, or of the one to come */
};

struct ring_record {
	enum ring_record_kind kind;
	uint64_t number;
	struct span body;
};

/* Where a walk over a block is. */
struct ring_cursor {
	struct span block;
	uint64_t serial;
	size_t at;
	bool is_trusted; /* the bytes never left our memory: sums are not looked at */
	bool is_damaged; /* something between two records was none */
};

/* The bytes that a record of this body takes. */
size_t ring_record_size(size_t body_len);

void ring_block_write_head(struct writer *w, const struct ring_head *head);
void ring_block_write(struct writer *w, uint64_t serial, const struct ring_record *record);

/* ERR_MALFORMED where the bytes begin with no block's head. */
MUST_USE int ring_block_head(struct span block, struct ring_head *out);

/* A walk over the records of a block, of which only the bytes that are used need be there. */
struct ring_cursor ring_block_over(struct span block, uint64_t serial);

/* The next good record; false where there is none. */
bool ring_block_next(struct ring_cursor *c, struct ring_record *out);

/* A sum against accidents, not against people: bytes are added to a state, which begins with any
 * number; the sum is made of the state at the end. */
uint64_t ring_sum_add(uint64_t state, struct span bytes);
uint32_t ring_sum(uint64_t state);
