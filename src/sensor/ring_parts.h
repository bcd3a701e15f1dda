/*
 * ring_parts.h - what ring.c and ring_load.c share; nobody else includes it.
 */
#pragma once

#include <sys/types.h>

#include "sensor/ring.h"
#include "sensor/ring_block.h"

static const char ring_magic[8] = { 'B', 'T', 'Z', 'R', 'N', 'G', 'H', 'D' };

#define RING_HEAD_SIZE 40

struct block {
	uint64_t serial; /* 0: free */
	uint64_t epoch;
	uint64_t next;    /* number behind its last event */
	uint32_t used;    /* bytes */
	uint32_t written; /* of them, in the file */
	uint32_t count;   /* events that were not acknowledged */
	uint8_t *bytes;   /* NULL where all is in the file, and it is not the current one */
};

/* Where the first event that is not acknowledged is, or will be. */
struct place {
	uint64_t serial;
	uint64_t next;
	uint32_t at; /* within the block; 0: its beginning */
};

struct ring {
	int fd;
	uint64_t life;
	struct block *blocks;
	size_t count;
	size_t top; /* blocks from here on were never used */
	size_t current;
	uint64_t serial; /* the last one used */
	uint64_t epoch;
	uint64_t next;
	struct place acknowledged;
	struct place peeked; /* what it becomes when that is acknowledged */
	bool is_head_due;
	bool is_failing; /* the last write did not work */
	bool was_damaged;
	uint64_t lost;
	unsigned dirty_positions; /* a bit a source */
	size_t position_len[EVENT_SOURCES_MAX];
	uint8_t positions[EVENT_SOURCES_MAX][EVENT_POSITION_SIZE];
};

/* Where a block is in the file. */
off_t ring_offset_of(size_t slot);

/* The block is free. */
void ring_release(struct block *b);

/* Fills a ring that has its descriptor, life and places for blocks with what the file holds, and
 * decides whether its numbers may go on. */
void ring_load(struct ring *r);
