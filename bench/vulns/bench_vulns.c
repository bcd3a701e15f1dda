/*
 * bench_vulns.c - a fleet's findings: from nothing, after a feed's update, and asked for.
 *
 * Assets hold packages as fleets do: a few roles (which packages), a few ages (which versions), a
 * handful of packages of their own. What is measured is the work behind the batch: judging, the
 * union per asset, and the commit of what came out; filling the inventory is not.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "server/api/fleet.h"
#include "server/engine/findings.h"
#include "server/feeds/knowledge_builder.h"
#include "server/inventory/inventory.h"
#include "server/inventory/view.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"

/* Packages in the distribution; source packages have three binaries each. */
#define POOL    12000
#define SOURCES (POOL / 3)
#define AGES    8
#define ROLES   24

struct options {
	unsigned assets;
	unsigned rows;       /* of each asset */
	unsigned advisories; /* in the feed */
	unsigned update;     /* advisories that an update adds */
	const char *folder;
	const char *json;
};

static uint64_t random_state;

/* xorshift64* (Vigna 2016) */
static unsigned pick(unsigned below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

static void must(int error, const struct why *why)
{
	if (error != 0) {
		fprintf(stderr, "bench-vulns: %s\n", why->text);
		exit(1);
	}
}

static double seconds_since(int64_t start_us)
{
	return (double)(clock_us() - start_us) / 1e6;
}

/* --- the feed --- */

/* A source's version n: a fix raises it. */
static void version_text(char *out, size_t size, unsigned source, unsigned n)
{
	snprintf(out, size, "%u.%u.%u-1+deb12u%u", 1 + source % 5, source % 11, source % 7, n);
}

/* Popular sources have most advisories, as in life: half of all are of a twentieth. */
static unsigned pick_source(void)
{
	return pick(2) == 0 ? pick(SOURCES / 20) : pick(SOURCES);
}

static struct knowledge *make_feed(const struct options *o, unsigned count, uint64_t generation)
{
	struct knowledge_builder *builder = knowledge_builder_new();
	struct knowledge *knowledge;
	struct why why;

	random_state = 7;
	for (unsigned i = 0; i < count; i++) {
		unsigned source = pick_source();
		char id[32];
		char package[32];
		char fixed[48];
		struct knowledge_range range = { .is_last_affected = false };
		struct knowledge_record record = {
			.stream = span_of("debian:12"),
			.feed = span_of("debian"),
			.quote = span_of("{\"status\":\"resolved\"}"),
			.ranges = &range,
			.range_count = 1,
		};
		struct knowledge_vulnerability facts;

		snprintf(id, sizeof id, "CVE-%u-%05u", 2015 + i % 11, i);
		snprintf(package, sizeof package, "source-%u", source);
		version_text(fixed, sizeof fixed, source, 1 + pick(AGES - 1));
		/* one in thirty is not fixed yet */
		range.fixed = pick(30) == 0 ? (struct span){ NULL, 0 } : span_of(fixed);
		record.id = span_of(id);
		record.package = span_of(package);
		must(knowledge_builder_entry(builder, &record),
		     &(struct why){ "an entry was refused" });
		facts = knowledge_no_facts(record.id);
		facts.score_tenths = 30 + (int)pick(70);
		facts.epss_millionths = (int)pick(100) == 0 ? 600000 : (int)pick(20000);
		facts.is_exploited = pick(200) == 0;
		must(knowledge_builder_facts(builder, &facts),
		     &(struct why){ "facts were refused" });
	}
	must(knowledge_builder_open(builder, generation, &knowledge, &why), &why);
	knowledge_builder_free(&builder);
	(void)o;
	return knowledge;
}

/* --- the fleet --- */

struct hashed {
	struct rowhash hash;
	uint32_t offset;
	uint32_t len;
};

struct rows {
	struct hashed *items;
	size_t count;
	size_t capacity;
	struct buffer bytes;
};

static void add_row(struct rows *rows, const struct row *row)
{
	uint8_t room[1024];
	struct writer w = writer_over(room, sizeof room);

	must(row_encode(row, &w), &(struct why){ "a row is too large" });
	if (rows->count == rows->capacity) {
		rows->capacity = 2 * rows->capacity + 64;
		rows->items = alloc_resize(rows->items, rows->capacity, sizeof *rows->items);
	}
	rows->items[rows->count++] = (struct hashed){
		.hash = rowhash_of(row->table->number, writer_span(&w)),
		.offset = (uint32_t)buffer_span(&rows->bytes).len,
		.len = (uint32_t)writer_used(&w),
	};
	must(buffer_append(&rows->bytes, writer_span(&w)), &(struct why){ "out of room" });
}

static void add_package(struct rows *rows, const char *name, unsigned source, unsigned version)
{
	char text[48];
	char source_name[32];
	struct row row;

	version_text(text, sizeof text, source, version);
	snprintf(source_name, sizeof source_name, "source-%u", source);
	row_init(&row, schema_by_number(TABLE_PACKAGES));
	row_set_text(&row, PACKAGES_MANAGER, span_of("dpkg"));
	row_set_text(&row, PACKAGES_NAME, span_of(name));
	row_set_text(&row, PACKAGES_VERSION, span_of(text));
	row_set_text(&row, PACKAGES_ARCHITECTURE, span_of("amd64"));
	row_set_text(&row, PACKAGES_STATUS, span_of("installed"));
	row_set_text(&row, PACKAGES_SOURCE, span_of(source_name));
	row_set_text(&row, PACKAGES_SOURCE_VERSION, span_of(text));
	add_row(rows, &row);
}

/* Most hosts are up to date, some lag, a few were forgotten. */
static const unsigned ages[] = { 7, 7, 7, 7, 7, 6, 6, 5, 3, 0 };

/* A role is a walk through the pool with a stride of its own; an age says how far upgrades went. */
static void add_packages(struct rows *rows, const struct options *o, unsigned asset)
{
	unsigned role = asset % ROLES;
	unsigned age = ages[(asset / ROLES) % COUNT_OF(ages)];
	char name[48];

	for (unsigned i = 0; i < o->rows - 6; i++) {
		unsigned package = (i * (POOL / o->rows) + role * 3 + i % (role + 1)) % POOL;
		unsigned source = package / 3;

		snprintf(name, sizeof name, "package-%u", package);
		add_package(rows, name, source, age - (age > 0 && source % 16 == 0));
	}
	for (unsigned i = 0; i < 6; i++) {
		snprintf(name, sizeof name, "own-%u-%u", asset, i);
		add_package(rows, name, SOURCES + i, 0);
	}
}

static int by_hash(const void *a, const void *b)
{
	return rowhash_compare(&((const struct hashed *)a)->hash,
			       &((const struct hashed *)b)->hash);
}

/* One table of an asset, whole, as an enrolling sensor sends it. */
static void apply(struct inventory *inv, uint32_t asset, uint16_t table, struct rows *rows)
{
	struct message_batch batch = { .table = table, .seq = 1, .mode = BATCH_RANGE };
	struct inventory_result result;
	struct buffer hashes OWNED(buffer_done);
	struct buffer list OWNED(buffer_done);
	struct why why;
	size_t kept = 0;

	buffer_init(&hashes, 1u << 20);
	buffer_init(&list, 4u << 20);
	qsort(rows->items, rows->count, sizeof *rows->items, by_hash);
	for (size_t i = 0; i < rows->count; i++) {
		struct span bytes =
			span_first(span_after(buffer_span(&rows->bytes), rows->items[i].offset),
				   rows->items[i].len);
		uint8_t *room;
		struct writer w;

		if (i > 0 &&
		    rowhash_equal(&rows->items[i].hash, &rows->items[kept > 0 ? i - 1 : 0].hash)) {
			continue;
		}
		kept++;
		must(buffer_append(&hashes,
				   (struct span){ rows->items[i].hash.bytes, ROWHASH_SIZE }),
		     &(struct why){ "out of room" });
		room = buffer_reserve(&list, bytes.len + 8);
		w = writer_over(room, bytes.len + 8);
		row_list_append(&w, bytes);
		buffer_grow(&list, writer_used(&w));
	}
	memset(&batch.high, 255, sizeof batch.high);
	batch.adds.bytes = buffer_span(&hashes);
	batch.rows = (struct row_list){ buffer_span(&list), kept };
	must(inventory_apply(inv, asset, &batch, 1000, &result, &why), &why);
	if (result.outcome != INVENTORY_APPLIED) {
		fprintf(stderr, "bench-vulns: %s\n", result.reason);
		exit(1);
	}
	rows->count = 0;
	buffer_clear(&rows->bytes);
}

static void fill(struct inventory *inv, const struct options *o)
{
	struct rows rows = { .count = 0 };
	struct why why;

	buffer_init(&rows.bytes, 4u << 20);
	for (unsigned i = 0; i < o->assets; i++) {
		char id[17];
		uint32_t asset;
		struct row os;

		snprintf(id, sizeof id, "%016x", i + 1);
		must(inventory_begin(inv, &why), &why);
		must(inventory_asset(inv, id, 1000, &asset, &why), &why);
		row_init(&os, schema_by_number(TABLE_OS));
		row_set_text(&os, OS_ID, span_of("debian"));
		row_set_text(&os, OS_VERSION_ID, span_of("12"));
		row_set_text(&os, OS_CODENAME, span_of("bookworm"));
		add_row(&rows, &os);
		apply(inv, asset, TABLE_OS, &rows);
		add_packages(&rows, o, i);
		apply(inv, asset, TABLE_PACKAGES, &rows);
		if (i % 64 == 63) {
			must(inventory_commit(inv, &why), &why);
		}
	}
	must(inventory_commit(inv, &why), &why);
	while (inventory_tidy(inv)) {
	}
	free(rows.items);
	buffer_done(&rows.bytes);
}

/* --- the measurements --- */

/* To the last asset, committed as the engine does: a slice of 20 ms a commit. */
static double follow(struct findings *findings, struct inventory *inv)
{
	int64_t start_us = clock_us();
	uint64_t newest;
	struct why why;

	while (findings_has_work(findings)) {
		must(findings_work(findings, clock_us() + 20000, 2000, &newest, &why), &why);
		must(inventory_commit(inv, &why), &why);
	}
	return seconds_since(start_us);
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
	double affected_ms; /* the slowest of a hundred */
	uint64_t affected;
};

static bool count_holder(void *context, uint32_t asset)
{
	(void)asset;
	++*(uint64_t *)context;
	return true;
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

		findings_touch(findings, 1 + pick(assets), TABLE_PACKAGES);
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
	double from_nothing_s;
	double update_s;
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
		{ "evaluation_from_nothing", r->from_nothing_s, "s", 10 },
		{ "feed_update_to_all_findings", r->update_s, "s", 1 },
		{ "one_asset_after_a_change", r->settle_us, "us", 0 },
		{ "summary_loaded", r->asked.load_s, "s", 0 },
		{ "summary_longest_slice", r->asked.slice_ms, "ms", 0 },
		{ "summary_longest_recount_slice", r->asked.recount_ms, "ms", 0 },
		{ "summary_memory", (double)r->asked.bytes / (1 << 20), "MiB", 0 },
		{ "summary_ordered", r->asked.order_s, "s", 0 },
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
	struct knowledge *older = make_feed(o, o->advisories, 1);
	struct knowledge *newer = make_feed(o, o->advisories + o->update, 2);
	struct findings *findings;
	struct inventory *inv;
	struct why why;

	snprintf(path, sizeof path, "%s/fleet.db", o->folder);
	must(inventory_open(path, &inv, &why), &why);
	fill(inv, o);
	findings = findings_new(inv);
	findings_follow(findings, NULL, older);
	r.from_nothing_s = follow(findings, inv);
	r.findings = count_findings(inv);
	r.settle_us = change_us(findings, inv, o->assets);
	{
		int64_t start_us = clock_us();

		findings_follow(findings, older, newer);
		r.update_s = seconds_since(start_us);
		r.update_s += follow(findings, inv);
	}
	r.figures = findings_figures(findings);
	r.index = knowledge_figures(newer);
	while (inventory_tidy(inv)) {
	}
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
