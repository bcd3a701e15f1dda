/*
 * knowledge_builder.h - makes the index that knowledge.h searches, of what feeds' parsers hand in.
 *
 * The same records in the same order give the same bytes. Of what several feeds say about one
 * vulnerability, the first word counts; the newest CVSS version wins.
 */
#pragma once

#include "base/attr.h"
#include "server/feeds/knowledge.h"
#include "sys/why.h"

struct knowledge_builder;

/* What one feed says about one package of one stream. Everything is borrowed for the call. */
struct knowledge_record {
	struct span stream;
	struct span package;
	struct span id;
	struct span advisory;
	struct span urgency;
	struct span feed;
	struct span quote; /* cut where it is too long */
	enum knowledge_status status;
	unsigned flags;
	const struct knowledge_range *ranges;
	size_t range_count;
	const struct span *versions;
	size_t version_count;
	/* Of several such entries of one feed, package and id those with a fix hold, else the
	 * first. Red Hat fixes a package once a minor release; whoever judges finds the nearest
	 * one. */
	bool is_alternative;
};

struct knowledge_builder *knowledge_builder_new(void);
void knowledge_builder_free(struct knowledge_builder **builder);

/* ERR_MALFORMED where something of it is empty that must not be, or longer than limits.h says: that
 * record is left out. ERR_LIMIT where the index is full. */
MUST_USE int knowledge_builder_entry(struct knowledge_builder *builder,
				     const struct knowledge_record *record);

/* Facts that say nothing: to be filled by who knows some. */
struct knowledge_vulnerability knowledge_no_facts(struct span id);

/* Adds facts to those that are there; errors as above. */
MUST_USE int knowledge_builder_facts(struct knowledge_builder *builder,
				     const struct knowledge_vulnerability *facts);

/* True where an entry or facts bear this id. */
bool knowledge_builder_knows(const struct knowledge_builder *builder, struct span id);

uint64_t knowledge_builder_entries(const struct knowledge_builder *builder);

/* Writes the index to an open, empty file. The builder can then only be freed. */
MUST_USE int knowledge_builder_write(struct knowledge_builder *builder, uint64_t generation, int fd,
				     struct why *why);

/* Puts it in place of path: beside, synced, renamed. */
MUST_USE int knowledge_builder_save(struct knowledge_builder *builder, uint64_t generation,
				    const char *path, struct why *why);

/* Keeps it in memory only. */
MUST_USE int knowledge_builder_open(struct knowledge_builder *builder, uint64_t generation,
				    struct knowledge **out, struct why *why);
