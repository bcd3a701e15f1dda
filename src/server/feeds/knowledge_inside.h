/*
 * knowledge_inside.h - the mapped index and the one place with arithmetic on it: for the files that
 * check, search and compare it.
 *
 * What is read here has been checked (knowledge_check.c), so nothing is checked again.
 */
#pragma once

#include "server/feeds/knowledge.h"
#include "server/feeds/knowledge_form.h"

struct knowledge {
	struct span bytes;
	bool is_mapped;
	uint64_t generation;
	const uint8_t *sections[FORM_SECTIONS];
	uint32_t counts[FORM_SECTIONS];
};

/* The whole file, once; fills generation, sections and counts. */
MUST_USE int knowledge_check(struct knowledge *knowledge, struct why *why);

/* Bytes of a section's record. */
static inline size_t record_size(enum form_section section)
{
	static const uint8_t sizes[FORM_SECTIONS] = {
		[FORM_STREAMS] = FORM_STREAM_SIZE,
		[FORM_PLACES] = FORM_PLACE_SIZE,
		[FORM_ENTRIES] = FORM_ENTRY_SIZE,
		[FORM_VULNERABILITIES] = FORM_VULNERABILITY_SIZE,
		[FORM_INVERSE] = FORM_WORD_SIZE,
		[FORM_LISTS] = FORM_WORD_SIZE,
		[FORM_STRINGS] = 1,
	};

	return sizes[section];
}

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static inline const uint8_t *record(const struct knowledge *k, enum form_section section,
				    uint32_t index)
{
	return k->sections[section] + (size_t)index * record_size(section);
}

static inline struct span string_at(const struct knowledge *k, uint32_t at)
{
	const uint8_t *p = k->sections[FORM_STRINGS] + at;

	return (struct span){ p + 2, le16(p) };
}

static inline struct span string_of(const struct knowledge *k, const uint8_t *at)
{
	return string_at(k, le32(at));
}

/* Of the lists: the top bit is none of the offset, whether it means something there or not. */
static inline struct span string_of_word(const struct knowledge *k, const uint8_t *at)
{
	return string_at(k, le32(at) & ~FORM_LAST_AFFECTED);
}

/* What a record's "first" begins ends at the next record's, or with the section. */
static inline uint32_t end_of(const struct knowledge *k, enum form_section section, uint32_t index,
			      size_t offset, uint32_t end)
{
	return index + 1 < k->counts[section] ? le32(record(k, section, index + 1) + offset) : end;
}

static inline uint32_t places_end(const struct knowledge *k, uint32_t stream)
{
	return end_of(k, FORM_STREAMS, stream, 4, k->counts[FORM_PLACES]);
}

static inline uint32_t entries_end(const struct knowledge *k, uint32_t place)
{
	return end_of(k, FORM_PLACES, place, 8, k->counts[FORM_ENTRIES]);
}

static inline uint32_t inverse_end(const struct knowledge *k, uint32_t vulnerability)
{
	return end_of(k, FORM_VULNERABILITIES, vulnerability, FORM_VULN_INVERSE,
		      k->counts[FORM_INVERSE]);
}

static inline bool tell_place(const struct knowledge *k, uint32_t place, knowledge_place *each,
			      void *context)
{
	const uint8_t *p = record(k, FORM_PLACES, place);

	return each(context, string_of(k, record(k, FORM_STREAMS, le32(p + 4))), string_of(k, p));
}
