/*
 * cookie.h - what makes an answer ours: SipHash-2-4 (Aumasson, Bernstein 2012) of the probe.
 *
 * Nothing is kept of a probe. Whoever answers repeats its sequence number or source port, and both
 * are computed again from what the answer is about; a stranger without the key guesses 1 in 2^42.
 */
#pragma once

#include <stdint.h>

#include "scan/address.h"
#include "scan/answer.h"

#define COOKIE_KEY_SIZE 16

/* Source ports of probes: above what Linux gives to programs, so that no socket of this machine is
 * meant. Each of four passes has its own quarter. */
#define COOKIE_PORT_FIRST 61440
#define COOKIE_PORTS_EACH 1024
#define COOKIE_PASSES     4

struct cookie_key {
	uint64_t low;
	uint64_t high;
};

struct cookie {
	uint32_t sequence;
	uint16_t source_port;
	uint16_t ip_id;
};

struct cookie_key cookie_key_from(const uint8_t bytes[COOKIE_KEY_SIZE]);

/* pass: 0 to COOKIE_PASSES - 1. */
struct cookie cookie_of(const struct cookie_key *key, const struct address *address,
			enum transport transport, uint16_t port, unsigned pass);

/* The pass that a source port is of, or COOKIE_PASSES where it is none of ours. */
unsigned cookie_pass(uint16_t source_port);

/* SipHash-2-4 of len bytes. */
uint64_t cookie_siphash(const struct cookie_key *key, const uint8_t *bytes, size_t len);
