/* knowledge_order.c - places, ids and entries, sorted; each id's places; what is said twice, once.
 */
#include "server/feeds/knowledge_order.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/feeds/knowledge_form.h"
#include "sys/alloc.h"

#include <stdlib.h>
#include <string.h>

static int compare_numbers(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_texts(const struct knowledge_builder *b, uint32_t x, uint32_t y)
{
	return x == y ? 0 : span_compare(intern_get(&b->strings, x), intern_get(&b->strings, y));
}

static int compare_places(const void *x, const void *y, void *context)
{
	const struct knowledge_builder *b = context;
	struct built_place one = built_place_get(b, *(const uint32_t *)x);
	struct built_place other = built_place_get(b, *(const uint32_t *)y);
	int order = compare_texts(b, one.stream, other.stream);

	return order != 0 ? order : compare_texts(b, one.package, other.package);
}

static int compare_ids(const void *x, const void *y, void *context)
{
	const struct knowledge_builder *b = context;

	return span_compare(intern_get(&b->ids, *(const uint32_t *)x),
			    intern_get(&b->ids, *(const uint32_t *)y));
}

/* By place and id; then by what is said, so that the order in which feeds came does not matter. */
static int compare_said(const struct knowledge_order *o, const struct built_entry *x,
			const struct built_entry *y)
{
	const struct knowledge_builder *b = o->builder;
	int order = compare_numbers(o->place_rank[x->place], o->place_rank[y->place]);

	if (order == 0) {
		order = compare_numbers(o->id_rank[x->vulnerability], o->id_rank[y->vulnerability]);
	}
	if (order == 0) {
		order = compare_texts(b, x->feed, y->feed);
	}
	if (order == 0) {
		order = compare_texts(b, x->advisory, y->advisory);
	}
	return order;
}

static int compare_entries(const void *x, const void *y, void *context)
{
	const struct knowledge_order *o = context;
	uint32_t one = *(const uint32_t *)x;
	uint32_t other = *(const uint32_t *)y;
	int order = compare_said(o, &o->builder->entries[one], &o->builder->entries[other]);

	return order != 0 ? order : compare_numbers(one, other);
}

static uint32_t *sorted(uint32_t count, int (*compare)(const void *, const void *, void *),
			void *context)
{
	uint32_t *order = alloc_resize(NULL, count + 1, sizeof *order);

	for (uint32_t i = 0; i < count; i++) {
		order[i] = i;
	}
	qsort_r(order, count, sizeof *order, compare, context);
	return order;
}

static uint32_t *ranks(const uint32_t *order, uint32_t count)
{
	uint32_t *rank = alloc_resize(NULL, count + 1, sizeof *rank);

	for (uint32_t i = 0; i < count; i++) {
		rank[order[i]] = i;
	}
	return rank;
}

static bool is_same(const struct built_entry *x, const struct built_entry *y)
{
	return x->place == y->place && x->vulnerability == y->vulnerability &&
	       x->advisory == y->advisory && x->urgency == y->urgency && x->quote == y->quote &&
	       x->ranges == y->ranges && x->versions == y->versions && x->feed == y->feed &&
	       x->status == y->status && x->flags == y->flags;
}

/* The fix of an entry of one range; empty where there is none. */
static struct span fix_of(const struct knowledge_builder *b, const struct built_entry *e)
{
	return e->status != KNOWLEDGE_AFFECTED || built_list_words(b, e->ranges) < 2
		       ? (struct span){ NULL, 0 }
		       : intern_get(&b->strings,
				    built_list_word(b, e->ranges, 1) & ~FORM_LAST_AFFECTED);
}

static bool are_alternatives(const struct built_entry *x, const struct built_entry *y)
{
	return x->is_alternative && y->is_alternative && x->place == y->place &&
	       x->vulnerability == y->vulnerability && x->feed == y->feed;
}

/* True where one of the entries kept says the same fix for another product. */
static bool is_told(const struct knowledge_order *o, const struct built_entry *e, uint32_t kept)
{
	const struct knowledge_builder *b = o->builder;

	while (kept > 0 && are_alternatives(&b->entries[o->entries[kept - 1]], e)) {
		kept--;
		if (span_equal(fix_of(b, &b->entries[o->entries[kept]]), fix_of(b, e))) {
			return true;
		}
	}
	return false;
}

/* Of alternatives each fix is kept once, and what is without one only where there is none. */
static void keep_entry(struct knowledge_order *o, uint32_t number, uint32_t *kept)
{
	const struct knowledge_builder *b = o->builder;
	const struct built_entry *e = &b->entries[number];
	const struct built_entry *last = *kept == 0 ? NULL : &b->entries[o->entries[*kept - 1]];

	if (last != NULL && are_alternatives(last, e)) {
		if (fix_of(b, last).len == 0 && fix_of(b, e).len > 0) {
			o->entries[*kept - 1] = number;
		} else if (fix_of(b, e).len > 0 && !is_told(o, e, *kept)) {
			o->entries[(*kept)++] = number;
		}
	} else if (last == NULL || !is_same(last, e)) {
		o->entries[(*kept)++] = number;
	}
}

static void sort_all(struct knowledge_order *o)
{
	struct knowledge_builder *b = o->builder;
	uint32_t kept = 0;

	o->places = sorted(b->places.count, compare_places, b);
	o->place_rank = ranks(o->places, b->places.count);
	o->ids = sorted(b->ids.count, compare_ids, b);
	o->id_rank = ranks(o->ids, b->ids.count);
	o->entries = sorted(b->entry_count, compare_entries, o);
	for (uint32_t i = 0; i < b->entry_count; i++) {
		keep_entry(o, o->entries[i], &kept);
	}
	o->entry_count = kept;
}

/* Calls each with every vulnerability and place that go together, by place. */
static void each_pair(const struct knowledge_order *o,
		      void (*each)(const struct knowledge_order *, uint32_t id, uint32_t place))
{
	uint32_t count = o->builder->ids.count;
	uint32_t *last = alloc_resize(NULL, count + 1, sizeof *last);

	memset(last, 0xff, (count + 1) * sizeof *last);
	for (uint32_t i = 0; i < o->entry_count; i++) {
		uint32_t id = o->id_rank[knowledge_order_entry(o, i)->vulnerability];
		uint32_t place = o->place_rank[knowledge_order_entry(o, i)->place];

		if (last[id] != place) {
			last[id] = place;
			each(o, id, place);
		}
	}
	free(last);
}

static void count_pair(const struct knowledge_order *o, uint32_t id, uint32_t place)
{
	(void)place;
	o->inverse_first[id + 2]++;
}

static void deal_pair(const struct knowledge_order *o, uint32_t id, uint32_t place)
{
	o->inverse[o->inverse_first[id + 1]++] = place;
}

/* A counting sort: afterwards inverse_first[id] is where that id's places begin. */
static void invert(struct knowledge_order *o)
{
	uint32_t count = o->builder->ids.count;

	o->inverse_first = alloc_zeroed(count + 2, sizeof *o->inverse_first);
	o->inverse = alloc_resize(NULL, o->entry_count + 1, sizeof *o->inverse);
	each_pair(o, count_pair);
	for (uint32_t i = 1; i < count + 2; i++) {
		o->inverse_first[i] += o->inverse_first[i - 1];
	}
	each_pair(o, deal_pair);
}

void knowledge_order_init(struct knowledge_order *o, struct knowledge_builder *builder)
{
	*o = (struct knowledge_order){ .builder = builder };
	sort_all(o);
	invert(o);
}

void knowledge_order_done(struct knowledge_order *o)
{
	free(o->places);
	free(o->place_rank);
	free(o->ids);
	free(o->id_rank);
	free(o->entries);
	free(o->inverse);
	free(o->inverse_first);
}
