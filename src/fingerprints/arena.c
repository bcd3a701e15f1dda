#include "fingerprints/arena.h"

#include "base/mem.h"
#include "sys/alloc.h"

#include <stdlib.h>

#define BLOCK_SIZE (64u << 10)
#define ALIGNMENT  16u

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(ALIGNMENT) uint8_t bytes[];
};

void *arena_take(struct arena *a, size_t size)
{
	struct arena_block *block = a->blocks;
	size_t wanted = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	void *out;

	if (block == NULL || block->size - a->used < wanted) {
		size_t fresh = wanted > BLOCK_SIZE ? wanted : BLOCK_SIZE;

		block = alloc_zeroed(1, sizeof *block + fresh);
		block->size = fresh;
		block->next = a->blocks;
		a->blocks = block;
		a->used = 0;
	}
	out = block->bytes + a->used;
	a->used += wanted;
	return out;
}

struct span arena_copy(struct arena *a, struct span bytes)
{
	uint8_t *copy = arena_take(a, bytes.len + 1);

	mem_copy(copy, bytes.ptr, bytes.len);
	return (struct span){ copy, bytes.len };
}

void arena_free(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	a->used = 0;
}
