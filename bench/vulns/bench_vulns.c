/*
 * bench_vulns.c - a fleet's findings: from nothing, after a feed's update, and asked for.
 *
 * simulated.h makes feed and fleet. What is measured is the work behind the batch: judging, the
 * union per asset, the commit of what came out, and writing who holds what until nothing is left
 * to write; filling the inventory is not.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "simulated.h"
#include "server/api/coverage.h"
#include "server/api/fleet.h"
#include "server/api/unjudged.h"
#include "server/engine/findings.h"
#include "server/inventory/view.h"
#include "sys/clock.h"

struct options {
	unsigned assets;
	unsigned rows;       /* of each asset */
	unsigned advisories; /* in the feed */
	unsigned update;     /* advisories that an update adds */
	const char *folder;
	const char *json;
};

static double seconds_since(int64_t start_us)
{
	return (double)(clock_us() - start_us) / 1e6;
}

/* --- the measurements --- */

struct spent {
	double wall_s;
	double cpu_s;
	double tidy_s; /* of the wall's: until nothing is left to be written */
};

/* To the last asset, committed as the engine does: a slice of 20 ms a commit. */
static struct spent follow(struct findings *findings, struct inventory *inv,
			   const struct knowledge *older, const struct knowledge *newer)
{
	int64_t start_us = clock_us();
	int64_t start_cpu_us = clock_cpu_us();
	struct spent spent;
	uint64_t newest;
	struct why why;

	findings_follow(findings, older, newer);
	while (findings_has_work(findings)) {
		must(findings_work(findings, clock_us() + 20000, 2000, &newest, &why), &why);
		must(inventory_commit(inv, &why), &why);
	}
	spent.wall_s = seconds_since(start_us);
	spent.cpu_s = (double)(clock_cpu_us() - start_cpu_us) / 1e6;
	start_us = clock_us();
	while (inventory_tidy(inv)) {
	}
	spent.tidy_s = seconds_since(start_us);
	return spent;
}

static void count_rows(void *context, uint32_t row)
{
	(void)row;
	++*(uint64_t *)context;
}

static uint64_t count_findings(struct inventory *inv)
{
	uint64_t count = 0;

	for (uint32_t asset = 1; asset <= inventory_asset_count(inv); asset++) {
		inventory_each_held(inv, asset, TABLE_VULNERABILITIES, count_rows, &count);
	}
	return count;
}

struct asked {
	double load_s;
	double slice_ms;   /* the longest time that reading it all in slices held the loop */
	double recount_ms; /* the same where all is counted anew: other knowledge, acceptances */
	uint64_t bytes;
	double order_s;
	double unjudged_load_ms;
	double unjudged_ms;
	uint32_t unjudged;
	uint64_t unjudged_bytes;
	double affected_ms; /* the slowest of a hundred */
	uint64_t affected;
};

static bool count_holder(void *context, uint32_t asset)
{
	(void)asset;
	++*(uint64_t *)context;
	return true;
}

/* What the summary's page takes beside its counts: brought up to date, and read. */
static void ask_unjudged(struct view *view, const struct knowledge *knowledge, struct asked *out)
{
	struct unjudged *unjudged = unjudged_new();
	struct span names[16];
	struct why why;
	int64_t start_us = clock_us();

	must(unjudged_sync(unjudged, view, knowledge, INT64_MAX, &why), &why);
	out->unjudged_load_ms = seconds_since(start_us) * 1e3;
	start_us = clock_us();
	must(unjudged_sync(unjudged, view, knowledge, INT64_MAX, &why), &why);
	for (uint32_t asset = unjudged_next(unjudged, 0), listed = 0; asset != 0 && listed < 100;
	     asset = unjudged_next(unjudged, asset), listed++) {
		struct coverage coverage;

		must(coverage_of_asset(view, asset, knowledge, &coverage, &why), &why);
	}
	(void)unjudged_languages(unjudged, names, COUNT_OF(names));
	out->unjudged_ms = seconds_since(start_us) * 1e3;
	out->unjudged = unjudged_count(unjudged);
	out->unjudged_bytes = unjudged_bytes(unjudged);
	unjudged_free(&unjudged);
}

/* As the api does it, 15 ms at a time. */
static double longest_slice(struct fleet *fleet, struct view *view,
			    const struct knowledge *knowledge)
{
	double longest = 0;
	struct why why;
	int error;

	do {
		int64_t start_us = clock_us();
		double ms;

		error = fleet_sync_some(fleet, view, knowledge, 3000, start_us + 15000, &why);
		ms = seconds_since(start_us) * 1e3;
		longest = ms > longest ? ms : longest;
	} while (error == ERR_AGAIN);
	must(error, &why);
	return longest;
}

/* "Who is affected by CVE X": the holders of its rows. */
static void ask(const char *path, const struct knowledge *knowledge, struct asked *out)
{
	struct fleet *fleet = fleet_new();
	struct view *view;
	struct why why;
	int64_t start_us = clock_us();

	must(view_open(path, &view, &why), &why);
	must(fleet_sync(fleet, view, knowledge, 3000, &why), &why);
	out->load_s = seconds_since(start_us);
	start_us = clock_us();
	(void)fleet_vulnerability_at(fleet, 0);
	out->order_s = seconds_since(start_us);
	for (uint32_t i = 0; i < 100 && i < fleet_vulnerability_count(fleet); i++) {
		const struct fleet_vulnerability *v = fleet_vulnerability_at(fleet, i);
		uint64_t holders = 0;
		double ms;

		start_us = clock_us();
		for (uint32_t at = v->first_row; at != FLEET_END; at = fleet_row(fleet, at)->next) {
			must(view_holders(view, TABLE_VULNERABILITIES, at, count_holder, &holders,
					  &why),
			     &why);
		}
		ms = seconds_since(start_us) * 1e3;
		out->affected_ms = ms > out->affected_ms ? ms : out->affected_ms;
		out->affected += holders;
	}
	out->bytes = fleet_bytes(fleet);
	fleet_accept(fleet, NULL, 0);
	out->recount_ms = longest_slice(fleet, view, knowledge);
	fleet_free(&fleet);
	fleet = fleet_new();
	out->slice_ms = longest_slice(fleet, view, knowledge);
	fleet_free(&fleet);
	ask_unjudged(view, knowledge, out);
	view_close(&view);
}

/* A package of one asset changes: what its batch's transaction does more for the findings. */
static double change_us(struct findings *findings, struct inventory *inv, unsigned assets)
{
	int64_t spent_us = 0;
	uint64_t newest;
	struct why why;

	for (unsigned i = 0; i < 1000; i++) {
		int64_t start_us = clock_us();

		findings_touch(findings, 1 + i * 7919 % assets, TABLE_PACKAGES);
		must(findings_settle(findings, 4000, &newest, &why), &why);
		spent_us += clock_us() - start_us;
		must(inventory_commit(inv, &why), &why);
	}
	return (double)spent_us / 1000;
}

static void report(FILE *out, bool is_json, const char *name, double value, const char *unit,
		   double goal)
{
	static bool is_first = true;

	if (is_json) {
		fprintf(out, "%s\"%s\": %.6g", is_first ? "{" : ", ", name, value);
		is_first = false;
	} else if (goal > 0) {
		printf("%-44s %12.6g %-4s  goal %g: %.2f of it\n", name, value, unit, goal,
		       value / goal);
	} else {
		printf("%-44s %12.6g %s\n", name, value, unit);
	}
}

struct results {
	struct spent from_nothing;
	struct spent update;
	double settle_us;
	uint64_t findings;
	struct asked asked;
	struct findings_figures figures;
	struct knowledge_figures index;
};

static void tell(const struct options *o, const struct results *r)
{
	FILE *json = o->json != NULL ? fopen(o->json, "w") : NULL;
	const struct {
		const char *name;
		double value;
		const char *unit;
		double goal;
	} lines[] = {
		{ "assets", o->assets, "", 0 },
		{ "packages_an_asset", o->rows, "", 0 },
		{ "advisories", o->advisories, "", 0 },
		{ "findings", (double)r->findings, "", 0 },
		{ "findings_an_asset", (double)r->findings / o->assets, "", 0 },
		{ "evaluation_from_nothing", r->from_nothing.wall_s, "s", 10 },
		{ "evaluation_from_nothing_cpu", r->from_nothing.cpu_s, "s", 10 },
		{ "evaluation_tidied_afterwards", r->from_nothing.tidy_s, "s", 0 },
		{ "feed_update_to_all_findings", r->update.wall_s, "s", 1 },
		{ "feed_update_to_all_findings_cpu", r->update.cpu_s, "s", 1 },
		{ "feed_update_tidied_afterwards", r->update.tidy_s, "s", 0 },
		{ "one_asset_after_a_change", r->settle_us, "us", 0 },
		{ "summary_loaded", r->asked.load_s, "s", 0 },
		{ "summary_longest_slice", r->asked.slice_ms, "ms", 0 },
		{ "summary_longest_recount_slice", r->asked.recount_ms, "ms", 0 },
		{ "summary_memory", (double)r->asked.bytes / (1 << 20), "MiB", 0 },
		{ "summary_ordered", r->asked.order_s, "s", 0 },
		{ "unjudged_assets", r->asked.unjudged, "", 0 },
		{ "unjudged_loaded", r->asked.unjudged_load_ms, "ms", 0 },
		{ "unjudged_asked", r->asked.unjudged_ms, "ms", 0 },
		{ "unjudged_memory", (double)r->asked.unjudged_bytes, "B", 0 },
		{ "who_is_affected_slowest_of_100", r->asked.affected_ms, "ms", 10 },
		{ "index_bytes", (double)r->index.bytes, "B", 0 },
		{ "index_bytes_an_entry", (double)r->index.bytes / (double)r->index.entries, "B",
		  0 },
		{ "judged_rows", (double)r->figures.judged_rows, "", 0 },
		{ "judgements_memory", (double)r->figures.memory_bytes, "B", 0 },
	};

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		report(stdout, false, lines[i].name, lines[i].value, lines[i].unit, lines[i].goal);
		if (json != NULL) {
			report(json, true, lines[i].name, lines[i].value, lines[i].unit, 0);
		}
	}
	if (json != NULL) {
		fputs("}\n", json);
		fclose(json);
	}
}

static void run(const struct options *o)
{
	char path[512];
	struct results r = { .findings = 0 };
	struct knowledge *older = simulated_feed(o->advisories, 0, 1);
	struct knowledge *newer = simulated_feed(o->advisories, o->update, 2);
	struct findings *findings;
	struct inventory *inv;
	struct why why;

	snprintf(path, sizeof path, "%s/fleet.db", o->folder);
	must(inventory_open(path, &inv, &why), &why);
	simulated_fleet(inv, o->assets, o->rows);
	findings = findings_new(inv);
	r.from_nothing = follow(findings, inv, NULL, older);
	r.findings = count_findings(inv);
	r.settle_us = change_us(findings, inv, o->assets);
	r.update = follow(findings, inv, older, newer);
	r.figures = findings_figures(findings);
	r.index = knowledge_figures(newer);
	ask(path, newer, &r.asked);
	tell(o, &r);
	findings_free(&findings);
	inventory_close(&inv);
	knowledge_close(&older);
	knowledge_close(&newer);
}

static unsigned number(const char *text)
{
	uint64_t value = 0;

	if (text_to_u64(span_of(text), UINT32_MAX, &value) != 0) {
		fprintf(stderr, "bench-vulns: '%s' is no number\n", text);
		exit(2);
	}
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	struct options o = {
		.assets = 10000, .rows = 2000, .advisories = 30000, .update = 100, .folder = "."
	};
	int option;

	while ((option = getopt(argc, argv, "a:r:n:u:d:j:")) != -1) {
		switch (option) {
		case 'a':
			o.assets = number(optarg);
			break;
		case 'r':
			o.rows = number(optarg);
			break;
		case 'n':
			o.advisories = number(optarg);
			break;
		case 'u':
			o.update = number(optarg);
			break;
		case 'd':
			o.folder = optarg;
			break;
		case 'j':
			o.json = optarg;
			break;
		default:
			fprintf(stderr,
				"usage: bench-vulns [-a ASSETS] [-r PACKAGES] [-n ADVISORIES] "
				"[-u ADDED] [-d FOLDER] [-j JSON]\n");
			return 2;
		}
	}
	run(&o);
	return 0;
}
