/*
 * go_buildinfo.c
 *
 *	14 bytes  "\xff Go buildinf:"
 *	1         size of pointers
 *	1         flags: bit 1 set where the texts follow inline
 *	16        unused then
 *	          version: its length as a varint, the text
 *	          modules: the same; 16 bytes of marks before and behind the text itself
 *
 * The modules' text is lines: path, mod, dep, "=>" (what replaces the line above), build; tabs
 *between.
 */
#include "formats/go_buildinfo.h"

#include "base/error.h"

#define HEAD_SIZE    32
#define MAGIC_SIZE   14
#define FLAG_INLINE  2
#define MARK_SIZE    16
#define VARINT_BYTES 5

static struct span take_text(struct reader *r)
{
	uint64_t len = 0;

	for (unsigned i = 0; i < VARINT_BYTES; i++) {
		uint8_t byte = reader_u8(r);

		len |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			return reader_bytes(r, (size_t)len);
		}
	}
	reader_fail(r);
	return (struct span){ NULL, 0 };
}

int go_buildinfo_parse(struct span section, struct go_buildinfo *out)
{
	struct reader r = reader_over(section);
	struct go_buildinfo info;
	uint8_t flags;

	if (!span_is(reader_bytes(&r, MAGIC_SIZE), "\xff Go buildinf:")) {
		return ERR_MALFORMED;
	}
	(void)reader_u8(&r);
	flags = reader_u8(&r);
	if (reader_ok(&r) && (flags & FLAG_INLINE) == 0) {
		return ERR_UNSUPPORTED;
	}
	(void)reader_bytes(&r, HEAD_SIZE - MAGIC_SIZE - 2);
	info.go_version = take_text(&r);
	info.modules = take_text(&r);
	if (!reader_ok(&r) || info.go_version.len == 0) {
		return ERR_MALFORMED;
	}
	info.modules = info.modules.len < 2 * MARK_SIZE
			       ? (struct span){ NULL, 0 }
			       : span_first(span_after(info.modules, MARK_SIZE),
					    info.modules.len - 2 * MARK_SIZE);
	*out = info;
	return 0;
}

struct go_modules go_modules_over(struct span modules)
{
	return (struct go_modules){ .rest = reader_over(modules) };
}

/* A line's module; false for other lines. */
static bool parse_line(struct span line, struct span *out_kind, struct go_module *out)
{
	struct reader r = reader_over(line);

	*out_kind = reader_until(&r, '\t');
	out->path = reader_until(&r, '\t');
	out->version = reader_until(&r, '\t');
	out->is_main = span_is(*out_kind, "mod");
	return (out->is_main || span_is(*out_kind, "dep") || span_is(*out_kind, "=>")) &&
	       out->path.len > 0;
}

bool go_modules_next(struct go_modules *it, struct go_module *out)
{
	struct go_module module;
	struct span kind;

	while (reader_left(&it->rest) > 0) {
		if (!parse_line(reader_line(&it->rest), &kind, &module)) {
			continue;
		}
		if (span_is(kind, "=>")) {
			it->pending.path = module.path;
			it->pending.version = module.version;
			continue;
		}
		if (it->has_pending) {
			*out = it->pending;
			it->pending = module;
			return true;
		}
		it->pending = module;
		it->has_pending = true;
	}
	if (!it->has_pending) {
		return false;
	}
	it->has_pending = false;
	*out = it->pending;
	return true;
}
