/* elf.c - the generic ABI's file header and section headers, chapter 4. */
#include "formats/elf.h"

#include "base/error.h"
#include "base/reader.h"

#define CLASS_32        1
#define CLASS_64        2
#define ORDER_LITTLE    1
#define ORDER_BIG       2
#define SECTION_SIZE_32 40
#define SECTION_SIZE_64 64

static uint16_t half(struct reader *r, bool is_big)
{
	return is_big ? reader_be16(r) : reader_le16(r);
}

static uint32_t word(struct reader *r, bool is_big)
{
	return is_big ? reader_be32(r) : reader_le32(r);
}

/* What is as wide as an address. */
static uint64_t wide(struct reader *r, const struct elf_header *h)
{
	if (!h->is_64) {
		return word(r, h->is_big_endian);
	}
	return h->is_big_endian ? reader_be64(r) : reader_le64(r);
}

int elf_header_parse(struct span head, struct elf_header *out)
{
	struct reader r = reader_over(head);
	struct elf_header h = { 0 };
	uint8_t class;
	uint8_t order;
	uint16_t entry_size;

	if (reader_be32(&r) != 0x7f454c46) { /* 0x7f "ELF" */
		return ERR_UNSUPPORTED;
	}
	class = reader_u8(&r);
	order = reader_u8(&r);
	if ((class != CLASS_32 && class != CLASS_64) ||
	    (order != ORDER_LITTLE && order != ORDER_BIG)) {
		return ERR_MALFORMED;
	}
	h.is_64 = class == CLASS_64;
	h.is_big_endian = order == ORDER_BIG;
	(void)reader_bytes(&r, 10);        /* version, ABI, padding */
	(void)reader_bytes(&r, 2 + 2 + 4); /* type, machine, version */
	(void)wide(&r, &h);                /* entry */
	(void)wide(&r, &h);                /* program headers */
	h.sections_offset = wide(&r, &h);
	(void)reader_bytes(&r, 4 + 2 + 2 + 2); /* flags, sizes, program headers */
	entry_size = half(&r, h.is_big_endian);
	h.section_count = half(&r, h.is_big_endian);
	h.names_index = half(&r, h.is_big_endian);
	if (!reader_ok(&r) || h.names_index >= h.section_count ||
	    entry_size != (h.is_64 ? SECTION_SIZE_64 : SECTION_SIZE_32)) {
		return ERR_MALFORMED;
	}
	if (h.section_count > ELF_SECTIONS_MAX || h.sections_offset > INT64_MAX / 2) {
		return ERR_LIMIT;
	}
	h.sections_size = (uint32_t)h.section_count * entry_size;
	*out = h;
	return 0;
}

int elf_section_at(const struct elf_header *header, struct span table, unsigned index,
		   struct elf_section *out)
{
	size_t size = header->is_64 ? SECTION_SIZE_64 : SECTION_SIZE_32;
	struct reader r = reader_over(span_after(table, index * size));
	struct elf_section section;

	if (index >= header->section_count) {
		return ERR_NOT_FOUND;
	}
	section.name = word(&r, header->is_big_endian);
	(void)word(&r, header->is_big_endian); /* type */
	(void)wide(&r, header);                /* flags */
	section.address = wide(&r, header);
	section.offset = wide(&r, header);
	section.size = wide(&r, header);
	if (!reader_ok(&r) || section.offset > INT64_MAX / 2 || section.size > INT64_MAX / 2) {
		return ERR_MALFORMED;
	}
	*out = section;
	return 0;
}

bool elf_section_is(const struct elf_section *section, struct span names, const char *name)
{
	struct span rest = span_after(names, section->name);

	return span_is(span_first(rest, span_find(rest, 0)), name);
}
