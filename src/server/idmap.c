/* idmap.c - linear probing with backward shift: no tombstones. */
#include "server/idmap.h"

#include "sys/alloc.h"

#include <stdlib.h>

#define CAPACITY_MIN 16

/* Fibonacci hashing: numbers that rise by one land far apart. */
static size_t home_of(const struct idmap *map, uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (map->capacity - 1);
}

/* Where the key is, or the free slot where it would be. */
static size_t find(const struct idmap *map, uint64_t key)
{
	size_t at = home_of(map, key);

	while (map->slots[at].key != 0 && map->slots[at].key != key) {
		at = (at + 1) & (map->capacity - 1);
	}
	return at;
}

void idmap_done(struct idmap *map)
{
	free(map->slots);
	*map = (struct idmap){ 0 };
}

static void grow(struct idmap *map)
{
	struct idmap larger = { .capacity = map->capacity == 0 ? CAPACITY_MIN : 2 * map->capacity,
				.count = map->count };

	larger.slots = alloc_zeroed(larger.capacity, sizeof *larger.slots);
	for (size_t i = 0; i < map->capacity; i++) {
		if (map->slots[i].key != 0) {
			larger.slots[find(&larger, map->slots[i].key)] = map->slots[i];
		}
	}
	free(map->slots);
	*map = larger;
}

void idmap_put(struct idmap *map, uint64_t key, void *value)
{
	size_t at;

	if (2 * (map->count + 1) > map->capacity) {
		grow(map);
	}
	at = find(map, key);
	if (map->slots[at].key == 0) {
		map->count++;
	}
	map->slots[at] = (struct idmap_slot){ key, value };
}

void *idmap_get(const struct idmap *map, uint64_t key)
{
	return map->capacity == 0 || key == 0 ? NULL : map->slots[find(map, key)].value;
}

void idmap_remove(struct idmap *map, uint64_t key)
{
	size_t hole;
	size_t at;

	if (idmap_get(map, key) == NULL) {
		return;
	}
	hole = find(map, key);
	for (at = (hole + 1) & (map->capacity - 1); map->slots[at].key != 0;
	     at = (at + 1) & (map->capacity - 1)) {
		size_t distance = (at - home_of(map, map->slots[at].key)) & (map->capacity - 1);

		/* whoever's home is not between the hole and here may move into the hole */
		if (distance >= ((at - hole) & (map->capacity - 1))) {
			map->slots[hole] = map->slots[at];
			hole = at;
		}
	}
	map->slots[hole] = (struct idmap_slot){ 0 };
	map->count--;
}

void *idmap_next(const struct idmap *map, size_t *at)
{
	while (*at < map->capacity) {
		void *value = map->slots[(*at)++].value;

		if (value != NULL) {
			return value;
		}
	}
	return NULL;
}
