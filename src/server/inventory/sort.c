/* sort.c - least-significant-digit radix sort: row numbers are dense, so few digits differ. */
#include <stdlib.h>
#include <string.h>

#include "server/inventory/state.h"
#include "sys/alloc.h"

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

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

static void sort_by_digit(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
	size_t starts[DIGITS] = { 0 };
	size_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		starts[from[i] >> shift & (DIGITS - 1)]++;
	}
	for (size_t d = 0; d < DIGITS; d++) {
		size_t here = starts[d];

		starts[d] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++) {
		to[starts[from[i] >> shift & (DIGITS - 1)]++] = from[i];
	}
}

void sort_numbers(uint64_t *items, size_t count)
{
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
	for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
		if ((differing >> shift & (DIGITS - 1)) != 0) {
			uint64_t *sorted = to;

			sort_by_digit(from, to, count, shift);
			to = from;
			from = sorted;
		}
	}
	if (from != items) {
		memcpy(items, from, count * sizeof *items);
	}
	free(spare);
}
