/*
 * knowledge_parts.h - what the builder's two files share: gathering (knowledge_builder.c) and
 * writing (knowledge_writing.c).
 */
#pragma once

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
