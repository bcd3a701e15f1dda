/*
 * targets.h - which addresses: a set of ranges, of which the nth is found in O(log ranges).
 *
 * Ranges are added in any order and may overlap; after targets_settle() they are sorted, disjoint
 * and joined where they touch, and the set is asked. No address is in it twice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "scan/address.h"
#include "sys/why.h"

/* Ranges that may be added: a hit list has one for each address. */
#define TARGETS_RANGES_MAX (16u << 20)

/* Addresses of one set: what a scan could visit in its time. All of IPv4 is 2^32. */
#define TARGETS_COUNT_MAX (UINT64_C(1) << 40)

struct targets_range {
	struct address first;
	struct address last;
	uint64_t before; /* addresses in the ranges before this one; set by targets_settle() */
};

struct targets;

struct targets *targets_new(void);
void targets_free(struct targets **targets);

/* ERR_LIMIT: too many ranges. ERR_MALFORMED: the last is before the first, or of another family. */
MUST_USE int targets_add(struct targets *targets, const struct address *first,
			 const struct address *last);

/* One word: an address, a prefix (10.0.0.0/8, 2001:db8::/120), a range
 * (1.2.3.0-1.2.5.255), or octets with ranges and stars (10.0.0-255.1, 10.0.*.1-9).
 * ERR_NOT_FOUND where it is none of these (maybe a name); ERR_MALFORMED, ERR_LIMIT with why. */
MUST_USE int targets_add_word(struct targets *targets, struct span word, struct why *why);

/* ERR_LIMIT where more than TARGETS_COUNT_MAX addresses are meant; why says of which. */
MUST_USE int targets_settle(struct targets *targets, struct why *why);

/* Takes away what is in other, both settled; the result is settled. */
void targets_subtract(struct targets *targets, const struct targets *other);

/* Keeps only what is in other, too. */
void targets_intersect(struct targets *targets, const struct targets *other);

uint64_t targets_count(const struct targets *targets);

/* n below targets_count(). */
struct address targets_at(const struct targets *targets, uint64_t n);
bool targets_contains(const struct targets *targets, const struct address *address);
const struct targets_range *targets_ranges(const struct targets *targets, size_t *out_count);

/* Adds all of another, settled set. */
MUST_USE int targets_add_all(struct targets *targets, const struct targets *other);

/* What is never scanned, whoever asks: IANA's special-purpose registries as far as nobody's own
 * network is in them. Settled. */
struct targets *targets_never(void);
