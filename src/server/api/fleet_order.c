/* fleet_order.c - vulnerabilities by urgency, source packages by what an upgrade closes. */
#include <stdlib.h>

#include "server/api/fleet_inside.h"
#include "sys/alloc.h"

/* qsort has no context: what is compared lies in the elements. */
struct ranked {
	uint64_t rank; /* high comes first */
	uint32_t tie;
	uint32_t number;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;

	if (x->rank != y->rank) {
		return x->rank < y->rank ? 1 : -1;
	}
	if (x->tie != y->tie) {
		return x->tie < y->tie ? 1 : -1;
	}
	return x->number < y->number ? -1 : x->number > y->number;
}

/* What is held of a vulnerability decides how urgent it is. */
static void refresh_vulnerability(struct fleet *f, struct fleet_vulnerability *v)
{
	v->priority = 0;
	v->level = FLEET_NONE;
	v->is_fixable = false;
	for (uint32_t at = v->first_row; at != FLEET_END; at = f->rows[at].next) {
		const struct fleet_row *row = &f->rows[at];

		if (row->assets > 0) {
			v->priority = row->priority > v->priority ? row->priority : v->priority;
			v->level = row->level > v->level ? row->level : v->level;
			v->is_fixable = v->is_fixable || row->status == JUDGEMENT_FIXABLE;
		}
	}
}

static void sort_into(struct ranked *ranked, uint32_t count, uint32_t **out)
{
	if (count > 0) {
		qsort(ranked, count, sizeof *ranked, compare_ranked);
	}
	*out = alloc_resize(*out, (size_t)count + 1, sizeof **out);
	for (uint32_t i = 0; i < count; i++) {
		(*out)[i] = ranked[i].number;
	}
}

static void sort_groups(struct fleet *f)
{
	struct ranked *ranked = alloc_zeroed((size_t)f->group_names.count + 1, sizeof *ranked);

	for (uint32_t i = 0; i < f->group_names.count; i++) {
		struct fleet_group *group = &f->groups[i];

		group->priority = 0;
		group->level = FLEET_NONE;
		for (uint32_t at = group->first_row; at != FLEET_END;
		     at = f->rows[at].next_of_group) {
			const struct fleet_row *row = &f->rows[at];

			if (row->assets > 0 && row->priority > group->priority) {
				group->priority = row->priority;
				group->level = row->level;
			}
		}
		ranked[i] = (struct ranked){ group->weight, (uint32_t)group->findings, i };
	}
	sort_into(ranked, f->group_names.count, &f->group_order);
	free(ranked);
}

void fleet_sort(struct fleet *f)
{
	struct ranked *ranked;

	if (f->is_sorted) {
		return;
	}
	ranked = alloc_zeroed((size_t)f->ids.count + 1, sizeof *ranked);
	f->summary.vulnerabilities = 0;
	for (uint32_t i = 0; i < f->ids.count; i++) {
		struct fleet_vulnerability *v = &f->vulnerabilities[i];
		uint64_t epss =
			v->facts.epss_millionths > 0 ? (uint64_t)v->facts.epss_millionths : 0;
		bool is_there = v->assets > 0;

		refresh_vulnerability(f, v);
		f->summary.vulnerabilities += is_there;
		ranked[i].rank = (uint64_t)is_there << 62 | (uint64_t)v->priority << 40 |
				 (uint64_t)v->facts.is_exploited << 32 | epss;
		ranked[i].tie = v->assets;
		ranked[i].number = i;
	}
	sort_into(ranked, f->ids.count, &f->order);
	free(ranked);
	sort_groups(f);
	f->is_sorted = true;
}
