/* tally.c - open addressing; the table is at most half full. */
#include "server/api/tally.h"

#include <stdlib.h>
#include <string.h>

#include "sys/alloc.h"

void tally_done(struct tally *t)
{
	free(t->keys);
	free(t->slots);
	*t = (struct tally){ .keys = NULL };
}

/* The finishing steps of MurmurHash3, over each part. */
static uint64_t hash_of(const struct tally_key *key)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < 3; i++) {
		hash = (hash ^ (uint64_t)key->parts[i]) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 33;
	}
	return hash;
}

/* The slot of a key, or the free one where it would be. */
static uint32_t slot_of(const struct tally *t, const struct tally_key *key)
{
	uint32_t slot = (uint32_t)hash_of(key) & (t->slot_count - 1);

	while (t->slots[slot] != 0 && memcmp(&t->keys[t->slots[slot] - 1], key, sizeof *key) != 0) {
		slot = (slot + 1) & (t->slot_count - 1);
	}
	return slot;
}

static void grow(struct tally *t)
{
	free(t->slots);
	t->slot_count = t->slot_count == 0 ? 64 : 2 * t->slot_count;
	t->slots = alloc_zeroed(t->slot_count, sizeof *t->slots);
	for (uint32_t i = 0; i < t->count; i++) {
		t->slots[slot_of(t, &t->keys[i])] = i + 1;
	}
}

uint32_t tally_number(struct tally *t, const struct tally_key *key, bool *out_is_new)
{
	uint32_t slot;

	if (2 * t->count >= t->slot_count) {
		grow(t);
	}
	slot = slot_of(t, key);
	*out_is_new = t->slots[slot] == 0;
	if (*out_is_new) {
		if (t->count == t->capacity) {
			t->capacity = 2 * t->capacity + 64;
			t->keys = alloc_resize(t->keys, t->capacity, sizeof *t->keys);
		}
		t->keys[t->count++] = *key;
		t->slots[slot] = t->count;
	}
	return t->slots[slot] - 1;
}

const struct tally_key *tally_key_of(const struct tally *t, uint32_t number)
{
	return &t->keys[number];
}
