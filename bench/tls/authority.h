/*
 * authority.h - certificates of simulated servers: each server has its own, all below one root.
 *
 * Leaf and intermediate, signed in earnest, as long as those of the web; keys of leaves are shared,
 * for making two thousand takes minutes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct authority;

/* What a server sends: the body of a Certificate message of TLS 1.2. */
struct chain {
	uint8_t *bytes;
	size_t len;
};

/* Writes the root as PEM to a file. Ends the program where anything fails. */
struct authority *authority_new(const char *root_path);

/* A new leaf for an address (host's byte order), with an RSA key or one of P-256. */
struct chain authority_issue(struct authority *authority, uint32_t address, int is_ec);
