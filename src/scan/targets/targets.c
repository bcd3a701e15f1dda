/* targets.c - sorted ranges; 128-bit distances in two halves. */
#include "scan/targets/targets.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "sys/alloc.h"

struct targets {
	struct targets_range *ranges;
	size_t count;
	size_t capacity;
	uint64_t total;
};

struct targets *targets_new(void)
{
	return alloc_zeroed(1, sizeof(struct targets));
}

void targets_free(struct targets **targets)
{
	if (*targets != NULL) {
		free((*targets)->ranges);
		free(*targets);
		*targets = NULL;
	}
}

static void append(struct targets *t, const struct address *first, const struct address *last)
{
	if (t->count == t->capacity) {
		t->capacity = t->capacity == 0 ? 16 : 2 * t->capacity;
		t->ranges = alloc_resize(t->ranges, t->capacity, sizeof *t->ranges);
	}
	t->ranges[t->count++] = (struct targets_range){ *first, *last, 0 };
}

int targets_add(struct targets *targets, const struct address *first, const struct address *last)
{
	if (address_compare(first, last) > 0 || address_is_v4(first) != address_is_v4(last)) {
		return ERR_MALFORMED;
	}
	if (targets->count >= TARGETS_RANGES_MAX) {
		return ERR_LIMIT;
	}
	append(targets, first, last);
	return 0;
}

int targets_add_all(struct targets *targets, const struct targets *other)
{
	int error = 0;

	for (size_t i = 0; i < other->count && error == 0; i++) {
		error = targets_add(targets, &other->ranges[i].first, &other->ranges[i].last);
	}
	return error;
}

static uint64_t half(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 8; i++) {
		value = value << 8 | bytes[i];
	}
	return value;
}

/* From first to last, saturating. */
static uint64_t distance(const struct address *first, const struct address *last)
{
	uint64_t low = half(last->bytes + 8) - half(first->bytes + 8);
	uint64_t borrow = half(last->bytes + 8) < half(first->bytes + 8) ? 1 : 0;
	uint64_t high = half(last->bytes) - half(first->bytes) - borrow;

	return high != 0 ? UINT64_MAX : low;
}

static int by_first(const void *a, const void *b)
{
	return address_compare(&((const struct targets_range *)a)->first,
			       &((const struct targets_range *)b)->first);
}

/* True where the second begins within the first, or right behind it. */
static bool touches(const struct targets_range *a, const struct targets_range *b)
{
	struct address next = address_plus(&a->last, 1);

	return address_compare(&b->first, &a->last) <= 0 ||
	       (address_equal(&b->first, &next) &&
		address_is_v4(&b->first) == address_is_v4(&a->last));
}

static void join(struct targets *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct targets_range *last = kept > 0 ? &t->ranges[kept - 1] : NULL;

		if (last != NULL && touches(last, &t->ranges[i])) {
			if (address_compare(&t->ranges[i].last, &last->last) > 0) {
				last->last = t->ranges[i].last;
			}
		} else {
			t->ranges[kept++] = t->ranges[i];
		}
	}
	t->count = kept;
}

int targets_settle(struct targets *targets, struct why *why)
{
	if (targets->count > 0) {
		qsort(targets->ranges, targets->count, sizeof *targets->ranges, by_first);
	}
	join(targets);
	targets->total = 0;
	for (size_t i = 0; i < targets->count; i++) {
		struct targets_range *range = &targets->ranges[i];
		uint64_t size = distance(&range->first, &range->last);

		if (size >= TARGETS_COUNT_MAX || targets->total + size >= TARGETS_COUNT_MAX) {
			char text[ADDRESS_TEXT_MAX];

			address_text(&range->first, text);
			return why_set(why, ERR_LIMIT,
				       "the range that begins at %s has more addresses than can be "
				       "visited (%" PRIu64
				       " in all are the most); IPv6 is scanned by hit list: give "
				       "@FILE with addresses, or small prefixes",
				       text, TARGETS_COUNT_MAX);
		}
		range->before = targets->total;
		targets->total += size + 1;
	}
	return 0;
}

/* The range that holds the nth address, or the last that begins at or before an address. */
static size_t find_number(const struct targets *t, uint64_t n)
{
	size_t low = 0;
	size_t high = t->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (t->ranges[middle].before <= n) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

struct address targets_at(const struct targets *targets, uint64_t n)
{
	const struct targets_range *range = &targets->ranges[find_number(targets, n)];

	return address_plus(&range->first, n - range->before);
}

bool targets_contains(const struct targets *targets, const struct address *address)
{
	size_t low = 0;
	size_t high = targets->count;

	while (high > low) {
		size_t middle = low + (high - low) / 2;
		const struct targets_range *range = &targets->ranges[middle];

		if (address_compare(address, &range->first) < 0) {
			high = middle;
		} else if (address_compare(address, &range->last) > 0) {
			low = middle + 1;
		} else {
			return true;
		}
	}
	return false;
}

uint64_t targets_count(const struct targets *targets)
{
	return targets->total;
}

const struct targets_range *targets_ranges(const struct targets *targets, size_t *out_count)
{
	*out_count = targets->count;
	return targets->ranges;
}

/* What of one range is outside (or inside) of the other set, appended to out. */
static void cut(struct targets *out, const struct targets_range *range, const struct targets *other,
		bool is_kept_inside, size_t *at)
{
	struct address begin = range->first;

	while (*at < other->count && address_compare(&other->ranges[*at].last, &range->first) < 0) {
		(*at)++;
	}
	for (size_t i = *at; i < other->count; i++) {
		const struct targets_range *hole = &other->ranges[i];
		bool is_to_end = address_compare(&hole->last, &range->last) >= 0;

		if (address_compare(&hole->first, &range->last) > 0) {
			break;
		}
		if (is_kept_inside) {
			append(out,
			       address_compare(&hole->first, &begin) > 0 ? &hole->first : &begin,
			       is_to_end ? &range->last : &hole->last);
		} else if (address_compare(&hole->first, &begin) > 0) {
			struct address end = address_before(&hole->first);

			append(out, &begin, &end);
		}
		if (is_to_end) {
			return;
		}
		begin = address_plus(&hole->last, 1);
	}
	if (!is_kept_inside) {
		append(out, &begin, &range->last);
	}
}

static void combine(struct targets *targets, const struct targets *other, bool is_kept_inside)
{
	struct targets result = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < targets->count; i++) {
		cut(&result, &targets->ranges[i], other, is_kept_inside, &at);
	}
	free(targets->ranges);
	*targets = result;
	/* a part of what was within the limit is, too */
	(void)(targets_settle(targets, NULL) == 0);
}

void targets_subtract(struct targets *targets, const struct targets *other)
{
	combine(targets, other, false);
}

void targets_intersect(struct targets *targets, const struct targets *other)
{
	combine(targets, other, true);
}
