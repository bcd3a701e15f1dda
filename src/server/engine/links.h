/*
 * links.h - from texts to sets of small numbers: which assets have an address, which places showed
 * a key.
 *
 * Texts are known by their hash alone. A set keeps the order in which numbers were added.
 */
#pragma once

#include "server/inventory/numbering.h"

struct links_set {
	uint32_t *items;
	uint32_t count;
	uint32_t capacity;
};

struct links {
	struct numbering keys;
	struct links_set *sets; /* by the key's number */
	uint32_t size;
};

void links_init(struct links *l);
void links_done(struct links *l);

/* Each pair once. */
void links_add(struct links *l, struct span text, uint32_t number);
void links_remove(struct links *l, struct span text, uint32_t number);

/* The numbers of a text, valid until the next add; an empty set where there are none. */
struct links_set links_of(const struct links *l, struct span text);
