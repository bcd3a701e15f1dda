/* fleet_test.c - the sums are what a slow count over every asset's rows gives, whatever changed. */
#include "server/api/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/api/finding_times.h"
#include "server/feeds/knowledge_builder.h"
#include "server/inventory/fixture.h"

struct world {
	struct fixture f;
	struct view *view;
	struct fleet *fleet;
	struct knowledge *knowledge;
	uint32_t rows[4]; /* numbers of findings: see finding() */
};

/* 0: CVE-1 in libssl3, fixable; 1: CVE-1 in openssl, fixable; 2: CVE-2 in curl, open; 3: CVE-1 in
 * libssl3, exposed to the network. */
static uint32_t finding(struct world *w, unsigned n)
{
	static const struct {
		const char *id, *package, *source, *status, *exposure;
	} list[] = {
		{ "CVE-1", "libssl3", "openssl", "fixable", "installed" },
		{ "CVE-1", "openssl", "openssl", "fixable", "installed" },
		{ "CVE-2", "curl", "curl", "open", "installed" },
		{ "CVE-1", "libssl3", "openssl", "fixable", "network" },
	};
	struct row row;
	struct why why;
	uint32_t number;

	row_init(&row, schema_by_number(TABLE_VULNERABILITIES));
	row_set_text(&row, VULNERABILITIES_ID, span_of(list[n].id));
	row_set_text(&row, VULNERABILITIES_MANAGER, span_of("dpkg"));
	row_set_text(&row, VULNERABILITIES_PACKAGE, span_of(list[n].package));
	row_set_text(&row, VULNERABILITIES_SOURCE, span_of(list[n].source));
	row_set_text(&row, VULNERABILITIES_STATUS, span_of(list[n].status));
	row_set_text(&row, VULNERABILITIES_EXPOSURE, span_of(list[n].exposure));
	row_set_text(&row, VULNERABILITIES_RELEASE, span_of("debian:12"));
	assert_int_equal(inventory_derived_row(w->f.inv, &row, &number, &why), 0);
	return number;
}

static struct knowledge *scores(int first_tenths, int second_tenths)
{
	struct knowledge_builder *builder = knowledge_builder_new();
	struct knowledge_vulnerability facts = knowledge_no_facts(span_of("CVE-1"));
	struct knowledge *knowledge;
	struct why why;

	facts.score_tenths = first_tenths;
	assert_int_equal(knowledge_builder_facts(builder, &facts), 0);
	facts = knowledge_no_facts(span_of("CVE-2"));
	facts.score_tenths = second_tenths;
	assert_int_equal(knowledge_builder_facts(builder, &facts), 0);
	assert_int_equal(knowledge_builder_open(builder, 1, &knowledge, &why), 0);
	knowledge_builder_free(&builder);
	return knowledge;
}

/* From a moment on, asset `n` has exactly these findings. */
static void has_at(struct world *w, int64_t now_ms, unsigned n, const unsigned *findings,
		   size_t count)
{
	struct inventory_result result;
	uint32_t rows[4];
	struct why why;
	uint32_t asset;

	assert_int_equal(inventory_begin(w->f.inv, &why), 0);
	asset = fixture_asset(&w->f, n, 10);
	assert_int_equal(inventory_begin(w->f.inv, &why), 0);
	for (size_t i = 0; i < count; i++) {
		rows[i] = finding(w, findings[i]);
	}
	assert_int_equal(inventory_derive(w->f.inv, asset, TABLE_VULNERABILITIES, rows, count,
					  now_ms, &result, &why),
			 0);
	assert_int_equal(inventory_commit(w->f.inv, &why), 0);
}

static void has(struct world *w, unsigned n, const unsigned *findings, size_t count)
{
	has_at(w, 20, n, findings, count);
}

static void begin_world(struct world *w)
{
	struct why why;

	memset(w, 0, sizeof *w);
	fixture_open(&w->f);
	w->fleet = fleet_new();
	w->knowledge = scores(98, 50);
	/* row numbers rise in this order, so that lists of them rise too */
	assert_int_equal(inventory_begin(w->f.inv, &why), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(finding(w, i), i);
	}
	assert_int_equal(inventory_commit(w->f.inv, &why), 0);
	assert_int_equal(view_open(w->f.path, &w->view, &why), 0);
}

static void end_world(struct world *w)
{
	fleet_free(&w->fleet);
	view_close(&w->view);
	knowledge_close(&w->knowledge);
	fixture_close(&w->f);
}

static void sync_at(struct world *w, int64_t now_ms)
{
	struct why why;

	assert_int_equal(fleet_sync(w->fleet, w->view, w->knowledge, now_ms, &why), 0);
}

static uint64_t findings_of(const struct fleet *fleet)
{
	struct fleet_summary s = fleet_summary(fleet);
	uint64_t sum = 0;

	for (int i = 0; i < FLEET_LEVELS; i++) {
		sum += s.findings[i];
	}
	return sum;
}

static const struct fleet_vulnerability *named(const struct world *w, const char *id)
{
	return fleet_vulnerability_named(w->fleet, span_of(id));
}

static void a_vulnerability_of_two_packages_counts_once_on_an_asset(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	has(&w, 1, (const unsigned[]){ 0, 1, 2 }, 3);
	has(&w, 2, (const unsigned[]){ 0 }, 1);
	sync_at(&w, 0);
	assert_int_equal(named(&w, "CVE-1")->assets, 2);
	assert_int_equal(named(&w, "CVE-2")->assets, 1);
	assert_int_equal(findings_of(w.fleet), 3);
	assert_int_equal(fleet_summary(w.fleet).assets, 2);
	assert_int_equal(fleet_summary(w.fleet).fixable, 2);
	assert_int_equal(fleet_row(w.fleet, 0)->assets, 2);
	assert_int_equal(fleet_row(w.fleet, 1)->assets, 1);
	assert_null(named(&w, "CVE-3"));
	end_world(&w);
}

static void what_changes_is_followed_and_equals_a_fresh_count(void **state)
{
	struct world w;
	struct fleet *fresh = fleet_new();
	struct fleet_summary before;
	struct fleet_summary after;
	struct why why;

	(void)state;
	begin_world(&w);
	has(&w, 1, (const unsigned[]){ 0, 1, 2 }, 3);
	sync_at(&w, 0);
	has(&w, 1, (const unsigned[]){ 1, 3 }, 2);
	has(&w, 2, (const unsigned[]){ 2 }, 1);
	has(&w, 3, (const unsigned[]){ 0 }, 1);
	has(&w, 3, NULL, 0);
	sync_at(&w, 0);
	assert_int_equal(fleet_sync(fresh, w.view, w.knowledge, 0, &why), 0);
	before = fleet_summary(w.fleet);
	after = fleet_summary(fresh);
	assert_memory_equal(&before, &after, sizeof before);
	assert_int_equal(named(&w, "CVE-1")->assets, 1);
	assert_int_equal(fleet_asset(w.fleet, 1)->priority, fleet_row(w.fleet, 3)->priority);
	assert_int_equal(fleet_asset(w.fleet, 3)->row_count, 0);
	fleet_free(&fresh);
	end_world(&w);
}

static void the_most_urgent_comes_first_and_new_facts_change_that(void **state)
{
	struct world w;
	struct knowledge *older;

	(void)state;
	begin_world(&w);
	has(&w, 1, (const unsigned[]){ 0, 2 }, 2);
	sync_at(&w, 0);
	assert_true(span_is(fleet_vulnerability_at(w.fleet, 0)->id, "CVE-1"));
	older = w.knowledge;
	w.knowledge = scores(20, 100);
	sync_at(&w, 0);
	knowledge_close(&older);
	assert_true(span_is(fleet_vulnerability_at(w.fleet, 0)->id, "CVE-2"));
	end_world(&w);
}

static uint64_t cube(uint64_t priority)
{
	return priority * priority * priority;
}

static void an_upgrade_closes_what_its_source_package_has(void **state)
{
	struct world w;
	const struct fleet_group *first;

	(void)state;
	begin_world(&w);
	has(&w, 1, (const unsigned[]){ 0, 1, 2 }, 3);
	has(&w, 2, (const unsigned[]){ 3 }, 1);
	sync_at(&w, 0);
	first = fleet_group_at(w.fleet, 0);
	assert_true(span_is(first->source, "openssl"));
	assert_int_equal(first->findings, 2);
	assert_int_equal(first->assets, 2);
	assert_int_equal(first->weight, cube(fleet_row(w.fleet, 0)->priority) +
						cube(fleet_row(w.fleet, 3)->priority));
	assert_int_equal(fleet_group_at(w.fleet, 1)->weight, 0);
	end_world(&w);
}

static void accepted_risks_are_set_apart_until_they_run_out(void **state)
{
	struct world w;
	const struct fleet_acceptance list[] = {
		{ .no = 1, .id = "CVE-1", .asset = 2, .until_ms = 1000 }, { .no = 2, .id = "CVE-2" }
	};

	(void)state;
	begin_world(&w);
	has(&w, 1, (const unsigned[]){ 0, 2 }, 2);
	has(&w, 2, (const unsigned[]){ 0, 2 }, 2);
	fleet_accept(w.fleet, list, 2);
	sync_at(&w, 500);
	assert_int_equal(named(&w, "CVE-1")->assets, 1);
	assert_int_equal(named(&w, "CVE-1")->accepted, 1);
	assert_int_equal(named(&w, "CVE-2")->assets, 0);
	assert_int_equal(fleet_summary(w.fleet).accepted, 3);
	assert_int_equal(fleet_asset(w.fleet, 2)->accepted, 2);
	sync_at(&w, 1000);
	assert_int_equal(named(&w, "CVE-1")->assets, 2);
	assert_int_equal(named(&w, "CVE-2")->accepted, 2);
	end_world(&w);
}

static void slices_of_any_length_lead_to_the_same(void **state)
{
	struct world w;
	struct fleet *sliced = fleet_new();
	struct fleet_summary whole;
	struct fleet_summary slices;
	unsigned pauses = 0;
	struct why why;
	int error;

	(void)state;
	begin_world(&w);
	for (unsigned i = 1; i <= 5; i++) {
		has(&w, i, (const unsigned[]){ 0, 2 }, i > 3 ? 1 : 2);
	}
	while ((error = fleet_sync_some(sliced, w.view, w.knowledge, 0, 0, &why)) == ERR_AGAIN) {
		if (++pauses == 3) {
			has(&w, 1, (const unsigned[]){ 1 }, 1); /* meanwhile something changes */
		}
	}
	assert_int_equal(error, 0);
	assert_true(pauses > 5);
	sync_at(&w, 0);
	whole = fleet_summary(w.fleet);
	slices = fleet_summary(sliced);
	assert_memory_equal(&whole, &slices, sizeof whole);
	assert_int_equal(fleet_row(sliced, 1)->assets, 1);
	assert_int_equal(whole.assets, 5);
	fleet_free(&sliced);
	end_world(&w);
}

/* --- when they came and went --- */

static struct finding_time *times_of(struct world *w, uint32_t asset)
{
	struct finding_time *times;
	struct why why;

	assert_int_equal(finding_times_of_asset(w->fleet, w->view, asset, &times, &why), 0);
	return times;
}

static void a_finding_that_returns_was_reopened(void **state)
{
	struct finding_time *times;
	struct world w;

	(void)state;
	begin_world(&w);
	has_at(&w, 100, 1, (const unsigned[]){ 0, 2 }, 2);
	has_at(&w, 200, 1, (const unsigned[]){ 2 }, 1);
	has_at(&w, 300, 1, (const unsigned[]){ 0, 2 }, 2);
	sync_at(&w, 0);
	times = times_of(&w, 1);
	assert_int_equal(times[fleet_row(w.fleet, 0)->vulnerability].first_ms, 100);
	assert_int_equal(times[fleet_row(w.fleet, 0)->vulnerability].opened, 2);
	assert_int_equal(times[fleet_row(w.fleet, 0)->vulnerability].fixed_ms, 200);
	assert_int_equal(times[fleet_row(w.fleet, 2)->vulnerability].opened, 1);
	assert_int_equal(times[fleet_row(w.fleet, 2)->vulnerability].fixed_ms, 0);
	free(times);
	end_world(&w);
}

static void another_row_of_the_same_vulnerability_is_no_end(void **state)
{
	struct finding_time *times;
	struct world w;

	(void)state;
	begin_world(&w);
	has_at(&w, 100, 1, (const unsigned[]){ 0, 1 }, 2);
	has_at(&w, 200, 1, (const unsigned[]){ 1 }, 1); /* one of two packages is mended */
	has_at(&w, 300, 1, (const unsigned[]){ 3 }, 1); /* it listens now */
	sync_at(&w, 0);
	times = times_of(&w, 1);
	assert_int_equal(times[fleet_row(w.fleet, 0)->vulnerability].first_ms, 100);
	assert_int_equal(times[fleet_row(w.fleet, 0)->vulnerability].opened, 1);
	assert_int_equal(times[fleet_row(w.fleet, 0)->vulnerability].fixed_ms, 0);
	free(times);
	end_world(&w);
}

struct past {
	unsigned count;
	uint32_t asset;
	int64_t fixed_ms;
};

static bool take_past(void *context, uint32_t asset, int64_t fixed_ms)
{
	struct past *past = context;

	*past = (struct past){ past->count + 1, asset, fixed_ms };
	return true;
}

static void who_had_it_is_told_once_with_the_last_time(void **state)
{
	struct past past = { 0 };
	bool is_cut = true;
	struct why why;
	struct world w;

	(void)state;
	begin_world(&w);
	has_at(&w, 100, 1, (const unsigned[]){ 0 }, 1);
	has_at(&w, 200, 1, NULL, 0);
	has_at(&w, 300, 1, (const unsigned[]){ 0 }, 1);
	has_at(&w, 400, 1, NULL, 0);
	has_at(&w, 500, 2, (const unsigned[]){ 0 }, 1);
	has_at(&w, 600, 2, (const unsigned[]){ 3 }, 1);
	sync_at(&w, 0);
	assert_int_equal(finding_times_past(w.fleet, w.view, named(&w, "CVE-1"), take_past, &past,
					    &is_cut, &why),
			 0);
	assert_false(is_cut);
	assert_int_equal(past.count, 1);
	assert_int_equal(past.asset, 1);
	assert_int_equal(past.fixed_ms, 400);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_of_any_length_lead_to_the_same),
		cmocka_unit_test(a_finding_that_returns_was_reopened),
		cmocka_unit_test(another_row_of_the_same_vulnerability_is_no_end),
		cmocka_unit_test(who_had_it_is_told_once_with_the_last_time),
		cmocka_unit_test(a_vulnerability_of_two_packages_counts_once_on_an_asset),
		cmocka_unit_test(what_changes_is_followed_and_equals_a_fresh_count),
		cmocka_unit_test(the_most_urgent_comes_first_and_new_facts_change_that),
		cmocka_unit_test(an_upgrade_closes_what_its_source_package_has),
		cmocka_unit_test(accepted_risks_are_set_apart_until_they_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
