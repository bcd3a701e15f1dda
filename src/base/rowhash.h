/*
 * rowhash.h - the identity of a row, and the digest of a table.
 *
 * A row's hash is the first 128 bits of SHA-256 over the table's number (two
 * bytes, big endian) and the row's canonical bytes. A table's digest is the sum
 * of its rows' hashes modulo 2^128, so that it can be kept as rows come and go,
 * in any order (an additive multiset hash: Bellare and Micciancio, 1997). Both
 * sides keep it; where they agree, they hold the same rows.
 */
#pragma once

#include "base/span.h"

#define ROWHASH_SIZE 16

struct rowhash {
	uint8_t bytes[ROWHASH_SIZE];
};

/* Two halves, each in the machine's own order. */
struct digest {
	uint64_t high;
	uint64_t low;
};

struct rowhash rowhash_of(uint16_t table_number, struct span row);

/* <0, 0, >0 by unsigned bytes: the order in which ranges are cut. */
int rowhash_compare(const struct rowhash *a, const struct rowhash *b);
bool rowhash_equal(const struct rowhash *a, const struct rowhash *b);

void digest_add(struct digest *d, const struct rowhash *hash);
void digest_remove(struct digest *d, const struct rowhash *hash);
bool digest_equal(struct digest a, struct digest b);

/* 16 bytes, big endian. */
void digest_to_bytes(struct digest d, uint8_t out[ROWHASH_SIZE]);
struct digest digest_from_bytes(const uint8_t bytes[ROWHASH_SIZE]);
