/* vulnerabilities.c - what the tenant's assets are exposed to, most urgent first. */
#include "server/api/fleets.h"

#include "server/api/findings.h"

struct listing {
	struct fleet *fleet;
	struct findings_filter filter;
	char after[CALL_TEXT_SIZE];
	bool is_behind; /* the page has begun */
	int64_t limit;
	int64_t count;
	int64_t total;
	struct span last;
};

static bool fits(const struct listing *l, const struct fleet_vulnerability *v)
{
	const struct findings_filter *f = &l->filter;

	if (v->assets + v->accepted == 0 || v->level < f->level || !findings_fits(f, v) ||
	    (f->accepted == WANTED_TRUE && v->accepted == 0) ||
	    (f->accepted == WANTED_FALSE && v->assets == 0)) {
		return false;
	}
	return findings_rows_fit(f, l->fleet, v, NULL, 0);
}

static void take(struct call *call, struct listing *l, const struct fleet_vulnerability *v)
{
	l->total++;
	if (l->is_behind && l->count <= l->limit && l->count++ < l->limit) {
		emit_object(&call->json);
		findings_vulnerability(&call->json, l->fleet, v);
		emit_object_end(&call->json);
		l->last = v->id;
	}
}

static void list(struct call *call, struct fleet *fleet, struct view *view)
{
	struct listing l = { .fleet = fleet };

	(void)view;
	if (!findings_filter_read(call, &l.filter) || !call_text(call, "after", l.after) ||
	    !call_limit(call, &l.limit)) {
		return;
	}
	l.is_behind = l.after[0] == '\0';
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	for (uint32_t i = 0; i < fleet_vulnerability_count(fleet); i++) {
		const struct fleet_vulnerability *v = fleet_vulnerability_at(fleet, i);

		if (fits(&l, v)) {
			take(call, &l, v);
		}
		l.is_behind = l.is_behind || span_is(v->id, l.after);
	}
	if (!l.is_behind) {
		call_fail(call, 400, "the parameter 'after' must be `next` of the page before");
		return;
	}
	emit_array_end(&call->json);
	findings_text(&call->json, "next", l.count > l.limit ? l.last : span_of(""));
	findings_number(&call->json, "total", l.total);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	fleets_ask(call, list);
}

const struct resource resource_vulnerabilities = {
	.path = "/api/v1/vulnerabilities",
	.summary = "What the tenant's assets are exposed to, most urgent first",
	.operations = { { "GET", RESOURCE_READ, FINDINGS_FILTERS " limit after", get } },
};
