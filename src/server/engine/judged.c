/* judged.c - what is remembered of rows, each read and judged once. */
#include "server/engine/judged.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/services/inferred.h"
#include "sys/alloc.h"

/* Names are cut there; such names do not exist. */
#define NAME_MAX_BYTES 512

#define OS_UNKNOWN UINT32_MAX

void judged_init(struct judged *j, struct inventory *inv)
{
	mem_zero(j, sizeof *j);
	j->inv = inv;
	numbering_init(&j->names);
	numbering_init(&j->places);
	/* the first release stands for all packages of languages */
	j->releases = alloc_zeroed(1, sizeof *j->releases);
	j->release_count = 1;
}

static void free_arrays(struct judged *j)
{
	for (uint32_t i = 0; i < j->release_count; i++) {
		free(j->releases[i].lists);
		free(j->releases[i].touched);
	}
	free(j->releases);
	free(j->packages);
	free(j->uses);
	free(j->listeners);
	free(j->kernels);
	free(j->services);
	free(j->release_of_os);
	free(j->groups);
	free(j->runs);
	free(j->numbers);
}

void judged_done(struct judged *j)
{
	free_arrays(j);
	numbering_done(&j->names);
	numbering_done(&j->places);
}

void judged_clear(struct judged *j)
{
	struct inventory *inv = j->inv;
	const struct knowledge *knowledge = j->knowledge;

	judged_done(j);
	judged_init(j, inv);
	j->knowledge = knowledge;
}

/* Makes room for one more row number; what is new is zero. */
static void *cover(void *array, uint32_t *count, uint32_t row, size_t size)
{
	uint32_t wanted = row + row / 2 + 64;

	if (row < *count) {
		return array;
	}
	array = alloc_resize(array, wanted, size);
	mem_zero((uint8_t *)array + (size_t)*count * size, (size_t)(wanted - *count) * size);
	*count = wanted;
	return array;
}

/* --- names --- */

static uint32_t name_of(struct judged *j, struct span text)
{
	struct rowhash key = rowhash_of(0, span_first(text, NAME_MAX_BYTES));
	uint32_t number;

	if (text.len == 0) {
		return NAME_NONE;
	}
	return numbering_find(&j->names, &key, &number) ? number : numbering_add(&j->names, &key);
}

/* A package's name is one of its manager. */
static uint32_t package_name_of(struct judged *j, struct span manager, struct span package)
{
	uint8_t room[NAME_MAX_BYTES];
	struct writer w = writer_over(room, sizeof room);

	writer_bytes(&w, manager);
	writer_u8(&w, 0);
	writer_bytes(&w, span_first(package, sizeof room - 64));
	return writer_ok(&w) ? name_of(j, writer_span(&w)) : NAME_NONE;
}

static struct span text_of(const struct row *row, unsigned column)
{
	return row->values[column].kind == VALUE_TEXT ? row->values[column].text
						      : (struct span){ NULL, 0 };
}

/* --- facts --- */

/* No kernel has this release: whatever depends on it does not run. */
static bool is_of_kernel(const struct row *package)
{
	return exposure_of_package(package, span_of("none"), EXPOSURE_UNKNOWN) ==
	       EXPOSURE_NOT_RUNNING;
}

static struct package_facts *package_facts(struct judged *j, uint32_t row)
{
	j->packages = cover(j->packages, &j->package_count, row, sizeof *j->packages);
	return &j->packages[row];
}

/* Remembers what is asked of a row later on, so that it need not be read again. */
static void note_package(struct judged *j, struct package_facts *facts, const struct row *package)
{
	char room[NAME_MAX_BYTES];

	facts->name = package_name_of(j, text_of(package, PACKAGES_MANAGER),
				      text_of(package, PACKAGES_NAME));
	facts->source = name_of(j, vulnerability_package_of(package, room, sizeof room));
	facts->is_of_kernel = is_of_kernel(package);
	facts->is_backport = vulnerability_is_backport(package);
	facts->is_known = true;
}

int judged_package(struct judged *j, uint32_t row, const struct package_facts **out,
		   struct why *why)
{
	struct package_facts *facts = package_facts(j, row);

	if (!facts->is_known) {
		struct row package;
		int error = inventory_row(j->inv, TABLE_PACKAGES, row, &package, why);

		if (error != 0) {
			return error;
		}
		note_package(j, facts, &package);
	}
	*out = facts;
	return 0;
}

int judged_use(struct judged *j, uint32_t row, const struct use_facts **out, struct why *why)
{
	struct use_facts *facts;

	j->uses = cover(j->uses, &j->use_count, row, sizeof *j->uses);
	facts = &j->uses[row];
	if (!facts->is_known) {
		struct row use;
		int error = inventory_row(j->inv, TABLE_PACKAGE_USE, row, &use, why);

		if (error != 0) {
			return error;
		}
		facts->package = package_name_of(j, text_of(&use, PACKAGE_USE_MANAGER),
						 text_of(&use, PACKAGE_USE_PACKAGE));
		facts->program = name_of(j, text_of(&use, PACKAGE_USE_EXECUTABLE));
		facts->is_known = true;
	}
	*out = facts;
	return 0;
}

int judged_listener(struct judged *j, uint32_t row, const struct listener_facts **out,
		    struct why *why)
{
	struct listener_facts *facts;

	j->listeners = cover(j->listeners, &j->listener_count, row, sizeof *j->listeners);
	facts = &j->listeners[row];
	if (!facts->is_known) {
		struct row listener;
		struct span address;
		int error = inventory_row(j->inv, TABLE_LISTENERS, row, &listener, why);

		if (error != 0) {
			return error;
		}
		address = text_of(&listener, LISTENERS_ADDRESS);
		facts->program = name_of(j, text_of(&listener, LISTENERS_EXECUTABLE));
		facts->is_network = exposure_of_address(address) == EXPOSURE_NETWORK;
		facts->is_known = true;
	}
	*out = facts;
	return 0;
}

int judged_kernel(struct judged *j, uint32_t row, const struct kernel_facts **out, struct why *why)
{
	struct kernel_facts *facts;

	j->kernels = cover(j->kernels, &j->kernel_count, row, sizeof *j->kernels);
	facts = &j->kernels[row];
	if (!facts->is_known) {
		struct row kernel;
		struct span release;
		int error = inventory_row(j->inv, TABLE_KERNEL, row, &kernel, why);

		if (error != 0) {
			return error;
		}
		release = span_first(text_of(&kernel, KERNEL_RELEASE), sizeof facts->release - 1);
		mem_copy(facts->release, release.ptr, release.len);
		facts->release[release.len] = '\0';
		facts->is_running = kernel.values[KERNEL_IS_RUNNING].number != 0;
		facts->is_known = true;
	}
	*out = facts;
	return 0;
}

int judged_kernel_exposure(struct judged *j, uint32_t row, struct span running, enum exposure *out,
			   struct why *why)
{
	struct row package;
	int error = inventory_row(j->inv, TABLE_PACKAGES, row, &package, why);

	if (error == 0) {
		*out = exposure_of_package(&package, running, EXPOSURE_UNKNOWN);
	}
	return error;
}

/* --- releases --- */

static uint32_t release_number(struct judged *j, const struct release *release)
{
	for (uint32_t i = 1; i < j->release_count; i++) {
		const struct release *known = &j->releases[i].release;

		if (span_equal(span_of(known->stream), span_of(release->stream)) &&
		    span_equal(span_of(known->architecture), span_of(release->architecture))) {
			return i;
		}
	}
	j->releases = alloc_resize(j->releases, (size_t)j->release_count + 1, sizeof *j->releases);
	j->releases[j->release_count] = (struct judged_release){
		.release = *release,
		.stream = name_of(j, span_of(release->stream)),
	};
	return j->release_count++;
}

/* A stream that is no release's, among those that findings_stream tells. */
static void note_stream(struct judged *j, struct span stream)
{
	struct release release = { .architecture = "" };
	struct writer w = writer_over((uint8_t *)release.stream, sizeof release.stream - 1);

	writer_bytes(&w, stream);
	(void)release_number(j, &release);
}

int judged_release_of_os(struct judged *j, uint32_t os_row, uint32_t *out, struct why *why)
{
	uint32_t before = j->os_count;
	struct release release;
	struct row os;
	int error;

	j->release_of_os = cover(j->release_of_os, &j->os_count, os_row, sizeof *j->release_of_os);
	for (uint32_t i = before; i < j->os_count; i++) {
		j->release_of_os[i] = OS_UNKNOWN;
	}
	if (j->release_of_os[os_row] == OS_UNKNOWN) {
		error = inventory_row(j->inv, TABLE_OS, os_row, &os, why);
		if (error != 0) {
			return error;
		}
		j->release_of_os[os_row] =
			release_of_os(&os, &release) ? release_number(j, &release) : 0;
	}
	*out = j->release_of_os[os_row];
	return 0;
}

/* --- judging --- */

static struct judged_list *list_of(struct judged *j, uint32_t release, uint32_t row)
{
	struct judged_release *r = &j->releases[release];
	uint32_t before = r->size;

	r->lists = cover(r->lists, &r->size, row, sizeof *r->lists);
	for (uint32_t i = before; i < r->size; i++) {
		r->lists[i] = (struct judged_list){ LIST_UNKNOWN, NO_GROUPS };
	}
	return &r->lists[row];
}

/* Judges a row, and gives each judgement to take. */
static int judge(struct judged *j, uint32_t release, uint32_t row, judgement_taker *take,
		 void *context, struct row *out_row, struct why *why)
{
	uint16_t table = release == 0 ? TABLE_LANGUAGE_PACKAGES : TABLE_PACKAGES;
	int error = inventory_row(j->inv, table, row, out_row, why);

	if (error != 0 || j->knowledge == NULL) {
		return error;
	}
	if (release == 0) {
		vulnerability_judge_language(j->knowledge, out_row, false, take, context);
	} else {
		vulnerability_judge_package(j->knowledge, &j->releases[release].release, out_row,
					    false, take, context);
	}
	return 0;
}

static bool count_judgement(void *context, const struct judgement *judgement)
{
	(void)judgement;
	++*(uint32_t *)context;
	return true;
}

/* Room for the runs of each exposure, none of them needed yet. */
static void add_groups(struct judged *j, struct judged_list *list)
{
	if (list->groups == NO_GROUPS) {
		while (j->group_count + EXPOSURES > j->group_capacity) {
			j->group_capacity = 2 * j->group_capacity + 1024;
			j->groups = alloc_resize(j->groups, j->group_capacity, sizeof *j->groups);
		}
		list->groups = j->group_count;
		j->group_count += EXPOSURES;
		mem_zero(&j->groups[list->groups], EXPOSURES * sizeof *j->groups);
	}
	for (unsigned e = 0; e < EXPOSURES; e++) {
		j->groups[list->groups + e].count = RUNS_UNKNOWN;
	}
}

int judged_count(struct judged *j, uint32_t release, uint32_t row, uint32_t *out, struct why *why)
{
	struct judged_list *list = list_of(j, release, row);
	struct row package;
	uint32_t count = 0;
	int error;

	if (list->count == LIST_UNKNOWN) {
		error = judge(j, release, row, count_judgement, &count, &package, why);
		if (error != 0) {
			return error;
		}
		if (release != 0 && !package_facts(j, row)->is_known) {
			note_package(j, package_facts(j, row), &package);
		}
		if (count > 0) {
			add_groups(j, list);
		}
		list->count = count;
		j->judged_rows++;
	}
	*out = list->count;
	return 0;
}

struct rows_of_list {
	struct judged *j;
	enum exposure exposure;
	const struct release *release;
	struct row *package;
	int error;
	struct why *why;
};

static bool give_row(void *context, const struct judgement *judgement)
{
	struct rows_of_list *r = context;
	struct judged *j = r->j;
	struct row finding;

	if (j->number_count == j->number_capacity) {
		j->number_capacity = 2 * j->number_capacity + 64;
		j->numbers = alloc_resize(j->numbers, j->number_capacity, sizeof *j->numbers);
	}
	vulnerability_row(judgement, r->package, r->release, r->exposure, &finding);
	r->error = inventory_derived_row(j->inv, &finding, &j->numbers[j->number_count], r->why);
	j->number_count++;
	return r->error == 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The numbers at hand as runs, behind all others. Returns how many. */
static uint32_t append_runs(struct judged *j)
{
	uint32_t count = 0;

	qsort(j->numbers, j->number_count, sizeof *j->numbers, compare_numbers);
	while (j->run_count + j->number_count > j->run_capacity) {
		j->run_capacity = 2 * j->run_capacity + 1024;
		j->runs = alloc_resize(j->runs, j->run_capacity, sizeof *j->runs);
	}
	for (uint32_t i = 0; i < j->number_count; i++) {
		struct inventory_run *last = &j->runs[j->run_count + count - (count > 0)];

		if (count > 0 && j->numbers[i] <= last->last + 1) {
			last->last = j->numbers[i];
		} else {
			j->runs[j->run_count + count++] =
				(struct inventory_run){ j->numbers[i], j->numbers[i] };
		}
	}
	return count;
}

/* Where older knowledge left enough room the runs take it: feeds change for years. */
static void keep_runs(struct judged *j, struct judged_runs *group, uint32_t count)
{
	if (count > group->capacity) {
		*group = (struct judged_runs){ j->run_count, count, count };
		j->run_count += count;
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		j->runs[group->offset + i] = j->runs[j->run_count + i];
	}
	group->count = count;
}

int judged_rows(struct judged *j, uint32_t release, uint32_t row, enum exposure exposure,
		struct inventory_runs *out, struct why *why)
{
	struct judged_runs *group = &j->groups[list_of(j, release, row)->groups + exposure];
	struct row package;
	struct rows_of_list r = { .j = j,
				  .exposure = exposure,
				  .release = &j->releases[release].release,
				  .package = &package,
				  .why = why };
	int error;

	if (group->count == RUNS_UNKNOWN) {
		j->number_count = 0;
		error = judge(j, release, row, give_row, &r, &package, why);
		if (error != 0 || r.error != 0) {
			return error != 0 ? error : r.error;
		}
		keep_runs(j, group, append_runs(j));
	}
	*out = (struct inventory_runs){ &j->runs[group->offset], group->count };
	return 0;
}

/* --- new knowledge --- */

static struct rowhash place_key(uint32_t stream, uint32_t package)
{
	uint8_t room[8];
	struct writer w = writer_over(room, sizeof room);

	writer_be32(&w, stream);
	writer_be32(&w, package);
	return rowhash_of(0, writer_span(&w));
}

static bool take_place(void *context, struct span stream, struct span package)
{
	struct judged *j = context;
	struct rowhash key = place_key(name_of(j, stream), name_of(j, package));
	uint32_t number;

	if (!numbering_find(&j->places, &key, &number)) {
		(void)numbering_add(&j->places, &key);
	}
	return true;
}

/* What a row of language_packages is judged by is not remembered: there are few. */
static int place_of_language(struct judged *j, uint32_t row, uint32_t *out_stream,
			     uint32_t *out_package, struct why *why)
{
	char room[NAME_MAX_BYTES];
	struct row package;
	int error = inventory_row(j->inv, TABLE_LANGUAGE_PACKAGES, row, &package, why);

	if (error == 0) {
		*out_stream = name_of(j, vulnerability_stream_of(&package));
		*out_package = name_of(j, vulnerability_package_of(&package, room, sizeof room));
	}
	return error;
}

static bool is_place(const struct judged *j, uint32_t stream, uint32_t package)
{
	struct rowhash key = place_key(stream, package);
	uint32_t number;

	return stream != NAME_NONE && package != NAME_NONE &&
	       numbering_find(&j->places, &key, &number);
}

static int judged_service(struct judged *j, uint32_t row, struct service_facts **out,
			  struct why *why)
{
	static const struct inferred_host unknown = { .distribution = NULL };
	struct service_facts *facts;

	j->services = cover(j->services, &j->service_count, row, sizeof *j->services);
	facts = &j->services[row];
	if (!facts->is_known) {
		struct inferred inferred;
		struct row service;
		int error = inventory_row(j->inv, TABLE_NETWORK_SERVICES, row, &service, why);

		if (error != 0) {
			return error;
		}
		*facts = (struct service_facts){ NAME_NONE, NAME_NONE, false, true };
		if (inferred_of(&service, &unknown, &inferred)) {
			facts->stream = name_of(j, inferred_stream(&inferred));
			facts->package = name_of(j, inferred_package(&inferred));
			facts->is_backport =
				inferred.is_package && vulnerability_is_backport(&inferred.package);
			if (!inferred.is_package) {
				/* the feeds are to know that somebody needs them */
				note_stream(j, inferred_stream(&inferred));
			}
		}
	}
	*out = facts;
	return 0;
}

int judged_is_service_touched(struct judged *j, uint32_t row, bool *out, struct why *why)
{
	struct service_facts *facts;
	int error = judged_service(j, row, &facts, why);

	/* a backport may be judged by unstable, or not any more: there are few */
	*out = error == 0 && (facts->is_backport || is_place(j, facts->stream, facts->package));
	return error;
}

/* A backport is judged by another stream where the feeds speak of it: that they do may itself be
 * what is new. */
static int is_backport_touched(struct judged *j, uint32_t release, uint32_t row, uint32_t source,
			       bool *out, struct why *why)
{
	struct row package;
	struct span stream;
	int error = inventory_row(j->inv, TABLE_PACKAGES, row, &package, why);

	if (error == 0) {
		stream = vulnerability_stream_on(j->knowledge, &j->releases[release].release,
						 &package);
		*out = j->have_backports_moved || is_place(j, name_of(j, stream), source);
	}
	return error;
}

static int look_whether_touched(struct judged *j, uint32_t release, uint32_t row, bool *out,
				struct why *why)
{
	const struct package_facts *facts;
	uint32_t stream = NAME_NONE;
	uint32_t package = NAME_NONE;
	int error;

	*out = false;
	if (release == 0) {
		error = place_of_language(j, row, &stream, &package, why);
		*out = error == 0 && is_place(j, stream, package);
		return error;
	}
	error = judged_package(j, row, &facts, why);
	if (error == 0 && facts->is_backport) {
		return is_backport_touched(j, release, row, facts->source, out, why);
	}
	*out = error == 0 && is_place(j, j->releases[release].stream, facts->source);
	return error;
}

int judged_is_touched(struct judged *j, uint32_t release, uint32_t row, bool *out, struct why *why)
{
	struct judged_release *r = &j->releases[release];
	bool is_touched;
	int error;

	r->touched = cover(r->touched, &r->touched_size, row, 1);
	if (r->touched[row] == TOUCHED_UNKNOWN) {
		error = look_whether_touched(j, release, row, &is_touched, why);
		if (error != 0) {
			return error;
		}
		r->touched[row] = is_touched ? TOUCHED_YES : TOUCHED_NO;
	}
	*out = r->touched[row] == TOUCHED_YES;
	return 0;
}

static void forget_touched(struct judged *j)
{
	for (uint32_t i = 0; i < j->release_count; i++) {
		if (j->releases[i].touched != NULL) {
			mem_zero(j->releases[i].touched, j->releases[i].touched_size);
		}
	}
}

int judged_follow(struct judged *j, const struct knowledge *older, const struct knowledge *newer,
		  struct why *why)
{
	forget_touched(j);
	knowledge_changed_places(older, newer, take_place, j);
	j->have_backports_moved =
		j->have_backports_moved || vulnerability_backports_move(older, newer);
	j->knowledge = newer;
	for (uint32_t i = 0; i < j->release_count; i++) {
		for (uint32_t row = 0; row < j->releases[i].size; row++) {
			bool is_touched = false;
			int error = 0;

			if (j->releases[i].lists[row].count != LIST_UNKNOWN) {
				error = judged_is_touched(j, i, row, &is_touched, why);
			}
			if (error != 0) {
				return error;
			}
			if (is_touched) {
				j->releases[i].lists[row].count = LIST_UNKNOWN;
			}
		}
	}
	return 0;
}

void judged_settled(struct judged *j)
{
	forget_touched(j);
	numbering_done(&j->places);
	numbering_init(&j->places);
	j->have_backports_moved = false;
}

uint64_t judged_bytes(const struct judged *j)
{
	uint64_t bytes = numbering_bytes(&j->names) + j->package_count * sizeof *j->packages +
			 j->group_capacity * sizeof *j->groups + j->run_capacity * sizeof *j->runs;

	for (uint32_t i = 0; i < j->release_count; i++) {
		bytes += j->releases[i].size * sizeof *j->releases[i].lists +
			 j->releases[i].touched_size;
	}
	return bytes;
}
