/*
 * knowledge_form.h - how the index lies in its file; for knowledge.c and its builder only.
 *
 * Numbers are little endian. The sections follow the header without gaps, in this order:
 *
 *   header    96 bytes
 *   streams   by name:           name, first place
 *   places    by stream, name:   name, stream, first entry, reserved, hash of the entries
 *   entries   by place, id:      see below
 *   vulnerabilities by id:       see below
 *   inverse   for each vulnerability, by place: the numbers of its places
 *   lists     words: ranges (introduced, fixed) and versions, each a string
 *   strings   length (2 bytes), bytes
 *
 * A string is named by its offset in the strings; the empty one lies at 0. What begins at a
 * record's "first" ends at the next record's, the last one's at the section's end.
 */
#pragma once

#include <stdint.h>

#define FORM_MAGIC   "BTZKNOW1"
#define FORM_VERSION 1

enum {
	FORM_HEADER_SIZE = 96,
	/* offsets in the header */
	FORM_AT_VERSION = 8,
	FORM_AT_GENERATION = 16,
	FORM_AT_BYTES = 24,
	FORM_AT_CHECKSUM = 32, /* hash of the header up to here, and of the rest */
	FORM_AT_COUNTS = 40,   /* seven numbers of 4 bytes, in the order of enum form_section */

	FORM_STREAM_SIZE = 8,
	FORM_PLACE_SIZE = 24,
	FORM_ENTRY_SIZE = 32,
	FORM_VULNERABILITY_SIZE = 64,
	FORM_WORD_SIZE = 4,

	/* an entry */
	FORM_ENTRY_VULNERABILITY = 0,
	FORM_ENTRY_ADVISORY = 4,
	FORM_ENTRY_QUOTE = 8,
	FORM_ENTRY_RANGES = 12, /* word of the lists */
	FORM_ENTRY_VERSIONS = 16,
	FORM_ENTRY_RANGE_COUNT = 20,   /* 2 bytes */
	FORM_ENTRY_VERSION_COUNT = 22, /* 2 bytes */
	FORM_ENTRY_STATUS = 24,        /* 1 byte */
	FORM_ENTRY_FLAGS = 25,         /* 1 byte */
	FORM_ENTRY_FEED = 26,          /* 2 bytes: an offset in the strings, which lie first */
	FORM_ENTRY_URGENCY = 28,

	/* a vulnerability */
	FORM_VULN_ID = 0,
	FORM_VULN_SUMMARY = 4,
	FORM_VULN_CVSS = 8,
	FORM_VULN_SEVERITY = 12,
	FORM_VULN_PUBLISHED = 16,
	FORM_VULN_KEV_ADDED = 20,
	FORM_VULN_KEV_DUE = 24,
	FORM_VULN_ALIASES = 28,
	FORM_VULN_REFERENCES = 32,
	FORM_VULN_EPSS = 36,       /* + 1; 0: unknown */
	FORM_VULN_PERCENTILE = 40, /* + 1 */
	FORM_VULN_INVERSE = 44,    /* first of the inverse section */
	FORM_VULN_HASH = 48,       /* 8 bytes */
	FORM_VULN_SCORE = 56,      /* 2 bytes, + 1 */
	FORM_VULN_FLAGS = 58,      /* 1 byte: 1 exploited, 2 ransomware */
};

/* Sections, as they are counted: records (bytes of the strings). */
enum form_section {
	FORM_STREAMS,
	FORM_PLACES,
	FORM_ENTRIES,
	FORM_VULNERABILITIES,
	FORM_INVERSE,
	FORM_LISTS,
	FORM_STRINGS,
	FORM_SECTIONS,
};

/* The top bit of a range's second word: the version is itself affected; of its first one: it is not
 * yet. */
#define FORM_LAST_AFFECTED    0x80000000u
#define FORM_INTRODUCED_AFTER FORM_LAST_AFFECTED

/* The file is hashed in blocks of this size, behind the header. */
#define FORM_BLOCK_SIZE 65536
