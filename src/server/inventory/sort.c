/* sort.c - least-significant-digit radix sort: row numbers are dense, so few digits differ. */
#include <stdlib.h>
#include <string.h>

#include "server/inventory/state.h"
#include "sys/alloc.h"

/* A digit has few bits where there are few numbers, because its counters have to be cleared. */
#define FEW_NUMBERS     8192
#define DIGIT_BITS_FEW  9
#define DIGIT_BITS_MANY 13
#define DIGITS_MAX      (1u << DIGIT_BITS_MANY)

/* Below, counting digits costs more than it saves. */
#define INSERTION_MAX 48

static void sort_by_insertion(uint64_t *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint64_t item = items[i];
		size_t at = i;

		for (; at > 0 && items[at - 1] > item; at--) {
			items[at] = items[at - 1];
		}
		items[at] = item;
	}
}

struct digit {
	unsigned shift;
	unsigned bits;
};

static size_t digit_of(uint64_t number, struct digit d)
{
	return number >> d.shift & ((1u << d.bits) - 1);
}

static void sort_by_digit(const uint64_t *from, uint64_t *to, size_t count, struct digit d)
{
	size_t starts[DIGITS_MAX];
	size_t sum = 0;

	memset(starts, 0, sizeof *starts << d.bits);
	for (size_t i = 0; i < count; i++) {
		starts[digit_of(from[i], d)]++;
	}
	for (size_t n = 0; n < (size_t)1 << d.bits; n++) {
		size_t here = starts[n];

		starts[n] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++) {
		to[starts[digit_of(from[i], d)]++] = from[i];
	}
}

void sort_numbers(uint64_t *items, size_t count)
{
	struct digit d = { 0, count < FEW_NUMBERS ? DIGIT_BITS_FEW : DIGIT_BITS_MANY };
	uint64_t differing = 0;
	uint64_t *from = items;
	uint64_t *spare;
	uint64_t *to;

	if (count <= INSERTION_MAX) {
		sort_by_insertion(items, count);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		differing |= items[i] ^ items[0];
	}
	spare = alloc_resize(NULL, count, sizeof *spare);
	to = spare;
	/* each digit begins at the lowest bit in which the numbers still differ */
	while (differing != 0) {
		uint64_t *sorted = to;

		d.shift = (unsigned)__builtin_ctzll(differing);
		sort_by_digit(from, to, count, d);
		to = from;
		from = sorted;
		differing &= ~((((uint64_t)1 << d.bits) - 1) << d.shift);
	}
	if (from != items) {
		memcpy(items, from, count * sizeof *items);
	}
	free(spare);
}
