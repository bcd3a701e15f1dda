/*
 * address.h - an IPv4 or IPv6 address, sixteen bytes in network order.
 *
 * IPv4 is kept mapped (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2), so that one type, one order and
 * one comparison serve both. A mapped address is IPv4 everywhere: nobody can scan ::ffff:0:0/96.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

#define ADDRESS_SIZE 16

/* "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" and a NUL. */
#define ADDRESS_TEXT_MAX 40

struct address {
	uint8_t bytes[ADDRESS_SIZE];
};

/* host: an IPv4 address as a number, most significant byte first in text. */
struct address address_v4(uint32_t host);
struct address address_v6(const uint8_t bytes[16]);
bool address_is_v4(const struct address *a);

/* The IPv4 address as a number; 0 where it is none. */
uint32_t address_to_v4(const struct address *a);

/* The bytes that travel: 4 or 16 of them, borrowed. */
struct span address_bytes(const struct address *a);

/* <0, 0, >0 by unsigned bytes. */
int address_compare(const struct address *a, const struct address *b);
bool address_equal(const struct address *a, const struct address *b);

/* The address offset further on, modulo 2^128. */
struct address address_plus(const struct address *a, uint64_t offset);

/* The first and last address that share the first bits (0-32 for IPv4, 0-128 for IPv6) of a. */
struct address address_first(const struct address *a, unsigned bits);
struct address address_last(const struct address *a, unsigned bits);

/* Strict: four decimal numbers without leading zeros, or RFC 4291's text. Mapped text becomes IPv4.
 * ERR_MALFORMED. */
MUST_USE int address_parse(struct span text, struct address *out);

/* RFC 5952 for IPv6. */
void address_text(const struct address *a, char out[ADDRESS_TEXT_MAX]);
