/* address.c - text by the C library (inet_pton is strict), arithmetic byte by byte. */
#include "scan/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct address address_v4(uint32_t host)
{
	struct address a;

	mem_copy(a.bytes, mapped, sizeof mapped);
	for (unsigned i = 0; i < 4; i++) {
		a.bytes[12 + i] = (uint8_t)(host >> (24 - 8 * i));
	}
	return a;
}

struct address address_v6(const uint8_t bytes[16])
{
	struct address a;

	mem_copy(a.bytes, bytes, sizeof a.bytes);
	return a;
}

bool address_is_v4(const struct address *a)
{
	return memcmp(a->bytes, mapped, sizeof mapped) == 0;
}

uint32_t address_to_v4(const struct address *a)
{
	uint32_t host = 0;

	if (!address_is_v4(a)) {
		return 0;
	}
	for (unsigned i = 12; i < ADDRESS_SIZE; i++) {
		host = host << 8 | a->bytes[i];
	}
	return host;
}

struct span address_bytes(const struct address *a)
{
	return address_is_v4(a) ? (struct span){ a->bytes + 12, 4 }
				: (struct span){ a->bytes, ADDRESS_SIZE };
}

int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool address_equal(const struct address *a, const struct address *b)
{
	return address_compare(a, b) == 0;
}

struct address address_plus(const struct address *a, uint64_t offset)
{
	struct address sum = *a;
	unsigned carry = 0;

	for (unsigned i = ADDRESS_SIZE; i > 0; i--) {
		unsigned byte = sum.bytes[i - 1] + (unsigned)(offset & 0xff) + carry;

		sum.bytes[i - 1] = (uint8_t)byte;
		carry = byte >> 8;
		offset >>= 8;
	}
	return sum;
}

/* Sets the bits behind a prefix to zeros or ones. */
static struct address end_of(const struct address *a, unsigned bits, bool is_last)
{
	struct address end = *a;
	unsigned kept = address_is_v4(a) ? 96 + bits : bits;

	for (unsigned i = kept; i < 128; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);

		end.bytes[i / 8] =
			is_last ? end.bytes[i / 8] | bit : (uint8_t)(end.bytes[i / 8] & ~bit);
	}
	return end;
}

struct address address_first(const struct address *a, unsigned bits)
{
	return end_of(a, bits, false);
}

struct address address_last(const struct address *a, unsigned bits)
{
	return end_of(a, bits, true);
}

int address_parse(struct span text, struct address *out)
{
	char copy[INET6_ADDRSTRLEN + 1];
	uint8_t bytes[16];

	if (text.len >= sizeof copy || memchr(text.ptr, '\0', text.len) != NULL) {
		return ERR_MALFORMED;
	}
	mem_copy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1) {
		*out = address_v4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				  (uint32_t)bytes[2] << 8 | bytes[3]);
		return 0;
	}
	if (inet_pton(AF_INET6, copy, bytes) == 1) {
		*out = address_v6(bytes);
		return 0;
	}
	return ERR_MALFORMED;
}

void address_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	struct span bytes = address_bytes(a);

	inet_ntop(bytes.len == 4 ? AF_INET : AF_INET6, bytes.ptr, out, ADDRESS_TEXT_MAX);
}
