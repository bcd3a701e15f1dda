/* unpack_wants.c - the files that collectors read for a judgement, and Go's mark in programs. */
#include <string.h>

#include "base/span.h"
#include "cli/check/unpack.h"
#include "cli/check/unpack_program.h"

static const char *const wanted_paths[] = {
	"etc/os-release",
	"usr/lib/os-release",
	"etc/debian_version",
	"etc/passwd",
	"var/lib/dpkg/status",
	"lib/apk/db/installed",
	"usr/lib/apk/db/installed",
	"usr/lib/sysimage/rpm/rpmdb.sqlite",
	"usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
	"usr/lib/sysimage/rpm/Packages.db",
	"var/lib/rpm/rpmdb.sqlite",
	"var/lib/rpm/rpmdb.sqlite-wal",
	"var/lib/rpm/Packages.db",
};

/* What must be in front, within (NULL: anything) and at the end. */
static const struct {
	const char *prefix;
	const char *part;
	const char *suffix;
} wanted_kinds[] = {
	{ "var/lib/dpkg/status.d/", NULL, "" },         { "", ".dist-info/METADATA", "METADATA" },
	{ "", ".egg-info/PKG-INFO", "PKG-INFO" },       { "", NULL, ".egg-info" },
	{ "", "/specifications/", ".gemspec" },         { "", "/node_modules/", "/package.json" },
	{ "usr/share/nodejs/", NULL, "/package.json" }, { "", NULL, ".cargo/.crates.toml" },
};

static const char *const program_folders[] = { "usr/bin/", "usr/local/bin/" };

static bool is_program_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) + 1 : 0;

	for (size_t i = 0; i < COUNT_OF(program_folders); i++) {
		if (len == strlen(program_folders[i]) &&
		    strncmp(path, program_folders[i], len) == 0) {
			return true;
		}
	}
	return len >= 8 && strncmp(slash - 7, "/go/bin", 7) == 0;
}

bool unpack_wants(const char *path, bool *out_is_program)
{
	struct span text = span_of(path);

	*out_is_program = false;
	for (size_t i = 0; i < COUNT_OF(wanted_paths); i++) {
		if (span_is(text, wanted_paths[i])) {
			return true;
		}
	}
	for (size_t i = 0; i < COUNT_OF(wanted_kinds); i++) {
		if (span_starts_with(text, wanted_kinds[i].prefix) &&
		    span_ends_with(text, wanted_kinds[i].suffix) &&
		    (wanted_kinds[i].part == NULL || strstr(path, wanted_kinds[i].part) != NULL)) {
			return true;
		}
	}
	*out_is_program = is_program_path(path);
	return *out_is_program;
}

static const uint8_t elf[4] = { 0x7f, 'E', 'L', 'F' };
static const uint8_t go_mark[UNPACK_GO_MARK_SIZE] = { 0xff, ' ', 'G', 'o', ' ', 'b', 'u',
						      'i',  'l', 'd', 'i', 'n', 'f', ':' };

void unpack_program_add(struct unpack_program *p, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p->size < sizeof p->head) {
			p->head[p->size] = bytes[i];
		}
		p->size++;
		/* the mark's first byte is nowhere else in it: a mismatch begins anew */
		if (bytes[i] == go_mark[p->match]) {
			p->match++;
		} else {
			p->match = bytes[i] == go_mark[0] ? 1 : 0;
		}
		if (p->match == sizeof go_mark) {
			p->has_mark = true;
			p->match = 0;
		}
	}
}

bool unpack_program_may_be(const struct unpack_program *p)
{
	return p->size < sizeof elf || memcmp(p->head, elf, sizeof elf) == 0;
}

bool unpack_program_is_go(const struct unpack_program *p)
{
	return p->size >= sizeof elf && memcmp(p->head, elf, sizeof elf) == 0 && p->has_mark;
}
