/*
 * address.h - an IPv4 or IPv6 address, sixteen bytes in network order.
 *
 * IPv4 is kept mapped (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2), so that one type, one order and
 * one comparison serve both. A mapped address is IPv4 everywhere: nobody can scan ::ffff:0:0/96.
 *
 * A link-local address (fe80::/10) is one on each link: its zone (RFC 4007), an interface's index,
 * is kept in bytes 2 and 3, which are zero on the wire. address_bare() takes it out again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/net.h"

#define ADDRESS_SIZE 16

/* "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%interface" and a NUL. */
#define ADDRESS_TEXT_MAX 56

struct address {
	uint8_t bytes[ADDRESS_SIZE];
};

/* host: an IPv4 address as a number, most significant byte first in text. */
struct address address_v4(uint32_t host);
struct address address_v6(const uint8_t bytes[16]);
bool address_is_v4(const struct address *a);

/* The IPv4 address as a number; 0 where it is none. */
uint32_t address_to_v4(const struct address *a);

/* Link-local: one on each link. */
bool address_is_link_local(const struct address *a);

/* 0: none. */
unsigned address_zone(const struct address *a);

/* The same on a link; others than link-local ones, and zones above 65535, as they are. */
struct address address_in_zone(const struct address *a, unsigned zone);

/* As it travels. */
struct address address_bare(const struct address *a);

/* For connect(2) and the like, zone and all; and back. All zeros for other families. */
struct net_address address_socket(const struct address *a, uint16_t port);
struct address address_of_socket(const struct sockaddr *from);

/* The bytes that travel of an address without a zone: 4 or 16 of them, borrowed. */
struct span address_bytes(const struct address *a);

/* <0, 0, >0 by unsigned bytes. */
int address_compare(const struct address *a, const struct address *b);
bool address_equal(const struct address *a, const struct address *b);

/* The address offset further on, modulo 2^128. */
struct address address_plus(const struct address *a, uint64_t offset);

/* The one before it, modulo 2^128. */
struct address address_before(const struct address *a);

/* The first and last address that share the first bits (0-32 for IPv4, 0-128 for IPv6) of a. */
struct address address_first(const struct address *a, unsigned bits);
struct address address_last(const struct address *a, unsigned bits);

/* Strict: four decimal numbers without leading zeros, or RFC 4291's text. Mapped text becomes IPv4.
 * A link-local one may end with "%eth0" or "%2". ERR_MALFORMED; ERR_NOT_FOUND: no such interface.
 */
MUST_USE int address_parse(struct span text, struct address *out);

/* RFC 5952 for IPv6, with the interface's name where there is a zone, or its number. */
void address_text(const struct address *a, char out[ADDRESS_TEXT_MAX]);
