/* fake_knowledge.c - lists, searched from the front. */
#include "server/services/fake_knowledge.h"

bool fake_knowledge_add(struct knowledge *k, const struct fake_entry *entry)
{
	struct fake_entry *e = &k->entries[k->entry_count];

	if (k->entry_count == FAKE_ENTRIES_MAX ||
	    entry->range_count > FAKE_RANGES_MAX - k->range_count ||
	    entry->version_count > FAKE_VERSIONS_MAX - k->version_count) {
		return false;
	}
	*e = *entry;
	e->entry.range_count = (uint32_t)entry->range_count;
	e->entry.ranges_at = (uint32_t)k->range_count;
	e->entry.version_count = (uint32_t)entry->version_count;
	e->entry.versions_at = (uint32_t)k->version_count;
	for (size_t i = 0; i < entry->range_count; i++) {
		k->ranges[k->range_count++] = entry->ranges[i];
	}
	for (size_t i = 0; i < entry->version_count; i++) {
		k->versions[k->version_count++] = entry->versions[i];
	}
	k->entry_count++;
	return true;
}

bool fake_knowledge_add_facts(struct knowledge *k, const struct knowledge_vulnerability *facts)
{
	if (k->fact_count == FAKE_FACTS_MAX) {
		return false;
	}
	k->facts[k->fact_count++] = *facts;
	return true;
}

bool knowledge_vulnerability(const struct knowledge *k, struct span id,
			     struct knowledge_vulnerability *out)
{
	for (size_t i = 0; i < k->fact_count; i++) {
		if (span_equal(k->facts[i].id, id)) {
			*out = k->facts[i];
			return true;
		}
	}
	return false;
}

struct knowledge_range knowledge_range(const struct knowledge *k,
				       const struct knowledge_entry *entry, uint32_t index)
{
	return k->ranges[entry->ranges_at + index];
}

struct span knowledge_version(const struct knowledge *k, const struct knowledge_entry *entry,
			      uint32_t index)
{
	return k->versions[entry->versions_at + index];
}

/* The first of the package's entries from an index on. */
static uint32_t seek(const struct knowledge *k, struct span stream, struct span package,
		     uint32_t from)
{
	while (from < k->entry_count && !(span_equal(k->entries[from].stream, stream) &&
					  span_equal(k->entries[from].package, package))) {
		from++;
	}
	return from;
}

struct knowledge_entries knowledge_package(const struct knowledge *k, struct span stream,
					   struct span package)
{
	return (struct knowledge_entries){ .knowledge = k,
					   .next = seek(k, stream, package, 0),
					   .end = (uint32_t)k->entry_count };
}

bool knowledge_entries_next(struct knowledge_entries *entries, struct knowledge_entry *out)
{
	const struct knowledge *k = entries->knowledge;
	const struct fake_entry *e;

	if (entries->next >= entries->end) {
		return false;
	}
	e = &k->entries[entries->next];
	*out = e->entry;
	entries->next = seek(k, e->stream, e->package, entries->next + 1);
	return true;
}

bool knowledge_has_stream(const struct knowledge *k, struct span stream)
{
	for (size_t i = 0; i < k->entry_count; i++) {
		if (span_equal(k->entries[i].stream, stream)) {
			return true;
		}
	}
	return false;
}
