/* links.c - a numbering of the texts' hashes, and a small array for each. */
#include "server/engine/links.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sys/alloc.h"

/* No table has this number: the hash is not one of a row. */
#define NOT_A_TABLE 0

void links_init(struct links *l)
{
	*l = (struct links){ .sets = NULL };
	numbering_init(&l->keys);
}

void links_done(struct links *l)
{
	for (uint32_t i = 0; i < l->size; i++) {
		free(l->sets[i].items);
	}
	free(l->sets);
	numbering_done(&l->keys);
	*l = (struct links){ .sets = NULL };
}

static struct links_set *find(const struct links *l, struct span text)
{
	const struct rowhash key = rowhash_of(NOT_A_TABLE, text);
	uint32_t number;

	return numbering_find(&l->keys, &key, &number) ? &l->sets[number] : NULL;
}

static struct links_set *make(struct links *l, struct span text)
{
	const struct rowhash key = rowhash_of(NOT_A_TABLE, text);
	uint32_t number;

	if (!numbering_find(&l->keys, &key, &number)) {
		number = numbering_add(&l->keys, &key);
	}
	if (number >= l->size) {
		uint32_t size = 2 * number + 64;

		l->sets = alloc_resize(l->sets, size, sizeof *l->sets);
		mem_zero(l->sets + l->size, (size - l->size) * sizeof *l->sets);
		l->size = size;
	}
	return &l->sets[number];
}

static bool holds(const struct links_set *set, uint32_t number)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (set->items[i] == number) {
			return true;
		}
	}
	return false;
}

void links_add(struct links *l, struct span text, uint32_t number)
{
	struct links_set *set = make(l, text);

	if (holds(set, number)) {
		return;
	}
	if (set->count == set->capacity) {
		set->capacity = 2 * set->capacity + 1;
		set->items = alloc_resize(set->items, set->capacity, sizeof *set->items);
	}
	set->items[set->count++] = number;
}

void links_remove(struct links *l, struct span text, uint32_t number)
{
	struct links_set *set = find(l, text);

	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		if (set->items[i] == number) {
			set->count--;
			for (; i < set->count; i++) {
				set->items[i] = set->items[i + 1];
			}
		}
	}
}

struct links_set links_of(const struct links *l, struct span text)
{
	const struct links_set *set = find(l, text);

	return set == NULL ? (struct links_set){ NULL, 0, 0 } : *set;
}
