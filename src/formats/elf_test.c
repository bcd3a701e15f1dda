/* elf_test.c - section headers of a small program for each class and byte order. */
#include "formats/elf.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* Each file has the sections "", .shstrtab and .go.buildinfo. */
static void find_section(struct span file)
{
	struct elf_header header;
	struct elf_section section;
	struct span table;
	struct span names;

	assert_int_equal(elf_header_parse(span_first(file, ELF_HEADER_SIZE), &header), 0);
	assert_int_equal(header.section_count, 3);
	table = span_first(span_after(file, (size_t)header.sections_offset), header.sections_size);
	assert_int_equal(elf_section_at(&header, table, header.names_index, &section), 0);
	names = span_first(span_after(file, (size_t)section.offset), (size_t)section.size);
	assert_true(elf_section_is(&section, names, ".shstrtab"));
	assert_int_equal(elf_section_at(&header, table, 2, &section), 0);
	assert_true(elf_section_is(&section, names, ".go.buildinfo"));
	assert_false(elf_section_is(&section, names, ".go.build"));
	assert_true(section.size == 4 && section.address == 0x401000);
	assert_memory_equal(file.ptr + section.offset, "info", 4);
	assert_int_equal(elf_section_at(&header, table, 3, &section), ERR_NOT_FOUND);
}

static void finds_sections_in_both_classes_and_orders(void **state)
{
	(void)state;
	find_section(fixture("formats-elf/64le"));
	find_section(fixture("formats-elf/64be"));
	find_section(fixture("formats-elf/32le"));
	find_section(fixture("formats-elf/32be"));
}

static void refuses_what_is_no_program(void **state)
{
	struct elf_header header;

	(void)state;
	assert_int_equal(elf_header_parse(span_of("#!/bin/sh\n"), &header), ERR_UNSUPPORTED);
	assert_int_equal(elf_header_parse(fixture("formats-elf/names-beyond"), &header),
			 ERR_MALFORMED);
}

static void parse(struct span part)
{
	struct elf_header header;
	struct elf_section section;

	if (elf_header_parse(part, &header) != 0) {
		return;
	}
	for (unsigned i = 0; i < header.section_count; i++) {
		if (elf_section_at(&header, span_after(part, (size_t)header.sections_offset), i,
				   &section) == 0) {
			assert_true(section.size <= INT64_MAX / 2);
		}
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-elf/64le"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_sections_in_both_classes_and_orders),
		cmocka_unit_test(refuses_what_is_no_program),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
