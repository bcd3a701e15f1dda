/* findings.c - an asset's findings: the union of its rows' judgements, with what runs and listens.
 */
#include "server/engine/findings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/engine/judged.h"
#include "server/services/inferred.h"
#include "sys/alloc.h"
#include "sys/clock.h"

struct list_of_numbers {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

/* Exposure by name, of one asset: valid where its stamp is the asset's. */
struct exposed {
	uint32_t stamp;
	enum exposure exposure;
};

struct findings {
	struct judged judged;
	uint8_t *is_touched; /* a bit an asset */
	size_t touched_size; /* assets there is room for */
	struct list_of_numbers touched;
	/* the walk over all assets that new knowledge needs */
	bool is_walking;
	bool is_all; /* every asset, not only those that hold a touched row */
	uint32_t next_asset;
	/* of the asset at hand */
	uint32_t stamp;
	struct exposed *programs; /* by name */
	struct exposed *packages; /* by name */
	uint32_t named;
	struct inventory_run *runs;
	size_t run_count;
	size_t run_capacity;
	struct list_of_numbers held;
	uint64_t *bits; /* findings of the asset at hand, by row number */
	size_t bits_size;
};

struct findings *findings_new(struct inventory *inv)
{
	struct findings *f = alloc_zeroed(1, sizeof *f);

	judged_init(&f->judged, inv);
	return f;
}

void findings_free(struct findings **findings)
{
	struct findings *f = *findings;

	if (f == NULL) {
		return;
	}
	judged_done(&f->judged);
	free(f->is_touched);
	free(f->touched.items);
	free(f->programs);
	free(f->packages);
	free(f->runs);
	free(f->held.items);
	free(f->bits);
	free(f);
	*findings = NULL;
}

static void push(struct list_of_numbers *list, uint32_t number)
{
	if (list->count == list->capacity) {
		list->capacity = 2 * list->capacity + 64;
		list->items = alloc_resize(list->items, list->capacity, sizeof *list->items);
	}
	list->items[list->count++] = number;
}

/* The rows that an asset holds of a small table, valid until asked again. */
static const struct list_of_numbers *rows_of(struct findings *f, uint32_t asset, uint16_t table)
{
	struct inventory_runs runs = inventory_held_runs(f->judged.inv, asset, table);

	f->held.count = 0;
	for (size_t i = 0; i < runs.count; i++) {
		for (uint64_t row = runs.items[i].first; row <= runs.items[i].last; row++) {
			push(&f->held, (uint32_t)row);
		}
	}
	return &f->held;
}

/* --- what is touched --- */

static bool concerns_findings(uint16_t table)
{
	return table == TABLE_PACKAGES || table == TABLE_LANGUAGE_PACKAGES || table == TABLE_OS ||
	       table == TABLE_KERNEL || table == TABLE_LISTENERS || table == TABLE_PACKAGE_USE ||
	       table == TABLE_NETWORK_SERVICES || table == TABLE_SCANNED_HOSTS;
}

void findings_touch(struct findings *f, uint32_t asset, uint16_t table)
{
	if (f->judged.knowledge == NULL || !concerns_findings(table)) {
		return;
	}
	if (asset >= f->touched_size) {
		size_t size = (asset / 8 + 1) * 16;

		f->is_touched = alloc_resize(f->is_touched, size / 8, 1);
		mem_zero(f->is_touched + f->touched_size / 8, (size - f->touched_size) / 8);
		f->touched_size = size;
	}
	if ((f->is_touched[asset / 8] >> asset % 8 & 1) == 0) {
		f->is_touched[asset / 8] |= (uint8_t)(1u << asset % 8);
		push(&f->touched, asset);
	}
}

static void forget_touched(struct findings *f)
{
	for (size_t i = 0; i < f->touched.count; i++) {
		f->is_touched[f->touched.items[i] / 8] = 0;
	}
	f->touched.count = 0;
}

/* --- exposure --- */

static void cover_names(struct findings *f)
{
	uint32_t count = f->judged.names.count;

	if (count > f->named) {
		uint32_t size = count + count / 2 + 256;

		f->programs = alloc_resize(f->programs, size, sizeof *f->programs);
		f->packages = alloc_resize(f->packages, size, sizeof *f->packages);
		mem_zero(f->programs + f->named, (size - f->named) * sizeof *f->programs);
		mem_zero(f->packages + f->named, (size - f->named) * sizeof *f->packages);
		f->named = size;
	}
}

/* The most exposed of its uses counts. */
static void expose(struct findings *f, struct exposed *of, enum exposure exposure)
{
	if (of->stamp != f->stamp || of->exposure < exposure) {
		*of = (struct exposed){ f->stamp, exposure };
	}
}

static int expose_programs(struct findings *f, uint32_t asset, struct why *why)
{
	const struct list_of_numbers *rows = rows_of(f, asset, TABLE_LISTENERS);

	for (size_t i = 0; i < rows->count; i++) {
		const struct listener_facts *facts;
		int error = judged_listener(&f->judged, rows->items[i], &facts, why);

		if (error != 0) {
			return error;
		}
		cover_names(f);
		if (facts->program != NAME_NONE) {
			expose(f, &f->programs[facts->program],
			       facts->is_network ? EXPOSURE_NETWORK : EXPOSURE_LOCAL);
		}
	}
	return 0;
}

/* *out_is_told: the asset says what runs at all. */
static int expose_packages(struct findings *f, uint32_t asset, bool *out_is_told, struct why *why)
{
	const struct list_of_numbers *rows = rows_of(f, asset, TABLE_PACKAGE_USE);

	*out_is_told = rows->count > 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct use_facts *facts;
		enum exposure exposure = EXPOSURE_RUNNING;
		int error = judged_use(&f->judged, rows->items[i], &facts, why);

		if (error != 0) {
			return error;
		}
		cover_names(f);
		if (facts->program != NAME_NONE && f->programs[facts->program].stamp == f->stamp) {
			exposure = f->programs[facts->program].exposure;
		}
		if (facts->package != NAME_NONE) {
			expose(f, &f->packages[facts->package], exposure);
		}
	}
	return 0;
}

/* The running kernel's release; empty where the asset does not tell. */
static int running_kernel(struct findings *f, uint32_t asset, char out[KERNEL_RELEASE_SIZE],
			  struct why *why)
{
	const struct list_of_numbers *rows = rows_of(f, asset, TABLE_KERNEL);

	out[0] = '\0';
	for (size_t i = 0; i < rows->count; i++) {
		const struct kernel_facts *facts;
		int error = judged_kernel(&f->judged, rows->items[i], &facts, why);

		if (error != 0) {
			return error;
		}
		if (facts->is_running) {
			mem_copy(out, facts->release, KERNEL_RELEASE_SIZE);
		}
	}
	return 0;
}

/* --- one asset --- */

struct asset_facts {
	uint32_t asset;
	uint32_t release;
	char kernel[KERNEL_RELEASE_SIZE]; /* the running one's release, or "" */
	bool is_use_told;
};

static int exposure_of(struct findings *f, const struct asset_facts *a, uint32_t row,
		       enum exposure *out, struct why *why)
{
	const struct package_facts *package;
	int error = judged_package(&f->judged, row, &package, why);

	if (error != 0) {
		return error;
	}
	if (package->is_of_kernel && a->kernel[0] != '\0') {
		return judged_kernel_exposure(&f->judged, row, span_of(a->kernel), out, why);
	}
	cover_names(f);
	if (!a->is_use_told) {
		*out = EXPOSURE_UNKNOWN;
	} else if (package->name != NAME_NONE && f->packages[package->name].stamp == f->stamp) {
		*out = f->packages[package->name].exposure;
	} else {
		*out = EXPOSURE_INSTALLED;
	}
	return 0;
}

/* Rows of a run are neighbours: they mostly lie in one word. */
static void note_run(struct findings *f, struct inventory_run run)
{
	size_t last = run.last / 64;

	if (last >= f->bits_size) {
		size_t size = last + last / 2 + 64;

		f->bits = alloc_resize(f->bits, size, sizeof *f->bits);
		mem_zero(f->bits + f->bits_size, (size - f->bits_size) * sizeof *f->bits);
		f->bits_size = size;
	}
	for (size_t word = run.first / 64; word <= last; word++) {
		uint64_t bits = UINT64_MAX;

		if (word == run.first / 64) {
			bits &= UINT64_MAX << run.first % 64;
		}
		if (word == last) {
			bits &= UINT64_MAX >> (63 - run.last % 64);
		}
		f->bits[word] |= bits;
	}
}

/* Adds the findings of one row of packages (or of language_packages, release 0). */
static int add_findings(struct findings *f, const struct asset_facts *a, uint32_t release,
			uint32_t row, struct why *why)
{
	enum exposure exposure = EXPOSURE_UNKNOWN;
	struct inventory_runs runs;
	uint32_t count;
	int error = judged_count(&f->judged, release, row, &count, why);

	if (error != 0 || count == 0) {
		return error;
	}
	if (release != 0) {
		error = exposure_of(f, a, row, &exposure, why);
	}
	if (error == 0) {
		error = judged_rows(&f->judged, release, row, exposure, &runs, why);
	}
	for (size_t i = 0; error == 0 && i < runs.count; i++) {
		note_run(f, runs.items[i]);
	}
	return error;
}

static int add_table(struct findings *f, const struct asset_facts *a, uint32_t release,
		     uint16_t table, struct why *why)
{
	struct inventory_runs held = inventory_held_runs(f->judged.inv, a->asset, table);
	int error = 0;

	for (size_t i = 0; error == 0 && i < held.count; i++) {
		for (uint64_t row = held.items[i].first; error == 0 && row <= held.items[i].last;
		     row++) {
			if (!judged_is_clean(&f->judged, release, (uint32_t)row)) {
				error = add_findings(f, a, release, (uint32_t)row, why);
			}
		}
	}
	return error;
}

/* --- what banners say, where no agent tells the packages --- */

struct inferring {
	struct findings *f;
	const struct inferred *inferred;
	int error;
	struct why *why;
};

static bool take_inferred(void *context, const struct judgement *judgement)
{
	struct inferring *i = context;
	struct inferred_words words;
	struct row row;
	uint32_t number;

	inferred_explain(i->inferred, judgement, &words);
	inferred_row(i->inferred, judgement, &words, &row);
	i->error = inventory_derived_row(i->f->judged.inv, &row, &number, i->why);
	if (i->error == 0) {
		note_run(i->f, (struct inventory_run){ number, number });
	}
	return i->error == 0;
}

/* What all services and hosts of a table say of the system that they run on. */
static int note_host(struct findings *f, uint32_t asset, uint16_t table, struct inferred_host *host,
		     struct why *why)
{
	const struct list_of_numbers *rows = rows_of(f, asset, table);
	int error = 0;

	for (size_t i = 0; error == 0 && i < rows->count; i++) {
		struct row row;

		error = inventory_row(f->judged.inv, table, rows->items[i], &row, why);
		if (error == 0) {
			inferred_note(&row, host);
		}
	}
	return error;
}

/* What one service's banner says. */
static int infer(struct findings *f, uint32_t number, const struct inferred_host *host,
		 struct why *why)
{
	struct inferred inferred;
	struct inferring i = { .f = f, .inferred = &inferred, .why = why };
	struct row service;
	bool is_touched;
	int error = judged_is_service_touched(&f->judged, number, &is_touched, why); /* known */

	if (error == 0) {
		error = inventory_row(f->judged.inv, TABLE_NETWORK_SERVICES, number, &service, why);
	}
	if (error == 0 && inferred_of(&service, host, &inferred)) {
		f->judged.judged_rows++;
		inferred_judge(f->judged.knowledge, &inferred, false, take_inferred, &i);
	}
	return error != 0 ? error : i.error;
}

/* An agent knows the packages better than any banner. */
static int add_inferred(struct findings *f, uint32_t asset, struct why *why)
{
	struct inferred_host host = { .distribution = NULL };
	const struct list_of_numbers *rows;
	int error;

	if (inventory_held_runs(f->judged.inv, asset, TABLE_PACKAGES).count > 0 ||
	    inventory_held_runs(f->judged.inv, asset, TABLE_NETWORK_SERVICES).count == 0) {
		return 0;
	}
	error = note_host(f, asset, TABLE_SCANNED_HOSTS, &host, why);
	if (error == 0) {
		error = note_host(f, asset, TABLE_NETWORK_SERVICES, &host, why);
	}
	rows = rows_of(f, asset, TABLE_NETWORK_SERVICES);
	for (size_t i = 0; error == 0 && i < rows->count; i++) {
		error = infer(f, rows->items[i], &host, why);
	}
	return error;
}

static void push_run(struct findings *f, uint32_t first, uint32_t last)
{
	if (f->run_count == f->run_capacity) {
		f->run_capacity = 2 * f->run_capacity + 256;
		f->runs = alloc_resize(f->runs, f->run_capacity, sizeof *f->runs);
	}
	f->runs[f->run_count++] = (struct inventory_run){ first, last };
}

/* The noted rows, rising; leaves the bits clear. Valid until the next call. */
static struct inventory_runs take_rows(struct findings *f)
{
	f->run_count = 0;
	for (size_t word = 0; word < f->bits_size; word++) {
		uint64_t bits = f->bits[word];

		f->bits[word] = 0;
		while (bits != 0) {
			unsigned first = (unsigned)__builtin_ctzll(bits);
			uint64_t behind = ~(bits >> first); /* the shift brought zeros, but for 0 */
			unsigned end = behind == 0 ? 64 : first + (unsigned)__builtin_ctzll(behind);

			push_run(f, (uint32_t)(word * 64) + first, (uint32_t)(word * 64) + end - 1);
			bits = end == 64 ? 0 : bits & UINT64_MAX << end;
		}
	}
	return (struct inventory_runs){ f->runs, f->run_count };
}

static int know_asset(struct findings *f, uint32_t asset, struct asset_facts *out, struct why *why)
{
	const struct list_of_numbers *os = rows_of(f, asset, TABLE_OS);
	int error = 0;

	*out = (struct asset_facts){ .asset = asset };
	f->stamp++;
	if (os->count > 0) {
		error = judged_release_of_os(&f->judged, os->items[0], &out->release, why);
	}
	if (error == 0) {
		error = expose_programs(f, asset, why);
	}
	if (error == 0) {
		error = expose_packages(f, asset, &out->is_use_told, why);
	}
	return error == 0 ? running_kernel(f, asset, out->kernel, why) : error;
}

static int settle_asset(struct findings *f, uint32_t asset, int64_t now_ms, uint64_t *newest,
			struct why *why)
{
	struct asset_facts facts;
	struct inventory_result result;
	struct inventory_runs runs;
	int error = inventory_begin(f->judged.inv, why);

	if (error == 0) {
		error = know_asset(f, asset, &facts, why);
	}
	if (error == 0 && facts.release != 0) {
		error = add_table(f, &facts, facts.release, TABLE_PACKAGES, why);
	}
	if (error == 0) {
		error = add_table(f, &facts, 0, TABLE_LANGUAGE_PACKAGES, why);
	}
	if (error == 0) {
		error = add_inferred(f, asset, why);
	}
	runs = take_rows(f);
	if (error == 0) {
		error = inventory_derive_runs(f->judged.inv, asset, TABLE_VULNERABILITIES, &runs,
					      now_ms, &result, why);
	}
	if (error == 0 && result.change_no > *newest) {
		*newest = result.change_no;
	}
	return error;
}

int findings_settle(struct findings *f, int64_t now_ms, uint64_t *out_newest, struct why *why)
{
	int error = 0;

	*out_newest = 0;
	for (size_t i = 0; error == 0 && i < f->touched.count; i++) {
		error = settle_asset(f, f->touched.items[i], now_ms, out_newest, why);
	}
	forget_touched(f);
	return error;
}

/* --- new knowledge --- */

static void start_walk(struct findings *f, bool is_all)
{
	f->is_all = is_all || (f->is_walking && f->is_all);
	f->is_walking = true;
	f->next_asset = 1;
}

void findings_follow(struct findings *f, const struct knowledge *older,
		     const struct knowledge *newer)
{
	bool is_behind;
	struct why why;

	if (older == NULL) {
		/* what the file holds follows this very knowledge, or everything is to be judged */
		f->judged.knowledge = newer;
		if (inventory_judged(f->judged.inv) != knowledge_generation(newer)) {
			start_walk(f, true);
		}
		return;
	}
	/* where not every asset follows the older one yet, what differs from it does not say all */
	is_behind = inventory_judged(f->judged.inv) != knowledge_generation(older);
	if (judged_follow(&f->judged, older, newer, &why) != 0) {
		judged_clear(&f->judged);
		is_behind = true;
	}
	start_walk(f, is_behind);
}

bool findings_has_work(const struct findings *f)
{
	return f->is_walking;
}

static int holds_touched(struct findings *f, uint32_t asset, uint32_t release, bool *out,
			 struct why *why)
{
	uint16_t table = release == 0 ? TABLE_LANGUAGE_PACKAGES : TABLE_PACKAGES;
	struct inventory_runs held = inventory_held_runs(f->judged.inv, asset, table);
	int error = 0;

	for (size_t i = 0; error == 0 && !*out && i < held.count; i++) {
		for (uint64_t row = held.items[i].first;
		     error == 0 && !*out && row <= held.items[i].last; row++) {
			error = judged_is_touched(&f->judged, release, (uint32_t)row, out, why);
		}
	}
	return error;
}

static int holds_touched_service(struct findings *f, uint32_t asset, bool *out, struct why *why)
{
	const struct list_of_numbers *rows = rows_of(f, asset, TABLE_NETWORK_SERVICES);
	int error = 0;

	for (size_t i = 0; error == 0 && !*out && i < rows->count; i++) {
		error = judged_is_service_touched(&f->judged, rows->items[i], out, why);
	}
	return error;
}

/* Whether new knowledge touches anything that the asset holds. */
static int is_concerned(struct findings *f, uint32_t asset, bool *out, struct why *why)
{
	const struct list_of_numbers *os;
	uint32_t release = 0;
	int error = 0;

	*out = f->is_all;
	if (*out) {
		return 0;
	}
	error = holds_touched_service(f, asset, out, why);
	if (error != 0 || *out) {
		return error;
	}
	os = rows_of(f, asset, TABLE_OS);
	if (os->count > 0) {
		error = judged_release_of_os(&f->judged, os->items[0], &release, why);
	}
	if (error == 0 && release != 0) {
		error = holds_touched(f, asset, release, out, why);
	}
	return error == 0 ? holds_touched(f, asset, 0, out, why) : error;
}

int findings_work(struct findings *f, int64_t deadline_us, int64_t now_ms, uint64_t *out_newest,
		  struct why *why)
{
	int error = 0;

	*out_newest = 0;
	while (f->is_walking && error == 0) {
		bool is_concerned_asset = false;

		if (f->next_asset > inventory_asset_count(f->judged.inv)) {
			error = inventory_begin(f->judged.inv, why);
			if (error == 0) {
				inventory_set_judged(f->judged.inv,
						     knowledge_generation(f->judged.knowledge));
				judged_settled(&f->judged);
				f->is_walking = false;
			}
			break;
		}
		error = is_concerned(f, f->next_asset, &is_concerned_asset, why);
		if (error == 0 && is_concerned_asset) {
			error = settle_asset(f, f->next_asset, now_ms, out_newest, why);
		}
		f->next_asset++;
		if (clock_us() >= deadline_us) {
			break;
		}
	}
	return error;
}

void findings_undone(struct findings *f)
{
	judged_clear(&f->judged);
	forget_touched(f);
	if (f->judged.knowledge != NULL &&
	    inventory_judged(f->judged.inv) != knowledge_generation(f->judged.knowledge)) {
		start_walk(f, true);
	}
}

struct findings_figures findings_figures(const struct findings *f)
{
	return (struct findings_figures){
		.judged_rows = f->judged.judged_rows,
		.memory_bytes = judged_bytes(&f->judged) + f->named * sizeof *f->programs * 2 +
				f->bits_size * sizeof *f->bits,
	};
}

const char *findings_stream(const struct findings *f, size_t n)
{
	/* release 0 is none */
	return n + 1 < f->judged.release_count ? f->judged.releases[n + 1].release.stream : NULL;
}
