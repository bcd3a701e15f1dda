/* writer.c - bounded output. */
#include "base/writer.h"

#include "base/mem.h"

struct writer writer_over(uint8_t *buffer, size_t capacity)
{
	return (struct writer){ .buffer = buffer, .capacity = capacity };
}

uint8_t *writer_reserve(struct writer *w, size_t len)
{
	uint8_t *at;

	if (w->failed || len > w->capacity - w->used) {
		w->failed = true;
		return NULL;
	}
	at = w->buffer + w->used;
	w->used += len;
	return at;
}

static void big_endian(struct writer *w, uint64_t value, size_t size)
{
	uint8_t *at = writer_reserve(w, size);

	if (at == NULL) {
		return;
	}
	for (size_t i = size; i > 0; i--) {
		at[i - 1] = (uint8_t)value;
		value >>= 8;
	}
}

static void little_endian(struct writer *w, uint64_t value, size_t size)
{
	uint8_t *at = writer_reserve(w, size);

	if (at == NULL) {
		return;
	}
	for (size_t i = 0; i < size; i++) {
		at[i] = (uint8_t)value;
		value >>= 8;
	}
}

void writer_u8(struct writer *w, uint8_t value)
{
	big_endian(w, value, 1);
}

void writer_be16(struct writer *w, uint16_t value)
{
	big_endian(w, value, 2);
}

void writer_be32(struct writer *w, uint32_t value)
{
	big_endian(w, value, 4);
}

void writer_be64(struct writer *w, uint64_t value)
{
	big_endian(w, value, 8);
}

void writer_le32(struct writer *w, uint32_t value)
{
	little_endian(w, value, 4);
}

void writer_le64(struct writer *w, uint64_t value)
{
	little_endian(w, value, 8);
}

void writer_bytes(struct writer *w, struct span bytes)
{
	uint8_t *at = writer_reserve(w, bytes.len);

	if (at != NULL) {
		mem_copy(at, bytes.ptr, bytes.len);
	}
}

void writer_text(struct writer *w, const char *text)
{
	writer_bytes(w, span_of(text));
}

void writer_decimal(struct writer *w, uint64_t value)
{
	uint8_t digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (uint8_t)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	writer_bytes(w, (struct span){ digits + at, sizeof digits - at });
}

void writer_rewind(struct writer *w, size_t mark)
{
	if (mark <= w->used) {
		w->used = mark;
		w->failed = false;
	}
}

size_t writer_used(const struct writer *w)
{
	return w->used;
}

size_t writer_left(const struct writer *w)
{
	return w->failed ? 0 : w->capacity - w->used;
}

struct span writer_span(const struct writer *w)
{
	return (struct span){ w->buffer, w->used };
}

bool writer_ok(const struct writer *w)
{
	return !w->failed;
}
