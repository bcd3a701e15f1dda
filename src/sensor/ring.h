/*
 * ring.h - what happened and was not acknowledged yet, kept in one bounded file (STATE/events).
 *
 * Events are numbered as they come, within an epoch; the oldest go first, and when the file is full
 * the oldest are overwritten: the numbers that are then missing tell the server. They live in
 * blocks (ring_block.h); the place of a block in the file says nothing, its serial does, so that
 * what was acknowledged is used again first and the file stays small. Where the disk takes nothing
 * blocks stay in memory, a few of them.
 *
 *	file: head (one page) | block 0 | block 1 | ...
 *	head: "BTZRNGHD" | u32 sum | u32 0 | u64 life | u64 serial | u64 next
 *
 * serial, next: the first event that was not acknowledged. Numbers are never used twice in an
 * epoch: where it is in the least in doubt what was used, a new one begins.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sensor/event_sink.h"
#include "sensor/ring_block.h"
#include "base/attr.h"
#include "sys/buffer.h"

#define RING_BYTES_MIN     (64u << 10)
#define RING_BYTES_DEFAULT (16u << 20)
#define RING_BYTES_MAX     (256u << 20)

/* Blocks that stay in memory while the disk takes none: 256 KiB. */
#define RING_MEMORY_BLOCKS 8

struct ring;

/* Takes the descriptor over (read and write; -1: memory only). life names this file during this
 * run of the machine: with another one the page cache may have been lost, or the file is a copy. */
struct ring *ring_open(int fd, uint64_t size, uint64_t life);

/* Writes what is still to be written. */
void ring_close(struct ring **ring);

/* True where something in the file was not what was written there: some events are lost, and nobody
 * knows how many. */
bool ring_was_damaged(const struct ring *ring);

/* An event's bytes, as event_list_append writes them; at most RING_BODY_MAX. It is in memory until
 * ring_flush. */
void ring_put(struct ring *ring, struct span body);

/* A source's place; written with what was put before it. */
void ring_keep_position(struct ring *ring, unsigned source, struct span position);
struct span ring_position(const struct ring *ring, unsigned source);

/* True where something was put that is in memory only. */
bool ring_has_unwritten(const struct ring *ring);

/* Writes it: one write for all of it as a rule. ERR_FULL, ERR_IO: it stays in memory, and is tried
 * again with the next. Nothing to do where there is no file. */
MUST_USE int ring_flush(struct ring *ring);

/* A run of events with rising numbers, none missing. */
struct ring_run {
	uint64_t epoch;
	uint64_t first;
	size_t count;
};

/* Appends the oldest events that were not acknowledged, as many as fit out and count_max. False
 * where there are none. Nothing is taken out. */
bool ring_peek(struct ring *ring, size_t count_max, struct buffer *out, struct ring_run *out_run);

/* What ring_peek gave last is durable elsewhere. Written with the next flush. */
void ring_acknowledge(struct ring *ring);

/* Events that wait. */
uint64_t ring_waiting(const struct ring *ring);

/* Events overwritten before they were acknowledged, since the start. */
uint64_t ring_lost(const struct ring *ring);

/* Another size from now on: where it is smaller the oldest go. The file itself gets no shorter
 * before the next start, where nothing may be cut any more. */
void ring_resize(struct ring *ring, uint64_t size);
