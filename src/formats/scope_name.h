/*
 * scope_name.h - what may be asked to be scanned: a prefix, an address, or a DNS name, and what
 * never may.
 *
 * A scope has one spelling: 192.0.2.7/24 is 192.0.2.0/24, Example.ORG. is example.org.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"

/* Of the spelling, with its NUL. */
#define SCOPE_NAME_SIZE 256

enum scope_kind { SCOPE_PREFIX, SCOPE_DNS_NAME };

struct scope_name {
	enum scope_kind kind;
	char text[SCOPE_NAME_SIZE];
	/* of a prefix */
	bool is_ipv6;
	uint8_t address[16]; /* network order; the first 4 bytes of IPv4 */
	unsigned length;     /* bits */
	bool is_private;     /* RFC 1918, RFC 6598, RFC 4193, link-local: nobody owns it alone */
	const char *refusal; /* why it is never scanned; NULL where it may be */
};

/* The largest prefixes that one scope may be. */
#define SCOPE_IPV4_BITS_MIN 8
#define SCOPE_IPV6_BITS_MIN 32

/* ERR_MALFORMED for what is neither; a scope that is never scanned is read, with its refusal. */
MUST_USE int scope_name_read(struct span text, struct scope_name *out);

/* True where the address, as text, lies in the prefix. False for a DNS name. */
bool scope_name_holds(const struct scope_name *scope, struct span address);

enum address_reach { ADDRESS_NONE, ADDRESS_PRIVATE, ADDRESS_PUBLIC };

/* ADDRESS_NONE for what is no address. Loopback and documentation prefixes count as private. */
enum address_reach address_reach(struct span address);
