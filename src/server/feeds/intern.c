/* intern.c - an open table over one growing run of bytes. */
#include "server/feeds/intern.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/feeds/hash64.h"
#include "sys/alloc.h"

#include <stdlib.h>

#define SLOTS_FIRST 1024
#define BYTES_FIRST 4096

void intern_init(struct intern *pool, size_t bytes_max, uint32_t count_max)
{
	*pool = (struct intern){ .bytes_max = bytes_max, .count_max = count_max };
	pool->slot_count = SLOTS_FIRST;
	pool->slots = alloc_zeroed(pool->slot_count, sizeof *pool->slots);
}

void intern_done(struct intern *pool)
{
	free(pool->bytes);
	free(pool->ends);
	free(pool->slots);
	*pool = (struct intern){ 0 };
}

struct span intern_get(const struct intern *pool, uint32_t number)
{
	size_t start = number == 0 ? 0 : (size_t)pool->ends[number - 1];

	return (struct span){ pool->bytes + start, (size_t)pool->ends[number] - start };
}

/* The slot where these bytes are, or would be. */
static uint32_t slot_of(const struct intern *pool, struct span bytes)
{
	uint32_t mask = pool->slot_count - 1;
	uint32_t slot = (uint32_t)hash64(0, bytes) & mask;

	while (pool->slots[slot] != 0 &&
	       !span_equal(intern_get(pool, pool->slots[slot] - 1), bytes)) {
		slot = (slot + 1) & mask;
	}
	return slot;
}

static void grow_slots(struct intern *pool)
{
	free(pool->slots);
	pool->slot_count *= 2;
	pool->slots = alloc_zeroed(pool->slot_count, sizeof *pool->slots);
	for (uint32_t i = 0; i < pool->count; i++) {
		pool->slots[slot_of(pool, intern_get(pool, i))] = i + 1;
	}
}

static void reserve(struct intern *pool, size_t len)
{
	if (pool->capacity - pool->used < len) {
		size_t capacity = pool->capacity == 0 ? BYTES_FIRST : pool->capacity;

		while (capacity - pool->used < len) {
			capacity += capacity / 2;
		}
		pool->bytes = alloc_resize(pool->bytes, capacity, 1);
		pool->capacity = capacity;
	}
	if (pool->count == pool->capacity_count) {
		pool->capacity_count =
			pool->capacity_count == 0 ? SLOTS_FIRST : pool->capacity_count * 3 / 2;
		pool->ends = alloc_resize(pool->ends, pool->capacity_count, sizeof *pool->ends);
	}
}

int intern_add(struct intern *pool, struct span bytes, uint32_t *out)
{
	uint32_t slot = slot_of(pool, bytes);

	if (pool->slots[slot] != 0) {
		*out = pool->slots[slot] - 1;
		return 0;
	}
	if (pool->count == pool->count_max || bytes.len > pool->bytes_max - pool->used) {
		return ERR_LIMIT;
	}
	if (pool->count >= pool->slot_count / 2) {
		grow_slots(pool);
		slot = slot_of(pool, bytes);
	}
	reserve(pool, bytes.len > 0 ? bytes.len : 1);
	mem_copy(pool->bytes + pool->used, bytes.ptr, bytes.len);
	pool->used += bytes.len;
	pool->ends[pool->count] = pool->used;
	*out = pool->count++;
	pool->slots[slot] = pool->count;
	return 0;
}

bool intern_find(const struct intern *pool, struct span bytes, uint32_t *out)
{
	uint32_t slot = slot_of(pool, bytes);

	if (pool->slots[slot] == 0) {
		return false;
	}
	*out = pool->slots[slot] - 1;
	return true;
}
