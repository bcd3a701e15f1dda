/*
 * hash64.h - a quick 64-bit hash of bytes, the same on every machine.
 *
 * For tables in memory, for telling that content changed and that a file is whole. It keeps no
 * secret and withstands no one who looks for collisions.
 */
#pragma once

#include "base/span.h"

uint64_t hash64(uint64_t seed, struct span bytes);

/* Two hashes, or a hash and a number, as one. */
uint64_t hash64_mix(uint64_t a, uint64_t b);
