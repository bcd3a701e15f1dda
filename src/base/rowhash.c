/* rowhash.c - row identity and table digest. */
#include "base/rowhash.h"

#include "base/mem.h"
#include "base/sha256.h"

struct rowhash rowhash_of(uint16_t table_number, struct span row)
{
	uint8_t prefix[2] = { (uint8_t)(table_number >> 8), (uint8_t)table_number };
	uint8_t full[SHA256_SIZE];
	struct rowhash hash;

	sha256_of_two((struct span){ prefix, sizeof prefix }, row, full);
	mem_copy(hash.bytes, full, sizeof hash.bytes);
	return hash;
}

int rowhash_compare(const struct rowhash *a, const struct rowhash *b)
{
	return mem_compare(a->bytes, b->bytes, ROWHASH_SIZE);
}

bool rowhash_equal(const struct rowhash *a, const struct rowhash *b)
{
	return rowhash_compare(a, b) == 0;
}

struct digest digest_from_bytes(const uint8_t bytes[ROWHASH_SIZE])
{
	struct digest d = { 0, 0 };

	for (unsigned i = 0; i < 8; i++) {
		d.high = d.high << 8 | bytes[i];
		d.low = d.low << 8 | bytes[8 + i];
	}
	return d;
}

void digest_to_bytes(struct digest d, uint8_t out[ROWHASH_SIZE])
{
	for (unsigned i = 0; i < 8; i++) {
		out[i] = (uint8_t)(d.high >> (56 - 8 * i));
		out[8 + i] = (uint8_t)(d.low >> (56 - 8 * i));
	}
}

void digest_add(struct digest *d, const struct rowhash *hash)
{
	struct digest h = digest_from_bytes(hash->bytes);

	d->low += h.low;
	d->high += h.high + (d->low < h.low);
}

void digest_remove(struct digest *d, const struct rowhash *hash)
{
	struct digest h = digest_from_bytes(hash->bytes);
	uint64_t borrow = d->low < h.low;

	d->low -= h.low;
	d->high -= h.high + borrow;
}

bool digest_equal(struct digest a, struct digest b)
{
	return a.high == b.high && a.low == b.low;
}
