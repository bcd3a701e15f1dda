/*
 * rpm_header.c - "il" entries and "dl" bytes of data, both counts first:
 *
 *   il dl | tag type offset count | ... | data
 */
#include "formats/rpm_header.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

#define INTRO_SIZE    8
#define ENTRY_SIZE    16
#define ENTRIES_BLOCK 64 /* entries read at a time */
#define TEXT_BLOCK    128

enum {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_SIZE = 1009,
	TAG_VENDOR = 1011,
	TAG_GROUP = 1016,
	TAG_ARCH = 1022,
	TAG_SOURCERPM = 1044,
	TAG_LONGSIZE = 5009,
	TAG_MODULARITYLABEL = 5096,
};

enum {
	TYPE_INT32 = 4,
	TYPE_INT64 = 5,
	TYPE_STRING = 6,
	TYPE_I18NSTRING = 9, /* one a language, the untranslated first */
};

/* What is wanted of a header, in this order. */
enum {
	NAME,
	VERSION,
	RELEASE,
	EPOCH,
	SIZE,
	VENDOR,
	GROUP,
	ARCH,
	SOURCERPM,
	LONGSIZE,
	MODULE,
	WANTED
};

static const uint32_t tags[WANTED] = {
	[NAME] = TAG_NAME,
	[VERSION] = TAG_VERSION,
	[RELEASE] = TAG_RELEASE,
	[EPOCH] = TAG_EPOCH,
	[SIZE] = TAG_SIZE,
	[VENDOR] = TAG_VENDOR,
	[GROUP] = TAG_GROUP,
	[ARCH] = TAG_ARCH,
	[SOURCERPM] = TAG_SOURCERPM,
	[LONGSIZE] = TAG_LONGSIZE,
	[MODULE] = TAG_MODULARITYLABEL,
};

struct entry {
	bool is_there;
	uint32_t type;
	uint32_t offset;
};

struct header {
	struct rpm_header_source source;
	uint32_t data_size;
	uint64_t data_start;
	struct entry entries[WANTED];
};

static void take_entry(struct reader *r, struct header *header)
{
	uint32_t tag = reader_be32(r);
	uint32_t type = reader_be32(r);
	uint32_t offset = reader_be32(r);
	uint32_t count = reader_be32(r);

	for (size_t i = 0; i < WANTED; i++) {
		if (tags[i] == tag && count > 0) { /* of repeated ones the last counts, as in rpm */
			header->entries[i] = (struct entry){ true, type, offset };
		}
	}
}

static int read_index(struct header *header)
{
	uint8_t buffer[ENTRIES_BLOCK * ENTRY_SIZE];
	struct reader r = reader_over((struct span){ buffer, INTRO_SIZE });
	uint32_t count;
	int error;

	if (header->source.size < INTRO_SIZE) {
		return ERR_MALFORMED;
	}
	error = header->source.read(header->source.context, 0, buffer, INTRO_SIZE);
	if (error != 0) {
		return error;
	}
	count = reader_be32(&r);
	header->data_size = reader_be32(&r);
	if (count > RPM_HEADER_TAGS_MAX || header->data_size > RPM_HEADER_DATA_MAX) {
		return ERR_LIMIT;
	}
	header->data_start = INTRO_SIZE + (uint64_t)count * ENTRY_SIZE;
	if (header->source.size != header->data_start + header->data_size) {
		return ERR_MALFORMED;
	}
	for (uint32_t done = 0; done < count;) {
		uint32_t block = count - done < ENTRIES_BLOCK ? count - done : ENTRIES_BLOCK;

		error = header->source.read(header->source.context,
					    INTRO_SIZE + (uint64_t)done * ENTRY_SIZE, buffer,
					    (size_t)block * ENTRY_SIZE);
		if (error != 0) {
			return error;
		}
		r = reader_over((struct span){ buffer, (size_t)block * ENTRY_SIZE });
		while (reader_left(&r) > 0) {
			take_entry(&r, header);
		}
		done += block;
	}
	return 0;
}

/* Appends the text of a tag; nothing where it is not there. */
static int write_text(const struct header *header, int which, struct writer *w)
{
	const struct entry *entry = &header->entries[which];
	uint8_t buffer[TEXT_BLOCK];
	size_t len = 0;

	if (!entry->is_there) {
		return 0;
	}
	if (entry->type != TYPE_STRING && entry->type != TYPE_I18NSTRING) {
		return ERR_MALFORMED;
	}
	while (len <= RPM_HEADER_TEXT_MAX) {
		uint64_t at = (uint64_t)entry->offset + len;
		size_t block = sizeof buffer;
		struct span piece;
		size_t end;
		int error;

		if (at >= header->data_size) {
			return ERR_MALFORMED; /* no NUL before the end */
		}
		if (block > header->data_size - at) {
			block = (size_t)(header->data_size - at);
		}
		error = header->source.read(header->source.context, header->data_start + at, buffer,
					    block);
		if (error != 0) {
			return error;
		}
		piece = (struct span){ buffer, block };
		end = span_find(piece, 0);
		writer_bytes(w, span_first(piece, end));
		len += end;
		if (end < block) {
			return len <= RPM_HEADER_TEXT_MAX ? 0 : ERR_LIMIT;
		}
	}
	return ERR_LIMIT;
}

/* A number of a tag; false and 0 where it is not there. */
static int read_number(const struct header *header, int which, bool *is_there, uint64_t *out)
{
	const struct entry *entry = &header->entries[which];
	uint8_t buffer[8];
	size_t size = entry->type == TYPE_INT64 ? 8 : 4;
	struct reader r = reader_over((struct span){ buffer, size });
	int error;

	*is_there = entry->is_there;
	*out = 0;
	if (!entry->is_there) {
		return 0;
	}
	if ((entry->type != TYPE_INT32 && entry->type != TYPE_INT64) ||
	    (uint64_t)entry->offset + size > header->data_size) {
		return ERR_MALFORMED;
	}
	error = header->source.read(header->source.context, header->data_start + entry->offset,
				    buffer, size);
	if (error == 0) {
		*out = size == 8 ? reader_be64(&r) : reader_be32(&r);
	}
	return error;
}

/* [epoch:]version-release */
static int write_version(const struct header *header, struct writer *w)
{
	bool has_epoch;
	uint64_t epoch;
	int error = read_number(header, EPOCH, &has_epoch, &epoch);

	if (error != 0) {
		return error;
	}
	if (has_epoch) {
		writer_decimal(w, epoch);
		writer_u8(w, ':');
	}
	error = write_text(header, VERSION, w);
	if (error != 0) {
		return error;
	}
	writer_u8(w, '-');
	return write_text(header, RELEASE, w);
}

static int read_size(const struct header *header, struct rpm_package *out)
{
	int which = header->entries[LONGSIZE].is_there ? LONGSIZE : SIZE;

	return read_number(header, which, &out->has_size, &out->size_bytes);
}

/* What a writer has appended since a mark. */
static struct span written_since(const struct writer *w, size_t mark)
{
	return span_after(writer_span(w), mark);
}

/* Name and stream of a module's label, name:stream:version:context. */
static struct span stream_of(struct span label)
{
	size_t name = span_find(label, ':');
	size_t stream = span_find(span_after(label, name + 1), ':');

	return name < label.len ? span_first(label, name + 1 + stream) : label;
}

static int read_package(const struct header *header, struct writer *w, struct rpm_package *out)
{
	const struct {
		int which;
		struct span *text;
	} texts[] = {
		{ NAME, &out->name },   { ARCH, &out->architecture },    { VENDOR, &out->vendor },
		{ GROUP, &out->group }, { SOURCERPM, &out->source_rpm }, { MODULE, &out->module },
	};
	size_t mark = writer_used(w);
	int error = write_version(header, w);

	out->version = written_since(w, mark);
	for (size_t i = 0; i < COUNT_OF(texts) && error == 0; i++) {
		mark = writer_used(w);
		error = write_text(header, texts[i].which, w);
		*texts[i].text = written_since(w, mark);
	}
	if (error != 0) {
		return error;
	}
	if (!writer_ok(w)) {
		return ERR_FULL;
	}
	out->module = stream_of(out->module);
	return read_size(header, out);
}

int rpm_header_read(struct rpm_header_source source, struct writer *w, struct rpm_package *out)
{
	struct header header = { .source = source };
	struct rpm_package package = { 0 };
	size_t mark = writer_used(w);
	int error = writer_ok(w) ? read_index(&header) : ERR_FULL;

	if (error != 0) {
		return error;
	}
	if (!header.entries[NAME].is_there || !header.entries[VERSION].is_there ||
	    !header.entries[RELEASE].is_there) {
		return ERR_MALFORMED;
	}
	error = read_package(&header, w, &package);
	if (error == 0 && package.name.len == 0) {
		error = ERR_MALFORMED;
	}
	if (error != 0) {
		writer_rewind(w, mark);
		return error;
	}
	*out = package;
	return 0;
}

static int read_span(void *context, uint64_t offset, uint8_t *to, size_t len)
{
	const struct span *whole = context;
	struct span bytes;

	if (offset > whole->len || len > whole->len - offset) {
		return ERR_MALFORMED;
	}
	bytes = span_after(*whole, (size_t)offset);
	mem_copy(to, bytes.ptr, len);
	return 0;
}

struct rpm_header_source rpm_header_source_over(struct span *bytes)
{
	return (struct rpm_header_source){ read_span, bytes, bytes->len };
}

int rpm_header_parse(struct span header, struct writer *w, struct rpm_package *out)
{
	return rpm_header_read(rpm_header_source_over(&header), w, out);
}

/* The index of the last dash; the length where there is none. */
static size_t last_dash(struct span text)
{
	for (size_t i = text.len; i > 0; i--) {
		if (text.ptr[i - 1] == '-') {
			return i - 1;
		}
	}
	return text.len;
}

bool rpm_header_split_source(struct span source_rpm, struct span *name, struct span *version)
{
	static const char *const suffixes[] = { ".src.rpm", ".nosrc.rpm" };

	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		struct span all = source_rpm;
		size_t release;
		size_t dash;

		if (!span_ends_with(all, suffixes[i])) {
			continue;
		}
		all.len -= span_of(suffixes[i]).len;
		release = last_dash(all);
		dash = last_dash(span_first(all, release));
		if (release == all.len || dash == release || dash == 0) {
			return false;
		}
		*name = span_first(all, dash);
		*version = span_after(all, dash + 1);
		return true;
	}
	return false;
}
