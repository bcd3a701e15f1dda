/*
 * tar.c - a header block of 512 bytes, the content padded to blocks, two blocks of zeros at the
 * end.
 *
 *   0 name[100]  100 mode[8]  108 uid[8]  116 gid[8]  124 size[12]  136 mtime[12]  148 checksum[8]
 *   156 type  157 link[100]  257 magic[6]  263 version[2]  265 user[32]  297 group[32]
 *   329 major[8]  337 minor[8]  345 prefix[155]
 *
 * GNU writes "ustar  " and keeps times where the prefix is; v7 has no magic.
 */
#include "formats/tar.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/text.h"

enum {
	AT_SIZE = 124,
	AT_CHECKSUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
	AT_GNU_IS_EXTENDED = 482,
	AT_GNU_MORE = 504,
	NAME_LEN = 100,
	PREFIX_LEN = 155,
	NUMBER_LEN = 12,
	CHECKSUM_LEN = 8,
};

/* The longest key of a pax record that means anything here. */
#define KEY_SIZE 64

/* Old GNU sparse files: blocks of map behind the header. */
#define SPARSE_BLOCKS_MAX 4096

/* What extended headers said of the entry that follows. */
struct extension {
	bool has_name;
	bool has_target;
	bool has_size;
	bool is_sparse;
	uint64_t size;
};

void tar_init(struct tar *tar, struct tar_source source)
{
	*tar = (struct tar){ .source = source };
}

static int read_memory(void *context, uint8_t *to, size_t len, size_t *out_len)
{
	struct reader *bytes = context;
	struct span piece =
		reader_bytes(bytes, len < reader_left(bytes) ? len : reader_left(bytes));

	mem_copy(to, piece.ptr, piece.len);
	*out_len = piece.len;
	return 0;
}

struct tar_source tar_source_over(struct reader *bytes)
{
	return (struct tar_source){ read_memory, bytes };
}

/* ERR_NOT_FOUND where the archive ends before the first byte, ERR_MALFORMED within. */
static int read_exactly(struct tar *tar, uint8_t *to, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t got = 0;
		int error = tar->source.read(tar->source.context, to + done, len - done, &got);

		if (error != 0) {
			return error;
		}
		if (got == 0) {
			return done == 0 ? ERR_NOT_FOUND : ERR_MALFORMED;
		}
		done += got;
	}
	tar->offset += len;
	return 0;
}

/* Where there have to be more bytes, the end is an error. */
static int need(int error)
{
	return error == ERR_NOT_FOUND ? ERR_MALFORMED : error;
}

static int pass_over(struct tar *tar, uint64_t len)
{
	int error = 0;

	while (error == 0 && len > 0) {
		size_t piece = len < sizeof tar->block ? (size_t)len : sizeof tar->block;

		error = need(read_exactly(tar, tar->block, piece));
		len -= piece;
	}
	return error;
}

static struct span field(const struct tar *tar, size_t at, size_t len)
{
	struct span bytes =
		span_first(span_after((struct span){ tar->block, sizeof tar->block }, at), len);

	return span_first(bytes, span_find(bytes, '\0'));
}

static bool is_zeros(const struct tar *tar)
{
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof tar->block; i++) {
		any |= tar->block[i];
	}
	return any == 0;
}

/* The sum of all bytes, the checksum's own counted as spaces. */
static bool is_sum_right(const struct tar *tar)
{
	struct span digits = span_trim(field(tar, AT_CHECKSUM, CHECKSUM_LEN));
	uint64_t stated;
	uint64_t sum = 0;
	int64_t signed_sum = 0; /* as some old writers had it */

	if (text_to_octal(digits, UINT32_MAX, &stated) != 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof tar->block; i++) {
		bool is_own = i >= AT_CHECKSUM && i < AT_CHECKSUM + CHECKSUM_LEN;
		uint8_t byte = is_own ? ' ' : tar->block[i];

		sum += byte;
		signed_sum += (int8_t)byte;
	}
	return stated == sum || (signed_sum >= 0 && stated == (uint64_t)signed_sum);
}

/* Octal digits, or of GNU 0x80 and a big endian number. */
static int size_of(const struct tar *tar, uint64_t *out)
{
	const uint8_t *at = tar->block + AT_SIZE;
	uint64_t size = 0;
	struct span digits = span_trim(field(tar, AT_SIZE, NUMBER_LEN));

	if ((at[0] & 0x80) == 0) {
		if (digits.len == 0) {
			*out = 0;
			return 0;
		}
		return text_to_octal(digits, TAR_SIZE_MAX, out);
	}
	for (size_t i = 0; i < NUMBER_LEN; i++) {
		uint8_t byte = i == 0 ? at[i] & 0x7f : at[i];

		if (size > TAR_SIZE_MAX >> 8) {
			return ERR_LIMIT;
		}
		size = size << 8 | byte;
	}
	*out = size;
	return size > TAR_SIZE_MAX ? ERR_LIMIT : 0;
}

/* --- extended headers --- */

/* A header's bytes, block by block. */
struct content {
	struct tar *tar;
	uint64_t left;
	struct reader bytes;
	int error;
};

static uint8_t content_u8(struct content *c)
{
	if (c->left == 0 || c->error != 0) {
		c->error = c->error != 0 ? c->error : ERR_MALFORMED;
		return 0;
	}
	if (reader_left(&c->bytes) == 0) {
		c->error = need(read_exactly(c->tar, c->tar->block, sizeof c->tar->block));
		c->bytes = reader_over((struct span){ c->tar->block, sizeof c->tar->block });
	}
	c->left--;
	return c->error != 0 ? 0 : reader_u8(&c->bytes);
}

/* len bytes as a text with its NUL. A NUL within would name another file than it shows. */
static void content_text(struct content *c, uint64_t len, char *to, size_t size)
{
	if (len >= size) {
		c->error = ERR_LIMIT;
		return;
	}
	for (uint64_t i = 0; i < len && c->error == 0; i++) {
		to[i] = (char)content_u8(c);
		if (to[i] == '\0') {
			c->error = ERR_MALFORMED;
		}
	}
	to[len] = '\0';
}

/* GNU's long name ends with one NUL or more. */
static int take_long_name(struct content *c, char to[TAR_NAME_SIZE])
{
	size_t len = 0;

	if (c->left > TAR_NAME_SIZE) {
		return ERR_LIMIT;
	}
	while (c->left > 0 && c->error == 0) {
		to[len++] = (char)content_u8(c);
	}
	while (len > 0 && to[len - 1] == '\0') {
		len--;
	}
	if (c->error == 0 && len == TAR_NAME_SIZE) {
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < len; i++) {
		if (to[i] == '\0') {
			return ERR_MALFORMED;
		}
	}
	to[len] = '\0';
	return c->error != 0 ? c->error : len == 0 ? ERR_MALFORMED : 0;
}

/* "27 path=some/where\n": the length counts itself. */
static void take_record(struct content *c, struct extension *e, struct tar_entry *out)
{
	uint64_t before = c->left;
	uint64_t len = 0;
	size_t key_len = 0;
	uint8_t key[KEY_SIZE];
	struct span name;
	char digits[24];
	uint8_t byte;

	while ((byte = content_u8(c)) >= '0' && byte <= '9' && len <= TAR_EXTENSION_BYTES_MAX) {
		len = 10 * len + (byte - '0');
	}
	if (byte != ' ' || len > before || len <= before - c->left) {
		c->error = c->error != 0 ? c->error : ERR_MALFORMED;
		return;
	}
	len -= before - c->left; /* of "key=value\n" */
	while (len > 1 && (byte = content_u8(c)) != '=') {
		if (key_len < sizeof key) {
			key[key_len++] = byte;
		}
		len--;
	}
	if (len < 2 || c->error != 0) {
		c->error = c->error != 0 ? c->error : ERR_MALFORMED;
		return;
	}
	len -= 2; /* of the value alone */
	name = (struct span){ key, key_len };
	if (span_is(name, "path")) {
		content_text(c, len, out->name, sizeof out->name);
		e->has_name = len > 0;
	} else if (span_is(name, "linkpath")) {
		content_text(c, len, out->target, sizeof out->target);
		e->has_target = len > 0;
	} else if (span_is(name, "size")) {
		content_text(c, len, digits, sizeof digits);
		e->has_size = len > 0;
		if (len > 0 && c->error == 0) {
			c->error = text_to_u64(span_of(digits), TAR_SIZE_MAX, &e->size);
		}
	} else {
		e->is_sparse = e->is_sparse || span_starts_with(name, "GNU.sparse.");
		while (len-- > 0 && c->error == 0) {
			(void)content_u8(c);
		}
	}
	if (content_u8(c) != '\n' && c->error == 0) {
		c->error = ERR_MALFORMED;
	}
}

/* Global headers are of no interest here; they are read for their form. */
static int take_extension(struct tar *tar, uint8_t type, uint64_t size, struct extension *e,
			  struct tar_entry *out)
{
	struct content c = { .tar = tar, .left = size };
	int error = 0;

	if (size > TAR_EXTENSION_BYTES_MAX) {
		return ERR_LIMIT;
	}
	if (type == 'g') {
		return pass_over(tar,
				 (size + TAR_BLOCK_SIZE - 1) / TAR_BLOCK_SIZE * TAR_BLOCK_SIZE);
	}
	if (type == 'L') {
		error = take_long_name(&c, out->name);
		e->has_name = true;
	} else if (type == 'K') {
		error = take_long_name(&c, out->target);
		e->has_target = true;
	}
	while (type == 'x' && c.left > 0 && c.error == 0) {
		take_record(&c, e, out);
	}
	return error != 0 ? error : c.error;
}

/* --- entries --- */

static void name_of(const struct tar *tar, char to[TAR_NAME_SIZE])
{
	static const uint8_t posix[] = { 'u', 's', 't', 'a', 'r', '\0' };
	struct writer w = writer_over((uint8_t *)to, TAR_NAME_SIZE - 1);
	struct span prefix = field(tar, AT_PREFIX, PREFIX_LEN);

	if (mem_compare(tar->block + AT_MAGIC, posix, sizeof posix) == 0 && prefix.len > 0) {
		writer_bytes(&w, prefix);
		writer_text(&w, "/");
	}
	writer_bytes(&w, field(tar, 0, NAME_LEN));
	to[writer_used(&w)] = '\0';
}

static void target_of(const struct tar *tar, char to[TAR_NAME_SIZE])
{
	struct span target = field(tar, AT_LINK, NAME_LEN);

	mem_copy(to, target.ptr, target.len);
	to[target.len] = '\0';
}

static enum tar_type type_of(uint8_t type, const char *name)
{
	switch (type) {
	case '\0':
	case '0':
	case '7':
		return span_ends_with(span_of(name), "/") ? TAR_FOLDER : TAR_FILE;
	case '1':
		return TAR_HARD_LINK;
	case '2':
		return TAR_LINK;
	case '5':
		return TAR_FOLDER;
	default:
		return TAR_OTHER;
	}
}

/* Behind the header of an old GNU sparse file are blocks of its map. */
static int pass_sparse_map(struct tar *tar)
{
	bool is_more = tar->block[AT_GNU_IS_EXTENDED] != 0;
	int error = 0;

	for (unsigned i = 0; error == 0 && is_more; i++) {
		error = i == SPARSE_BLOCKS_MAX
				? ERR_LIMIT
				: need(read_exactly(tar, tar->block, sizeof tar->block));
		is_more = tar->block[AT_GNU_MORE] != 0;
	}
	return error;
}

static int take_entry(struct tar *tar, uint8_t type, uint64_t size, const struct extension *e,
		      struct tar_entry *out)
{
	int error = 0;

	if (!e->has_name) {
		name_of(tar, out->name);
	}
	if (!e->has_target) {
		target_of(tar, out->target);
	}
	out->type = e->is_sparse ? TAR_OTHER : type_of(type, out->name);
	out->size = e->has_size ? e->size : size;
	if (out->type == TAR_LINK || out->type == TAR_HARD_LINK || out->type == TAR_FOLDER) {
		/* a hard link may repeat the size without having the content */
		out->size = type == '1' && e->has_size ? e->size : 0;
		size = out->size;
	} else {
		out->target[0] = '\0';
	}
	if (type == 'S') {
		error = pass_sparse_map(tar);
	}
	out->offset = tar->offset;
	tar->left = out->size;
	tar->padding = (unsigned)((TAR_BLOCK_SIZE - out->size % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE);
	return error != 0 ? error : out->name[0] == '\0' ? ERR_MALFORMED : 0;
}

static int next_header(struct tar *tar, uint8_t *out_type, uint64_t *out_size)
{
	int error = read_exactly(tar, tar->block, sizeof tar->block);

	if (error != 0) {
		return error;
	}
	if (is_zeros(tar)) {
		tar->has_end = true;
		return ERR_NOT_FOUND;
	}
	if (!is_sum_right(tar)) {
		return ERR_MALFORMED;
	}
	*out_type = tar->block[AT_TYPE];
	return size_of(tar, out_size);
}

static bool is_extension(uint8_t type)
{
	return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

int tar_next(struct tar *tar, struct tar_entry *out)
{
	struct extension e = { 0 };
	uint8_t type = 0;
	uint64_t size = 0;
	int error = pass_over(tar, tar->left + tar->padding);

	tar->left = 0;
	tar->padding = 0;
	if (error == 0) {
		error = next_header(tar, &type, &size);
	}
	for (unsigned i = 0; error == 0 && is_extension(type); i++) {
		if (i == TAR_EXTENSIONS_MAX) {
			return ERR_LIMIT;
		}
		error = take_extension(tar, type, size, &e, out);
		if (error == 0) {
			error = need(next_header(tar, &type, &size));
		}
	}
	return error != 0 ? error : take_entry(tar, type, size, &e, out);
}

bool tar_has_end(const struct tar *tar)
{
	return tar->has_end;
}

bool tar_is(struct span bytes)
{
	struct tar tar = { .offset = 0 };

	if (bytes.len < sizeof tar.block) {
		return false;
	}
	mem_copy(tar.block, bytes.ptr, sizeof tar.block);
	return !is_zeros(&tar) && is_sum_right(&tar);
}

int tar_read(struct tar *tar, uint8_t *to, size_t len, size_t *out_len)
{
	size_t piece = tar->left < len ? (size_t)tar->left : len;
	int error = piece > 0 ? need(read_exactly(tar, to, piece)) : 0;

	if (error == 0) {
		tar->left -= piece;
		*out_len = piece;
	}
	return error;
}
