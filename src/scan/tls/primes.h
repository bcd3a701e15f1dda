/*
 * primes.h - primes that many servers share, known by their SHA-256 (big endian, without leading
 * zeros).
 */
#pragma once

#include <stdint.h>

/* "RFC 3526 group 14", ...; NULL for one that is not known. */
const char *primes_name(const uint8_t sha256[32]);
