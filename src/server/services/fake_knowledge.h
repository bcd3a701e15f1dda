/*
 * fake_knowledge.h - knowledge.h in memory, for tests: a program links it in place of the feeds'.
 *
 * Entries are looked up in the order they were added, which has to be by rising id.
 */
#pragma once

#include "server/feeds/knowledge.h"

#define FAKE_ENTRIES_MAX  256
#define FAKE_RANGES_MAX   1024
#define FAKE_VERSIONS_MAX 1024
#define FAKE_FACTS_MAX    64

/* All borrowed. */
struct fake_entry {
	struct span stream;
	struct span package;
	struct knowledge_entry entry; /* counts and places are filled in */
	const struct knowledge_range *ranges;
	size_t range_count;
	const struct span *versions;
	size_t version_count;
};

struct knowledge {
	struct fake_entry entries[FAKE_ENTRIES_MAX];
	size_t entry_count;
	struct knowledge_vulnerability facts[FAKE_FACTS_MAX];
	size_t fact_count;
	struct knowledge_range ranges[FAKE_RANGES_MAX];
	size_t range_count;
	struct span versions[FAKE_VERSIONS_MAX];
	size_t version_count;
};

/* False where it is full. */
bool fake_knowledge_add(struct knowledge *knowledge, const struct fake_entry *entry);
bool fake_knowledge_add_facts(struct knowledge *knowledge,
			      const struct knowledge_vulnerability *facts);
