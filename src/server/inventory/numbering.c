/* numbering.c - an array of keys and a table of their numbers. */
#include "server/inventory/numbering.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sys/alloc.h"

#define CAPACITY_LEAST 64

void numbering_init(struct numbering *n)
{
	*n = (struct numbering){ .keys = NULL };
	if (getrandom(n->secret, sizeof n->secret, 0) != sizeof n->secret) {
		abort(); /* before the kernel has entropy no server runs */
	}
	n->secret[0] |= 1;
	n->secret[1] |= 1;
}

void numbering_done(struct numbering *n)
{
	free(n->keys);
	free(n->slots);
	n->keys = NULL;
	n->slots = NULL;
	n->count = n->capacity = n->slot_count = 0;
}

/* The two halves of a key, in the machine's order: for speed, two comparisons instead of a call. */
struct halves {
	uint64_t a;
	uint64_t b;
};

static inline struct halves halves_of(const struct rowhash *key)
{
	struct halves h;

	memcpy(&h, key->bytes, sizeof h);
	return h;
}

static uint32_t first_slot(const struct numbering *n, const struct rowhash *key)
{
	struct halves h = halves_of(key);
	uint64_t mixed;

	/* multiply-shift (Dietzfelbinger 1997): the product's upper bits depend on all bits */
	mixed = h.a * n->secret[0] + (h.b ^ n->secret[0]) * n->secret[1];
	mixed ^= mixed >> 29;
	mixed *= n->secret[1];
	return (uint32_t)(mixed >> 32) & (n->slot_count - 1);
}

bool numbering_find(const struct numbering *n, const struct rowhash *key, uint32_t *out)
{
	struct halves wanted = halves_of(key);
	uint32_t slot;

	if (n->slot_count == 0) {
		return false;
	}
	slot = first_slot(n, key);
	while (n->slots[slot] != 0) {
		uint32_t number = n->slots[slot] - 1;
		struct halves found = halves_of(&n->keys[number]);

		if (found.a == wanted.a && found.b == wanted.b) {
			*out = number;
			return true;
		}
		slot = (slot + 1) & (n->slot_count - 1);
	}
	return false;
}

static void place(struct numbering *n, uint32_t number)
{
	uint32_t slot = first_slot(n, &n->keys[number]);

	while (n->slots[slot] != 0) {
		slot = (slot + 1) & (n->slot_count - 1);
	}
	n->slots[slot] = number + 1;
}

/* Keys are placed again in the order of their numbers, so that the newest always lies last on its
 * path and can be taken back without moving others. */
static void grow(struct numbering *n)
{
	assert(n->capacity <= UINT32_MAX / 4);
	n->capacity = n->capacity == 0 ? CAPACITY_LEAST : n->capacity * 2;
	n->keys = alloc_resize(n->keys, n->capacity, sizeof *n->keys);
	free(n->slots);
	n->slot_count = n->capacity * 2;
	n->slots = alloc_zeroed(n->slot_count, sizeof *n->slots);
	for (uint32_t number = 0; number < n->count; number++) {
		place(n, number);
	}
}

uint32_t numbering_add(struct numbering *n, const struct rowhash *key)
{
	uint32_t number = n->count;

	if (n->count == n->capacity) {
		grow(n);
	}
	n->keys[number] = *key;
	n->count++;
	place(n, number);
	return number;
}

const struct rowhash *numbering_key(const struct numbering *n, uint32_t number)
{
	assert(number < n->count);
	return &n->keys[number];
}

void numbering_truncate(struct numbering *n, uint32_t count)
{
	while (n->count > count) {
		uint32_t number = n->count - 1;
		uint32_t slot = first_slot(n, &n->keys[number]);

		while (n->slots[slot] != number + 1) {
			slot = (slot + 1) & (n->slot_count - 1);
		}
		n->slots[slot] = 0;
		n->count--;
	}
}

size_t numbering_bytes(const struct numbering *n)
{
	return n->capacity * sizeof *n->keys + n->slot_count * sizeof *n->slots;
}
