/*
 * elf.h - where the sections of a program are (ELF, elf(5)), of either class and byte order.
 *
 * Pure: the caller reads the pieces that it is told to read. Files are not trusted: nothing here is
 * larger than its limit.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* The longest file header; the first bytes of a file to hand over. */
#define ELF_HEADER_SIZE 64

/* More sections, or a longer table of their names, are refused. */
#define ELF_SECTIONS_MAX 4096
#define ELF_NAMES_MAX    65536

struct elf_header {
	bool is_64;
	bool is_big_endian;
	uint64_t sections_offset; /* the table of section headers */
	uint32_t sections_size;   /* its bytes */
	uint16_t section_count;
	uint16_t names_index; /* of the section that holds the sections' names */
};

struct elf_section {
	uint32_t name; /* offset in the names' section */
	uint64_t address;
	uint64_t offset;
	uint64_t size;
};

/* ERR_UNSUPPORTED for what is no ELF file, ERR_MALFORMED, ERR_LIMIT. */
MUST_USE int elf_header_parse(struct span head, struct elf_header *out);

/* A section of the table of headers; ERR_NOT_FOUND behind the last, ERR_MALFORMED. */
MUST_USE int elf_section_at(const struct elf_header *header, struct span table, unsigned index,
			    struct elf_section *out);

/* True where a section has this name; names: the bytes of the names' section. */
bool elf_section_is(const struct elf_section *section, struct span names, const char *name);
