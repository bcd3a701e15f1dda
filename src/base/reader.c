/* reader.c - the only place with pointer arithmetic on input. */
#include "base/reader.h"

struct reader reader_over(struct span bytes)
{
	return (struct reader){ .rest = bytes, .failed = false };
}

void reader_fail(struct reader *r)
{
	r->failed = true;
	r->rest = (struct span){ NULL, 0 };
}

struct span reader_bytes(struct reader *r, size_t len)
{
	struct span taken;

	if (len > r->rest.len) {
		reader_fail(r);
		return (struct span){ NULL, 0 };
	}
	taken = (struct span){ r->rest.ptr, len };
	if (len > 0) {
		r->rest.ptr += len;
		r->rest.len -= len;
	}
	return taken;
}

static uint64_t big_endian(struct reader *r, size_t size)
{
	struct span bytes = reader_bytes(r, size);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		value = value << 8 | bytes.ptr[i];
	}
	return value;
}

static uint64_t little_endian(struct reader *r, size_t size)
{
	struct span bytes = reader_bytes(r, size);
	uint64_t value = 0;

	for (size_t i = bytes.len; i > 0; i--) {
		value = value << 8 | bytes.ptr[i - 1];
	}
	return value;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)big_endian(r, 1);
}

uint16_t reader_be16(struct reader *r)
{
	return (uint16_t)big_endian(r, 2);
}

uint32_t reader_be32(struct reader *r)
{
	return (uint32_t)big_endian(r, 4);
}

uint64_t reader_be64(struct reader *r)
{
	return big_endian(r, 8);
}

uint16_t reader_le16(struct reader *r)
{
	return (uint16_t)little_endian(r, 2);
}

uint32_t reader_le32(struct reader *r)
{
	return (uint32_t)little_endian(r, 4);
}

/* Spelt out, which compilers make one load of: sums and hashes take whole blocks by it. */
uint64_t reader_le64(struct reader *r)
{
	const uint8_t *p = reader_bytes(r, 8).ptr;

	if (p == NULL) {
		return 0;
	}
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

struct span reader_until(struct reader *r, uint8_t delimiter)
{
	size_t at = span_find(r->rest, delimiter);
	bool is_found = at < r->rest.len;
	struct span taken = reader_bytes(r, at);

	if (is_found) {
		(void)reader_bytes(r, 1);
	}
	return taken;
}

struct span reader_line(struct reader *r)
{
	struct span line = reader_until(r, '\n');

	if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
		line.len--;
	}
	return line;
}

uint8_t reader_peek(const struct reader *r)
{
	return r->rest.len > 0 ? r->rest.ptr[0] : 0;
}

size_t reader_left(const struct reader *r)
{
	return r->rest.len;
}

struct span reader_rest(struct reader *r)
{
	return reader_bytes(r, r->rest.len);
}

bool reader_ok(const struct reader *r)
{
	return !r->failed;
}

bool reader_done(const struct reader *r)
{
	return !r->failed && r->rest.len == 0;
}
