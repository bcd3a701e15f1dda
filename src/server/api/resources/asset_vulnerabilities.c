/* asset_vulnerabilities.c - what one asset is exposed to, each with the command that mends it. */
#include <stdlib.h>

#include "server/api/coverage.h"
#include "server/api/findings.h"
#include "server/api/fleets.h"
#include "server/api/listening.h"

struct page {
	struct call *call;
	struct fleet *fleet;
	struct view *view;
	struct finding_asset asset;
	struct findings_filter filter;
	char after[CALL_TEXT_SIZE];
	bool is_behind;
	int64_t limit;
	int64_t count;
	int64_t total;
	struct span last;
	struct finding_time *times;
	struct listening *listening;
};

/* All packages of the asset that the same upgrade mends. */
static void write_fix(const struct page *p, const struct fleet_row *row)
{
	const struct fleet_asset *a = fleet_asset(p->fleet, p->asset.number);
	struct span names[FINDINGS_PACKAGES_MAX];
	size_t count = 0;
	uint8_t command[4096];
	struct writer w = writer_over(command, sizeof command);

	for (uint32_t i = 0; i < a->row_count; i++) {
		const struct fleet_row *other = fleet_row(p->fleet, a->rows[i]);

		if (other->group == row->group && other->status == JUDGEMENT_FIXABLE) {
			findings_add_name(names, &count, other->package);
		}
	}
	if (row->status == JUDGEMENT_FIXABLE) {
		findings_fix(row, fleet_group_of(p->fleet, row)->release, row->fixed_version, names,
			     count, &w);
	}
	findings_text(&p->call->json, "fix", writer_ok(&w) ? writer_span(&w) : span_of(""));
}

static void write(const struct page *p, const struct finding *f)
{
	struct emit *j = &p->call->json;
	const struct fleet_row *row = f->row;
	const struct fleet_group *group = fleet_group_of(p->fleet, row);
	uint8_t room[LISTENING_ROOM];

	emit_object(j);
	emit_key(j, "id");
	emit_span(j, f->v->id);
	findings_facts(j, &f->v->facts);
	findings_priority(j, p->fleet, row,
			  listening_of(p->listening, row->package, row->exposure, room));
	findings_packages(j, "packages", p->fleet, f->rows, f->count);
	emit_key(j, "package");
	emit_span(j, row->package);
	findings_text(j, "version", row->version);
	findings_text(j, "architecture", row->architecture);
	findings_text(j, "source", group->source);
	findings_text(j, "fixed_version", row->fixed_version);
	emit_key(j, "status");
	emit_text(j, judgement_status_name(row->status));
	emit_key(j, "exposure");
	emit_text(j, exposure_name(row->exposure));
	findings_text(j, "urgency", row->urgency);
	findings_text(j, "release", group->release);
	findings_text(j, "feed", row->feed);
	findings_text(j, "path", row->path);
	findings_text(j, "evidence", row->evidence);
	emit_key(j, "is_fixable");
	emit_boolean(j, row->status == JUDGEMENT_FIXABLE);
	write_fix(p, row);
	findings_since(j, &p->times[row->vulnerability]);
	findings_accepted(j, fleet_acceptance_of(p->fleet, f->v, p->asset.number));
	emit_object_end(j);
}

static bool fits(const struct page *p, const struct finding *f)
{
	bool is_accepted = fleet_acceptance_of(p->fleet, f->v, p->asset.number) != 0;

	return (p->filter.accepted == WANTED_ANY ||
		(p->filter.accepted == WANTED_TRUE) == is_accepted) &&
	       findings_fits(&p->filter, f->v) &&
	       findings_rows_fit(&p->filter, p->fleet, f->v, f->rows, f->count);
}

static void write_items(struct page *p)
{
	struct findings_list list;

	findings_of_asset(p->fleet, p->asset.number, &list);
	for (size_t i = 0; i < list.count; i++) {
		const struct finding *f = &list.items[i];

		if (fits(p, f)) {
			p->total++;
			if (p->is_behind && p->count <= p->limit && p->count++ < p->limit) {
				write(p, f);
				p->last = f->v->id;
			}
		}
		p->is_behind = p->is_behind || span_is(f->v->id, p->after);
	}
	findings_list_done(&list);
}

static int answer(struct page *p, struct why *why)
{
	struct emit *j = &p->call->json;
	struct coverage coverage;
	int error = coverage_of_asset(p->view, p->asset.number,
				      fleets_knowledge(p->call->api->fleets), &coverage, why);

	error = error != 0 ? error
			   : finding_times_of_asset(p->fleet, p->view, p->asset.number, &p->times,
						    why);
	if (error == 0) {
		error = listening_read(p->view, p->asset.id, &p->listening, why);
	}
	if (error != 0) {
		free(p->times);
		return error;
	}
	emit_object(j);
	emit_key(j, "asset");
	emit_text(j, p->asset.id);
	emit_key(j, "name");
	emit_text(j, p->asset.name);
	emit_key(j, "coverage");
	emit_object(j);
	coverage_write(j, &coverage);
	emit_object_end(j);
	emit_key(j, "items");
	emit_array(j);
	write_items(p);
	emit_array_end(j);
	findings_text(j, "next", p->count > p->limit ? p->last : span_of(""));
	findings_number(j, "total", p->total);
	emit_object_end(j);
	free(p->times);
	listening_free(&p->listening);
	return 0;
}

static void show(struct call *call, struct fleet *fleet, struct view *view)
{
	struct page p = { .call = call, .fleet = fleet };
	struct why why = { 0 };
	int error;

	(void)view;
	if (!findings_filter_read(call, &p.filter) || !call_text(call, "after", p.after) ||
	    !call_limit(call, &p.limit) || !findings_asset(call, &p.view, &p.asset)) {
		return;
	}
	p.is_behind = p.after[0] == '\0';
	error = answer(&p, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
	} else {
		call_answer(call, 200);
	}
}

static void get(struct call *call)
{
	fleets_ask(call, show);
}

const struct resource resource_asset_vulnerabilities = {
	.path = "/api/v1/assets/{id}/vulnerabilities",
	.summary = "What one asset is exposed to, each with the command that mends it",
	.operations = { { "GET", RESOURCE_READ, FINDINGS_FILTERS " limit after", get } },
};
