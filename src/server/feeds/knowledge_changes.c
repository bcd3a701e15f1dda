/* knowledge_changes.c - two indexes side by side: what differs, by the hashes of their content. */
#include "server/feeds/knowledge_inside.h"

/* Two sorted sections, side by side. */
struct walk {
	const struct knowledge *knowledge;
	uint32_t next;
	uint32_t count;
};

static struct walk walk_over(const struct knowledge *k, enum form_section section)
{
	return (struct walk){ k, 0, k == NULL ? 0 : k->counts[section] };
}

static int compare_places(const struct walk *a, const struct walk *b)
{
	const uint8_t *x;
	const uint8_t *y;
	int order;

	if (a->next == a->count || b->next == b->count) {
		return a->next < a->count ? -1 : 1;
	}
	x = record(a->knowledge, FORM_PLACES, a->next);
	y = record(b->knowledge, FORM_PLACES, b->next);
	order = span_compare(
		string_of(a->knowledge, record(a->knowledge, FORM_STREAMS, le32(x + 4))),
		string_of(b->knowledge, record(b->knowledge, FORM_STREAMS, le32(y + 4))));
	return order != 0 ? order
			  : span_compare(string_of(a->knowledge, x), string_of(b->knowledge, y));
}

void knowledge_changed_places(const struct knowledge *older, const struct knowledge *newer,
			      knowledge_place *each, void *context)
{
	struct walk a = walk_over(older, FORM_PLACES);
	struct walk b = walk_over(newer, FORM_PLACES);

	while (a.next < a.count || b.next < b.count) {
		int order = compare_places(&a, &b);
		bool is_changed =
			order != 0 || le64(record(a.knowledge, FORM_PLACES, a.next) + 16) !=
					      le64(record(b.knowledge, FORM_PLACES, b.next) + 16);
		const struct walk *told = order < 0 ? &a : &b;

		if (is_changed && !tell_place(told->knowledge, told->next, each, context)) {
			return;
		}
		a.next += order <= 0;
		b.next += order >= 0;
	}
}

static int compare_vulnerabilities(const struct walk *a, const struct walk *b)
{
	if (a->next == a->count || b->next == b->count) {
		return a->next < a->count ? -1 : 1;
	}
	return span_compare(
		string_of(a->knowledge, record(a->knowledge, FORM_VULNERABILITIES, a->next)),
		string_of(b->knowledge, record(b->knowledge, FORM_VULNERABILITIES, b->next)));
}

void knowledge_changed_vulnerabilities(const struct knowledge *older, const struct knowledge *newer,
				       knowledge_id *each, void *context)
{
	struct walk a = walk_over(older, FORM_VULNERABILITIES);
	struct walk b = walk_over(newer, FORM_VULNERABILITIES);

	while (a.next < a.count || b.next < b.count) {
		int order = compare_vulnerabilities(&a, &b);
		const struct walk *told = order < 0 ? &a : &b;
		const uint8_t *v = record(told->knowledge, FORM_VULNERABILITIES, told->next);
		bool is_changed =
			order != 0 || le64(record(a.knowledge, FORM_VULNERABILITIES, a.next) +
					   FORM_VULN_HASH) != le64(v + FORM_VULN_HASH);

		if (is_changed && !each(context, string_of(told->knowledge, v))) {
			return;
		}
		a.next += order <= 0;
		b.next += order >= 0;
	}
}
