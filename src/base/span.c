/* span.c - comparing and cutting borrowed bytes. */
#include "base/span.h"

#include "base/mem.h"

struct span span_of(const char *text)
{
	size_t len = 0;

	if (text == NULL) {
		return (struct span){ NULL, 0 };
	}
	while (text[len] != '\0') {
		len++;
	}
	return (struct span){ (const uint8_t *)text, len };
}

int span_compare(struct span a, struct span b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = mem_compare(a.ptr, b.ptr, shared);

	if (order != 0) {
		return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && mem_compare(a.ptr, b.ptr, a.len) == 0;
}

bool span_is(struct span bytes, const char *text)
{
	return span_equal(bytes, span_of(text));
}

bool span_starts_with(struct span bytes, const char *prefix)
{
	struct span wanted = span_of(prefix);

	return bytes.len >= wanted.len && span_equal(span_first(bytes, wanted.len), wanted);
}

bool span_ends_with(struct span bytes, const char *suffix)
{
	struct span wanted = span_of(suffix);

	return bytes.len >= wanted.len &&
	       span_equal(span_after(bytes, bytes.len - wanted.len), wanted);
}

struct span span_after(struct span bytes, size_t len)
{
	if (len >= bytes.len) {
		return (struct span){ NULL, 0 };
	}
	return (struct span){ bytes.ptr + len, bytes.len - len };
}

struct span span_first(struct span bytes, size_t len)
{
	return (struct span){ bytes.ptr, len < bytes.len ? len : bytes.len };
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span bytes)
{
	while (bytes.len > 0 && is_blank(bytes.ptr[0])) {
		bytes = span_after(bytes, 1);
	}
	while (bytes.len > 0 && is_blank(bytes.ptr[bytes.len - 1])) {
		bytes.len--;
	}
	return bytes;
}

/* Not 0 where one of the eight bytes is 0 (Hacker's Delight, 6-1). */
static uint64_t zero_byte(uint64_t word)
{
	return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

size_t span_find(struct span bytes, uint8_t byte)
{
	uint64_t everywhere = 0x0101010101010101u * byte;
	size_t i = 0;

	for (; bytes.len - i >= sizeof everywhere; i += sizeof everywhere) {
		uint64_t word;

		mem_copy(&word, bytes.ptr + i, sizeof word);
		if (zero_byte(word ^ everywhere) != 0) {
			break;
		}
	}
	for (; i < bytes.len; i++) {
		if (bytes.ptr[i] == byte) {
			return i;
		}
	}
	return bytes.len;
}
