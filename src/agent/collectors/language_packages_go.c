/* language_packages_go.c - modules that programs of Go were built from. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/collectors/language_packages.h"
#include "base/error.h"
#include "formats/elf.h"
#include "formats/go_buildinfo.h"
#include "sys/clock.h"
#include "sys/file.h"

#define SECTION_MAX (1u << 20)
#define PIECE_MAX   SECTION_MAX

/* In one program. */
#define MODULES_MAX 2048

#define SETTLED_MS 1000

/* Exactly these bytes of a file. */
static int read_piece(int fd, uint64_t offset, uint64_t size, struct buffer *out)
{
	uint8_t *at;
	ssize_t len;

	buffer_clear(out);
	at = size > 0 && size <= PIECE_MAX ? buffer_reserve(out, (size_t)size) : NULL;
	if (at == NULL) {
		return ERR_LIMIT;
	}
	do {
		len = pread(fd, at, (size_t)size, (off_t)offset);
	} while (len < 0 && errno == EINTR);
	if (len < 0 || (uint64_t)len != size) {
		return len < 0 ? ERR_IO : ERR_MALFORMED;
	}
	buffer_grow(out, (size_t)len);
	return 0;
}

static int find_section(const struct elf_header *header, struct span table, struct span names,
			struct elf_section *out)
{
	for (unsigned i = 0; i < header->section_count; i++) {
		int error = elf_section_at(header, table, i, out);

		if (error != 0 || elf_section_is(out, names, ".go.buildinfo")) {
			return error;
		}
	}
	return ERR_NOT_FOUND;
}

static int read_buildinfo(int fd, struct buffer *out)
{
	struct buffer names OWNED(buffer_done);
	struct elf_header header;
	struct elf_section section;
	struct buffer table OWNED(buffer_done);
	int error;

	buffer_init(&table, PIECE_MAX);
	buffer_init(&names, ELF_NAMES_MAX);
	error = read_piece(fd, 0, ELF_HEADER_SIZE, out);
	if (error == 0) {
		error = elf_header_parse(buffer_span(out), &header);
	}
	if (error == 0) {
		error = read_piece(fd, header.sections_offset, header.sections_size, &table);
	}
	if (error == 0) {
		error = elf_section_at(&header, buffer_span(&table), header.names_index, &section);
	}
	if (error == 0) {
		error = read_piece(fd, section.offset, section.size, &names);
	}
	if (error == 0) {
		error = find_section(&header, buffer_span(&table), buffer_span(&names), &section);
	}
	return error != 0 ? error : read_piece(fd, section.offset, section.size, out);
}

static void emit(struct language_walk *walk, const char *path, const struct go_buildinfo *info)
{
	struct go_modules it = go_modules_over(info->modules);
	struct span version = info->go_version;
	struct go_module module;

	/* "go1.22.1 X:experiment" */
	version = span_first(version, span_find(version, ' '));
	if (span_starts_with(version, "go")) {
		version = span_after(version, 2);
	}
	language_emit(walk, "go", span_of("stdlib"), version, path, span_of(NULL));
	for (size_t i = 0; i < MODULES_MAX && go_modules_next(&it, &module); i++) {
		language_emit(walk, "go", module.path, module.version, path, span_of(NULL));
	}
}

static uint64_t mix(uint64_t hash, uint64_t number)
{
	for (unsigned i = 0; i < 8; i++) {
		hash = (hash ^ (number >> 8 * i & 0xff)) * UINT64_C(1099511628211); /* FNV-1a */
	}
	return hash;
}

/* Where it is kept that a state of a file is no program of Go: nearly all are none, and to know it
 * takes four reads each. */
static uint64_t *place_of(const struct language_walk *walk, const struct tree_entry *entry,
			  uint64_t *out_state)
{
	uint64_t state = mix(mix(mix(1, entry->device), entry->inode), (uint64_t)entry->changed_ns);

	*out_state = state;
	return &walk->c->machine->not_of_go[state % MACHINE_NOT_OF_GO];
}

/* What was written just now may be written again and have the same time. */
static bool is_settled(const struct tree_entry *entry)
{
	return clock_wall_ms() - entry->changed_ns / 1000000 > SETTLED_MS;
}

static void take_program(struct language_walk *walk, const char *folder, const char *name,
			 char type)
{
	struct tree *tree = walk->c->machine->tree;
	OWNED(file_close) int fd = -1;
	struct buffer bytes OWNED(buffer_done);
	struct go_buildinfo info;
	struct tree_entry entry;
	char path[TREE_PATH_SIZE];
	uint64_t *known;
	uint64_t state;
	int error;

	buffer_init(&bytes, SECTION_MAX);
	if (type != 'f' || tree_join(folder, name, path) != 0 ||
	    tree_look(tree, path, &entry, NULL) != 0) {
		return;
	}
	known = place_of(walk, &entry, &state);
	if (*known == state || tree_open(tree, path, &fd) != 0) {
		return;
	}
	error = read_buildinfo(fd, &bytes);
	if (error == 0 && go_buildinfo_parse(buffer_span(&bytes), &info) == 0) {
		emit(walk, path, &info);
	} else if (error != ERR_IO && is_settled(&entry)) {
		*known = state;
	}
}

void language_packages_go(struct language_walk *walk, const char *folder)
{
	language_each(walk, folder, take_program);
}
