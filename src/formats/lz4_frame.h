/*
 * lz4_frame.h - LZ4 frames (lz4_Frame_format.md 1.6), block by block: how APT may keep its lists.
 *
 * Blocks of at most 64 KiB, which is what programs write where nobody asks for more; linked or
 * not. Checksums are passed over: what is decompressed is not trusted anyway.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

#define LZ4_BLOCK_MAX   65536
#define LZ4_WINDOW_SIZE 65536

/* Where the bytes come from: read() copies exactly len of them, or returns an error. */
struct lz4_source {
	int (*read)(void *context, uint8_t *to, size_t len);
	void *context;
};

/* Large: on the heap. Fields are private to lz4_frame.c. */
struct lz4_frame {
	struct lz4_source source;
	bool has_block_checksums;
	bool is_end;
	size_t used; /* of out: earlier blocks' end, then the last one */
	uint8_t in[LZ4_BLOCK_MAX];
	uint8_t out[LZ4_WINDOW_SIZE + LZ4_BLOCK_MAX];
};

/* Reads the header. ERR_MALFORMED; ERR_UNSUPPORTED for larger blocks, dictionaries, other versions;
 * the source's error. */
MUST_USE int lz4_frame_open(struct lz4_frame *frame, struct lz4_source source);

/* The next block's bytes, borrowed until the next call; empty at the end of the frame.
 * ERR_MALFORMED, or the source's error. */
MUST_USE int lz4_frame_next(struct lz4_frame *frame, struct span *out);
