/*
 * knowledge_parts.h - what the builder's files share: gathering (knowledge_builder.c), sorting
 * (knowledge_order.c) and writing (knowledge_writing.c).
 */
#pragma once

#include "base/mem.h"
#include "server/feeds/intern.h"
#include "server/feeds/knowledge_builder.h"

/* Strings by their number in builder->strings; number 0 is the empty one. */
struct built_entry {
	uint32_t place;
	uint32_t vulnerability;
	uint32_t advisory;
	uint32_t urgency;
	uint32_t quote;
	uint32_t ranges; /* numbers in builder->lists */
	uint32_t versions;
	uint32_t feed;
	uint8_t status;
	uint8_t flags;
	bool is_alternative;
};

struct built_vulnerability {
	uint32_t summary;
	uint32_t cvss;
	uint32_t severity;
	uint32_t published;
	uint32_t kev_added;
	uint32_t kev_due;
	uint32_t aliases;
	uint32_t references;
	int32_t epss_millionths;
	int32_t percentile_millionths;
	int16_t score_tenths;
	bool is_exploited;
	bool is_ransomware;
};

struct built_place {
	uint32_t stream;
	uint32_t package;
};

struct knowledge_builder {
	struct intern strings;
	struct intern lists;  /* each a run of words: string numbers, the range's bit at the top */
	struct intern places; /* each a struct built_place */
	struct intern ids;    /* of vulnerabilities */
	struct built_entry *entries;
	uint32_t entry_count;
	uint32_t entry_capacity;
	struct built_vulnerability *vulnerabilities; /* by their number in ids */
	uint32_t vulnerability_capacity;
};

static inline size_t built_list_words(const struct knowledge_builder *b, uint32_t number)
{
	return intern_get(&b->lists, number).len / sizeof(uint32_t);
}

static inline uint32_t built_list_word(const struct knowledge_builder *b, uint32_t number,
				       size_t index)
{
	uint32_t word;

	mem_copy(&word, intern_get(&b->lists, number).ptr + index * sizeof word, sizeof word);
	return word;
}

static inline struct built_place built_place_get(const struct knowledge_builder *b, uint32_t number)
{
	struct built_place place;

	mem_copy(&place, intern_get(&b->places, number).ptr, sizeof place);
	return place;
}
