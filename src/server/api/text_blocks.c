/* text_blocks.c - one block after the other is filled. */
#include "server/api/text_blocks.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sys/alloc.h"

struct text_block {
	struct text_block *next;
	size_t used;
	size_t size;
	uint8_t bytes[];
};

struct span text_blocks_keep(struct text_blocks *blocks, size_t block_size, struct span text)
{
	struct text_block *block = blocks->first;
	struct span kept;

	if (block == NULL || block->size - block->used < text.len) {
		size_t size = text.len > block_size ? text.len : block_size;

		block = alloc_resize(NULL, sizeof *block + size, 1);
		block->next = blocks->first;
		block->used = 0;
		block->size = size;
		blocks->first = block;
		blocks->bytes += sizeof *block + size;
	}
	mem_copy(block->bytes + block->used, text.ptr, text.len);
	kept = (struct span){ block->bytes + block->used, text.len };
	block->used += text.len;
	return kept;
}

void text_blocks_done(struct text_blocks *blocks)
{
	while (blocks->first != NULL) {
		struct text_block *block = blocks->first;

		blocks->first = block->next;
		free(block);
	}
	blocks->bytes = 0;
}
