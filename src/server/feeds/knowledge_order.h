/*
 * knowledge_order.h - the order in which what was gathered lies in the index: sorted, so that the
 * order in which feeds came does not matter, and without what is said twice.
 */
#pragma once

#include "server/feeds/knowledge_parts.h"

struct knowledge_order {
	struct knowledge_builder *builder; /* borrowed; nothing may be added meanwhile */
	uint32_t *places;                  /* numbers in order */
	uint32_t *place_rank;
	uint32_t *ids;
	uint32_t *id_rank;
	uint32_t *entries;
	uint32_t entry_count; /* without those that say the same twice */
	uint32_t *inverse;
	uint32_t *inverse_first; /* by id's rank, one more than there are */
};

void knowledge_order_init(struct knowledge_order *order, struct knowledge_builder *builder);
void knowledge_order_done(struct knowledge_order *order);

/* The entry of a rank below entry_count. */
static inline const struct built_entry *knowledge_order_entry(const struct knowledge_order *order,
							      uint32_t rank)
{
	return &order->builder->entries[order->entries[rank]];
}
