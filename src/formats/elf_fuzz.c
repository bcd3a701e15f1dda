#include "formats/elf.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = { data, size };
	struct elf_header header;
	struct elf_section section;

	if (elf_header_parse(span_first(file, ELF_HEADER_SIZE), &header) != 0) {
		return 0;
	}
	for (unsigned i = 0; i <= header.section_count; i++) {
		if (elf_section_at(&header, span_after(file, (size_t)header.sections_offset), i,
				   &section) == 0) {
			(void)elf_section_is(&section, file, ".go.buildinfo");
		}
	}
	return 0;
}
