/* scope_name.c - prefixes and names, with the registries of special addresses (RFC 6890). */
#include "formats/scope_name.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/address_text.h"

#define LABEL_MAX 63

/* Prefixes of IANA's special-purpose registries. */
static const struct special {
	const char *prefix;
	bool is_private;     /* nobody owns it alone */
	const char *refusal; /* never scanned */
} special[] = {
	{ "0.0.0.0/8", true, "addresses of this network (RFC 791)" },
	{ "10.0.0.0/8", true, NULL },
	{ "100.64.0.0/10", true, NULL },
	{ "127.0.0.0/8", true, "loopback" },
	{ "169.254.0.0/16", true, NULL },
	{ "172.16.0.0/12", true, NULL },
	{ "192.0.0.0/24", true, NULL },
	{ "192.0.2.0/24", true, NULL },
	{ "192.168.0.0/16", true, NULL },
	{ "198.18.0.0/15", true, NULL },
	{ "198.51.100.0/24", true, NULL },
	{ "203.0.113.0/24", true, NULL },
	{ "224.0.0.0/4", true, "multicast" },
	{ "240.0.0.0/4", true, "reserved (RFC 1112)" },
	{ "::/128", true, "the unspecified address" },
	{ "::1/128", true, "loopback" },
	{ "::ffff:0:0/96", true, "IPv4 within IPv6" },
	/* what is reached there is an IPv4 address, which may be private */
	{ "::/96", true, NULL },
	{ "64:ff9b::/96", true, NULL },
	{ "64:ff9b:1::/48", true, NULL },
	{ "2001::/32", true, NULL },
	{ "2002::/16", true, NULL },
	{ "100::/64", true, NULL },
	{ "2001:db8::/32", true, NULL },
	{ "fc00::/7", true, NULL },
	{ "fe80::/10", true, NULL },
	{ "fec0::/10", true, NULL },
	{ "ff00::/8", true, "multicast" },
};

struct prefix {
	bool is_ipv6;
	uint8_t address[16];
	unsigned length;
};

/* An address alone: 32 or 128 bits. */
static bool read_address(struct span text, struct prefix *out)
{
	char room[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof room) {
		return false;
	}
	mem_copy(room, text.ptr, text.len);
	room[text.len] = '\0';
	*out = (struct prefix){ .length = 32 };
	if (inet_pton(AF_INET, room, out->address) == 1) {
		return true;
	}
	*out = (struct prefix){ .is_ipv6 = true, .length = 128 };
	return inet_pton(AF_INET6, room, out->address) == 1;
}

static void clear_host_bits(struct prefix *p)
{
	for (unsigned bit = p->length; bit < (p->is_ipv6 ? 128u : 32u); bit++) {
		p->address[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	}
}

static bool read_prefix(struct span text, struct prefix *out)
{
	struct prefix p;
	uint64_t length;
	size_t slash = 0;

	while (slash < text.len && text.ptr[slash] != '/') {
		slash++;
	}
	if (!read_address(span_first(text, slash), &p)) {
		return false;
	}
	if (slash < text.len) {
		if (text_to_u64(span_after(text, slash + 1), p.length, &length) != 0) {
			return false;
		}
		p.length = (unsigned)length;
	}
	clear_host_bits(&p);
	*out = p;
	return true;
}

static bool shares(const struct prefix *a, const struct prefix *b, unsigned bits)
{
	for (unsigned bit = 0; bit < bits; bit++) {
		if (((a->address[bit / 8] ^ b->address[bit / 8]) & 0x80u >> bit % 8) != 0) {
			return false;
		}
	}
	return a->is_ipv6 == b->is_ipv6;
}

static bool lies_in(const struct prefix *inner, const struct prefix *outer)
{
	return inner->length >= outer->length && shares(inner, outer, outer->length);
}

static bool overlaps(const struct prefix *a, const struct prefix *b)
{
	return shares(a, b, a->length < b->length ? a->length : b->length);
}

static void look_up(const struct prefix *p, struct scope_name *out)
{
	for (size_t i = 0; i < COUNT_OF(special); i++) {
		struct prefix known;

		if (!read_prefix(span_of(special[i].prefix), &known)) {
			continue; /* ours are good */
		}
		if (special[i].refusal != NULL && overlaps(p, &known)) {
			out->refusal = special[i].refusal;
		}
		out->is_private = out->is_private || (special[i].is_private && lies_in(p, &known));
	}
	if (p->length < (p->is_ipv6 ? SCOPE_IPV6_BITS_MIN : SCOPE_IPV4_BITS_MIN)) {
		out->refusal = "larger than any one owner's";
	}
}

static void write_prefix(const struct prefix *p, struct scope_name *out)
{
	struct writer w = writer_over((uint8_t *)out->text, sizeof out->text - 1);

	address_text_write(&w, (struct span){ p->address, p->is_ipv6 ? 16u : 4u });
	writer_u8(&w, '/');
	writer_decimal(&w, p->length);
	out->text[writer_used(&w)] = '\0';
}

static bool is_label_byte(uint8_t c, bool is_edge)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       (c == '-' && !is_edge);
}

/* RFC 1123 names of at least two labels; the last one is no number. */
static bool read_name(struct span text, char out[SCOPE_NAME_SIZE])
{
	size_t label = 0;
	size_t dots = 0;

	if (text.len > 0 && text.ptr[text.len - 1] == '.') {
		text.len--;
	}
	if (text.len == 0 || text.len > 253) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool is_last = i + 1 == text.len || text.ptr[i + 1] == '.';

		c = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
		out[i] = (char)c;
		if (c == '.' && label > 0) {
			label = 0;
			dots++;
		} else if (!is_label_byte(c, label == 0 || is_last) || ++label > LABEL_MAX) {
			return false;
		}
	}
	out[text.len] = '\0';
	return dots > 0 && label > 0 && !(out[text.len - 1] >= '0' && out[text.len - 1] <= '9');
}

int scope_name_read(struct span text, struct scope_name *out)
{
	struct scope_name scope = { .kind = SCOPE_PREFIX };
	struct prefix p;

	if (read_prefix(text, &p)) {
		scope.is_ipv6 = p.is_ipv6;
		scope.length = p.length;
		mem_copy(scope.address, p.address, sizeof scope.address);
		look_up(&p, &scope);
		write_prefix(&p, &scope);
	} else if (read_name(text, scope.text)) {
		scope.kind = SCOPE_DNS_NAME;
	} else {
		return ERR_MALFORMED;
	}
	*out = scope;
	return 0;
}

bool scope_name_holds(const struct scope_name *scope, struct span address)
{
	struct prefix outer = { scope->is_ipv6, { 0 }, scope->length };
	struct prefix inner;

	mem_copy(outer.address, scope->address, sizeof outer.address);
	return scope->kind == SCOPE_PREFIX && read_address(address, &inner) &&
	       lies_in(&inner, &outer);
}

enum address_reach address_reach(struct span address)
{
	struct scope_name scope = { .kind = SCOPE_PREFIX };
	struct prefix p;

	if (!read_address(address, &p)) {
		return ADDRESS_NONE;
	}
	look_up(&p, &scope);
	return scope.is_private ? ADDRESS_PRIVATE : ADDRESS_PUBLIC;
}
