/* advisory.c - the vulnerabilities that an advisory is about: DSA-..., USN-..., RHSA-... */
#include <stdlib.h>

#include "server/api/findings.h"
#include "server/api/fleets.h"
#include "sys/alloc.h"

/* Vulnerabilities of one advisory. */
#define ITEMS_MAX 1000

/* In the order of their ids, each once. */
struct gathered {
	struct span *ids;
	size_t count;
	size_t capacity;
};

static bool take(void *context, struct span id)
{
	struct gathered *g = context;

	if (g->count == g->capacity) {
		g->capacity = 2 * g->capacity + 64;
		g->ids = alloc_resize(g->ids, g->capacity, sizeof *g->ids);
	}
	g->ids[g->count++] = id;
	return true;
}

static int compare(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static void gather(const struct knowledge *knowledge, struct span advisory, struct gathered *g)
{
	size_t kept = 0;

	knowledge_advisory(knowledge, advisory, take, g);
	if (g->count == 0) {
		return;
	}
	qsort(g->ids, g->count, sizeof *g->ids, compare);
	for (size_t i = 0; i < g->count; i++) {
		if (kept == 0 || !span_equal(g->ids[kept - 1], g->ids[i])) {
			g->ids[kept++] = g->ids[i];
		}
	}
	g->count = kept;
}

static void write_item(struct emit *j, const struct knowledge *knowledge, const struct fleet *fleet,
		       struct span id)
{
	const struct fleet_vulnerability *v = fleet_vulnerability_named(fleet, id);
	struct knowledge_vulnerability facts;

	(void)knowledge_vulnerability(knowledge, id, &facts); /* every entry's is there */
	emit_object(j);
	emit_key(j, "id");
	emit_span(j, id);
	findings_facts(j, &facts);
	findings_number(j, "assets", v != NULL ? v->assets : 0);
	findings_number(j, "accepted", v != NULL ? v->accepted : 0);
	emit_object_end(j);
}

static void show(struct call *call, struct fleet *fleet, struct view *view)
{
	const struct knowledge *knowledge = fleets_knowledge(call->api->fleets);
	struct span advisory = span_of(call->route.captures[0]);
	struct gathered g = { .count = 0 };
	struct emit *j = &call->json;

	(void)view;
	if (knowledge != NULL) {
		gather(knowledge, advisory, &g);
	}
	if (g.count == 0) {
		call_fail(call, 404,
			  "no feed that is in force names the advisory '%.80s' (Debian's are in "
			  "'osv-debian')",
			  call->route.captures[0]);
		return;
	}
	emit_object(j);
	emit_key(j, "id");
	emit_span(j, advisory);
	emit_key(j, "items");
	emit_array(j);
	for (size_t i = 0; i < g.count && i < ITEMS_MAX; i++) {
		write_item(j, knowledge, fleet, g.ids[i]);
	}
	emit_array_end(j);
	findings_number(j, "total", (int64_t)g.count);
	emit_object_end(j);
	free(g.ids);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	fleets_ask(call, show);
}

const struct resource resource_advisory = {
	.path = "/api/v1/advisories/{advisory}",
	.summary = "The vulnerabilities that an advisory is about",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
