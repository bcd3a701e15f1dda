/*
 * text_blocks.h - texts of rows, kept in blocks that never move until all are freed at once.
 */
#pragma once

#include <stddef.h>

#include "base/span.h"

struct text_block;

/* Empty when zero. */
struct text_blocks {
	struct text_block *first;
	size_t bytes; /* of all blocks */
};

/* A copy that stays where it is; a new block has block_size, or what the text takes. */
struct span text_blocks_keep(struct text_blocks *blocks, size_t block_size, struct span text);
void text_blocks_done(struct text_blocks *blocks);
