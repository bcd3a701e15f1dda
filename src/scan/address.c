/* address.c - text by the C library (inet_pton is strict), arithmetic byte by byte. */
#include "scan/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

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

struct address address_before(const struct address *a)
{
	struct address b = *a;

	for (size_t i = ADDRESS_SIZE; i > 0 && b.bytes[i - 1]-- == 0; i--) {
	}
	return b;
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

bool address_is_link_local(const struct address *a)
{
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

unsigned address_zone(const struct address *a)
{
	return address_is_link_local(a) ? (unsigned)a->bytes[2] << 8 | a->bytes[3] : 0;
}

struct address address_in_zone(const struct address *a, unsigned zone)
{
	struct address in = *a;

	if (address_is_link_local(a) && zone <= 0xffff) {
		in.bytes[2] = (uint8_t)(zone >> 8);
		in.bytes[3] = (uint8_t)zone;
	}
	return in;
}

struct address address_bare(const struct address *a)
{
	return address_in_zone(a, 0);
}

struct net_address address_socket(const struct address *a, uint16_t port)
{
	struct net_address out = { .length = sizeof(struct sockaddr_in6) };
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&out.storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&out.storage;
	struct address bare = address_bare(a);

	if (address_is_v4(a)) {
		out.length = sizeof *v4;
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		v4->sin_addr.s_addr = htonl(address_to_v4(a));
		return out;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	v6->sin6_scope_id = address_zone(a);
	mem_copy(v6->sin6_addr.s6_addr, bare.bytes, ADDRESS_SIZE);
	return out;
}

struct address address_of_socket(const struct sockaddr *from)
{
	struct address address = { { 0 } };

	if (from != NULL && from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;

		return address_v4(ntohl(in->sin_addr.s_addr));
	}
	if (from != NULL && from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)from;

		address = address_v6(in->sin6_addr.s6_addr);
		return address_in_zone(&address, in->sin6_scope_id);
	}
	return address;
}

/* An interface's index, by name or number. */
static int parse_zone(struct span text, unsigned *out)
{
	char name[IF_NAMESIZE];
	uint64_t number;

	if (text.len == 0 || text.len >= sizeof name) {
		return ERR_NOT_FOUND;
	}
	mem_copy(name, text.ptr, text.len);
	name[text.len] = '\0';
	*out = if_nametoindex(name);
	if (*out == 0 && text_to_u64(text, 0xffff, &number) == 0) {
		*out = (unsigned)number;
	}
	return *out == 0 || *out > 0xffff ? ERR_NOT_FOUND : 0;
}

int address_parse(struct span text, struct address *out)
{
	size_t percent = span_find(text, '%');
	struct span number = span_first(text, percent);
	struct address address;
	char copy[INET6_ADDRSTRLEN + 1];
	uint8_t bytes[16];
	unsigned zone = 0;

	if (number.len >= sizeof copy || memchr(text.ptr, '\0', text.len) != NULL) {
		return ERR_MALFORMED;
	}
	mem_copy(copy, number.ptr, number.len);
	copy[number.len] = '\0';
	if (percent == text.len && inet_pton(AF_INET, copy, bytes) == 1) {
		*out = address_v4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				  (uint32_t)bytes[2] << 8 | bytes[3]);
		return 0;
	}
	if (inet_pton(AF_INET6, copy, bytes) != 1) {
		return ERR_MALFORMED;
	}
	address = address_v6(bytes);
	/* RFC 4291 section 2.5.6: what a zone is kept in is zero */
	if ((percent < text.len && !address_is_link_local(&address)) ||
	    address_zone(&address) != 0) {
		return ERR_MALFORMED;
	}
	if (percent < text.len && parse_zone(span_after(text, percent + 1), &zone) != 0) {
		return ERR_NOT_FOUND;
	}
	*out = address_in_zone(&address, zone);
	return 0;
}

void address_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	struct address bare = address_bare(a);
	struct span bytes = address_bytes(&bare);
	char name[IF_NAMESIZE];
	size_t len;

	inet_ntop(bytes.len == 4 ? AF_INET : AF_INET6, bytes.ptr, out, ADDRESS_TEXT_MAX);
	len = strlen(out);
	if (address_zone(a) != 0 && if_indextoname(address_zone(a), name) != NULL) {
		(void)snprintf(out + len, ADDRESS_TEXT_MAX - len, "%%%s", name);
	} else if (address_zone(a) != 0) {
		(void)snprintf(out + len, ADDRESS_TEXT_MAX - len, "%%%u", address_zone(a));
	}
}
