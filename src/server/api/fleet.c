/* fleet.c - the distinct findings, and what of them each asset holds, counted as it changes. */
#include "server/api/fleet.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"
#include "server/inventory/numbering.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* Texts of rows, in blocks that never move. */
#define TEXT_BLOCK_BYTES (256u << 10)
struct text_block {
	struct text_block *next;
	size_t used;
	size_t size;
	uint8_t bytes[];
};

/* What is counted of a vulnerability while an asset is being counted. */
struct mark {
	uint32_t stamp;
	uint32_t row; /* the most urgent one so far */
};

struct asset_state {
	struct fleet_asset is;
	uint32_t *rows;
	bool is_changed; /* since the last sync */
};

struct fleet {
	const struct knowledge *knowledge;
	uint64_t newest;     /* the change that everything here follows */
	uint32_t next_load;  /* the asset to be read next; FLEET_END: all were */
	uint32_t next_count; /* the asset to be counted next; those before it are in the counts */
	uint64_t held;       /* rows of all assets */
	size_t text_bytes;
	int64_t deadline_us; /* of this sync */
	unsigned steps;      /* since the clock was last looked at */
	bool is_sorted;
	int64_t next_expiry_ms; /* of an acceptance; 0: none */
	struct text_block *texts;
	struct numbering names; /* texts, vulnerabilities and groups by the hash of their name */
	struct span *text_of;   /* by number in names */
	size_t text_capacity;
	struct fleet_row *rows;
	uint32_t row_count;
	size_t row_capacity;
	struct numbering ids;
	struct fleet_vulnerability *vulnerabilities;
	size_t vulnerability_capacity;
	struct mark *marks;
	struct numbering group_names;
	struct fleet_group *groups;
	size_t group_capacity;
	uint32_t *group_stamps;
	struct asset_state *assets; /* asset number - 1 */
	uint32_t asset_count;
	size_t asset_capacity;
	uint32_t *order;
	uint32_t *group_order;
	uint32_t stamp;
	uint32_t *touched; /* vulnerabilities of the asset at hand */
	size_t touched_count;
	size_t touched_capacity;
	struct fleet_acceptance *acceptances;
	size_t acceptance_count;
	struct fleet_summary summary;
};

static const char *const level_names[FLEET_LEVELS] = { "none", "low", "medium", "high",
						       "critical" };

const char *fleet_level_name(enum fleet_level level)
{
	return level_names[level];
}

bool fleet_level_named(struct span name, enum fleet_level *out)
{
	for (int i = 0; i < FLEET_LEVELS; i++) {
		if (span_is(name, level_names[i])) {
			*out = (enum fleet_level)i;
			return true;
		}
	}
	return false;
}

struct fleet *fleet_new(void)
{
	struct fleet *f = alloc_zeroed(1, sizeof *f);

	numbering_init(&f->names);
	numbering_init(&f->ids);
	numbering_init(&f->group_names);
	f->next_load = 1;
	f->next_count = 1;
	return f;
}

void fleet_free(struct fleet **fleet)
{
	struct fleet *f = *fleet;

	if (f == NULL) {
		return;
	}
	while (f->texts != NULL) {
		struct text_block *block = f->texts;

		f->texts = block->next;
		free(block);
	}
	for (uint32_t i = 0; i < f->asset_count; i++) {
		free(f->assets[i].rows);
	}
	numbering_done(&f->names);
	numbering_done(&f->ids);
	numbering_done(&f->group_names);
	free(f->text_of);
	free(f->rows);
	free(f->vulnerabilities);
	free(f->marks);
	free(f->groups);
	free(f->group_stamps);
	free(f->assets);
	free(f->order);
	free(f->group_order);
	free(f->touched);
	free(f->acceptances);
	free(f);
	*fleet = NULL;
}

static void *room(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity) {
		return array;
	}
	*capacity = 2 * *capacity + 64;
	return alloc_resize(array, *capacity, size);
}

/* --- texts --- */

static struct span keep(struct fleet *f, struct span text)
{
	struct text_block *block = f->texts;
	struct span kept;

	if (block == NULL || block->size - block->used < text.len) {
		size_t size = text.len > TEXT_BLOCK_BYTES ? text.len : TEXT_BLOCK_BYTES;

		block = alloc_resize(NULL, sizeof *block + size, 1);
		block->next = f->texts;
		block->used = 0;
		block->size = size;
		f->texts = block;
		f->text_bytes += sizeof *block + size;
	}
	mem_copy(block->bytes + block->used, text.ptr, text.len);
	kept = (struct span){ block->bytes + block->used, text.len };
	block->used += text.len;
	return kept;
}

/* Equal texts are kept once. */
static struct span intern(struct fleet *f, const struct row *row, unsigned column)
{
	const struct value *value = &row->values[column];
	struct rowhash key;
	uint32_t number;

	if (value->kind != VALUE_TEXT || value->text.len == 0) {
		return (struct span){ NULL, 0 };
	}
	key = rowhash_of(0, value->text);
	if (!numbering_find(&f->names, &key, &number)) {
		f->text_of =
			room(f->text_of, f->names.count, &f->text_capacity, sizeof *f->text_of);
		number = numbering_add(&f->names, &key);
		f->text_of[number] = keep(f, value->text);
	}
	return f->text_of[number];
}

/* --- rows --- */

static enum judgement_status status_named(struct span name)
{
	for (int i = 0; i <= JUDGEMENT_NOT_INSTALLED; i++) {
		if (span_is(name, judgement_status_name((enum judgement_status)i))) {
			return (enum judgement_status)i;
		}
	}
	return JUDGEMENT_UNDETERMINED;
}

static enum exposure exposure_named(struct span name)
{
	for (int i = 0; i <= EXPOSURE_NETWORK; i++) {
		if (span_is(name, exposure_name((enum exposure)i))) {
			return (enum exposure)i;
		}
	}
	return EXPOSURE_UNKNOWN;
}

static void know(struct fleet *f, struct fleet_vulnerability *v)
{
	if (f->knowledge == NULL || !knowledge_vulnerability(f->knowledge, v->id, &v->facts)) {
		v->facts = (struct knowledge_vulnerability){ .score_tenths = -1,
							     .epss_millionths = -1,
							     .epss_percentile_millionths = -1 };
	}
}

static void note_accepted(const struct fleet *f, struct fleet_vulnerability *v)
{
	v->is_accepted = false;
	for (size_t i = 0; i < f->acceptance_count && !v->is_accepted; i++) {
		v->is_accepted = span_is(v->id, f->acceptances[i].id);
	}
}

static uint32_t vulnerability_number(struct fleet *f, struct span id)
{
	struct rowhash key = rowhash_of(0, id);
	size_t capacity = f->vulnerability_capacity;
	uint32_t number;

	if (numbering_find(&f->ids, &key, &number)) {
		return number;
	}
	f->vulnerabilities = room(f->vulnerabilities, f->ids.count, &f->vulnerability_capacity,
				  sizeof *f->vulnerabilities);
	if (capacity != f->vulnerability_capacity) {
		f->marks = alloc_resize(f->marks, f->vulnerability_capacity, sizeof *f->marks);
	}
	number = numbering_add(&f->ids, &key);
	f->marks[number] = (struct mark){ 0, 0 };
	f->vulnerabilities[number] =
		(struct fleet_vulnerability){ .id = id, .first_row = FLEET_END };
	know(f, &f->vulnerabilities[number]);
	note_accepted(f, &f->vulnerabilities[number]);
	return number;
}

static uint32_t group_number(struct fleet *f, const struct fleet_group *group)
{
	uint8_t name[1024];
	struct writer w = writer_over(name, sizeof name);
	struct rowhash key;
	size_t capacity = f->group_capacity;
	uint32_t number;

	writer_bytes(&w, group->manager);
	writer_u8(&w, 0);
	writer_bytes(&w, group->release);
	writer_u8(&w, 0);
	writer_bytes(&w, group->source);
	key = rowhash_of(0, writer_span(&w));
	if (numbering_find(&f->group_names, &key, &number)) {
		return number;
	}
	f->groups = room(f->groups, f->group_names.count, &f->group_capacity, sizeof *f->groups);
	if (capacity != f->group_capacity) {
		f->group_stamps =
			alloc_resize(f->group_stamps, f->group_capacity, sizeof *f->group_stamps);
	}
	number = numbering_add(&f->group_names, &key);
	f->groups[number] = *group;
	f->groups[number].first_row = FLEET_END;
	f->group_stamps[number] = 0;
	return number;
}

static void rank(const struct fleet *f, struct fleet_row *row)
{
	uint8_t text[512];
	struct writer reason = writer_over(text, sizeof text);
	struct priority priority = vulnerability_priority(
		&f->vulnerabilities[row->vulnerability].facts, row->status,
		(struct reach){ .exposure = row->exposure }, row->urgency, &reason);

	row->priority = (uint8_t)priority.value;
	row->level = FLEET_NONE;
	(void)fleet_level_named(span_of(priority.level), &row->level);
}

/* Looks at the clock now and then. */
#define STEPS_BETWEEN_LOOKS 64
static bool is_late(struct fleet *f)
{
	f->steps = (f->steps + 1) % STEPS_BETWEEN_LOOKS;
	return f->steps == 0 && clock_us() >= f->deadline_us;
}

/* Rows come in the order of their numbers, none left out. */
static bool take_row(void *context, uint32_t number, const struct row *values)
{
	struct fleet *f = context;
	struct span source = intern(f, values, VULNERABILITIES_SOURCE);
	struct fleet_row *row;
	struct fleet_group group = {
		.manager = intern(f, values, VULNERABILITIES_MANAGER),
		.release = intern(f, values, VULNERABILITIES_RELEASE),
		.source = source.len > 0 ? source : intern(f, values, VULNERABILITIES_PACKAGE),
	};

	if (number != f->row_count) {
		return false;
	}
	f->rows = room(f->rows, f->row_count, &f->row_capacity, sizeof *f->rows);
	row = &f->rows[f->row_count++];
	*row = (struct fleet_row){
		.vulnerability = vulnerability_number(f, intern(f, values, VULNERABILITIES_ID)),
		.group = group_number(f, &group),
		.manager = group.manager,
		.package = intern(f, values, VULNERABILITIES_PACKAGE),
		.version = intern(f, values, VULNERABILITIES_VERSION),
		.architecture = intern(f, values, VULNERABILITIES_ARCHITECTURE),
		.source_version = intern(f, values, VULNERABILITIES_SOURCE_VERSION),
		.feed = intern(f, values, VULNERABILITIES_FEED),
		.path = intern(f, values, VULNERABILITIES_PATH),
		.fixed_version = intern(f, values, VULNERABILITIES_FIXED_VERSION),
		.urgency = intern(f, values, VULNERABILITIES_URGENCY),
		.status = status_named(intern(f, values, VULNERABILITIES_STATUS)),
		.exposure = exposure_named(intern(f, values, VULNERABILITIES_EXPOSURE)),
	};
	rank(f, row);
	row->next = f->vulnerabilities[row->vulnerability].first_row;
	f->vulnerabilities[row->vulnerability].first_row = number;
	row->next_of_group = f->groups[row->group].first_row;
	f->groups[row->group].first_row = number;
	f->is_sorted = false;
	return !is_late(f);
}

/* --- counting an asset --- */

int64_t fleet_acceptance_of(const struct fleet *f, const struct fleet_vulnerability *v,
			    uint32_t asset)
{
	for (size_t i = 0; v->is_accepted && i < f->acceptance_count; i++) {
		const struct fleet_acceptance *a = &f->acceptances[i];

		if ((a->asset == 0 || a->asset == asset) && span_is(v->id, a->id)) {
			return a->no;
		}
	}
	return 0;
}

/* Finds the most urgent row of each vulnerability that an asset has. */
static void mark_rows(struct fleet *f, const uint32_t *rows, uint32_t count)
{
	f->stamp++;
	f->touched_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct fleet_row *row = &f->rows[rows[i]];
		struct mark *mark = &f->marks[row->vulnerability];

		if (mark->stamp != f->stamp) {
			*mark = (struct mark){ f->stamp, rows[i] };
			f->touched = room(f->touched, f->touched_count, &f->touched_capacity,
					  sizeof *f->touched);
			f->touched[f->touched_count++] = row->vulnerability;
		} else if (f->rows[mark->row].priority < row->priority) {
			mark->row = rows[i];
		}
	}
}

/* One that is urgent outweighs hundreds that nobody hurries for. */
static int64_t weight_of(uint8_t priority)
{
	return (int64_t)priority * priority * priority;
}

/* Counters go up or down by one of these. */
static void count_group(struct fleet *f, const struct fleet_row *row, int64_t by)
{
	struct fleet_group *group = &f->groups[row->group];

	group->findings += (uint64_t)by;
	if (row->status == JUDGEMENT_FIXABLE) {
		group->fixable += (uint64_t)by;
		group->weight += (uint64_t)(by * weight_of(row->priority));
	}
	if (f->group_stamps[row->group] != f->stamp) {
		f->group_stamps[row->group] = f->stamp;
		group->assets += (uint32_t)by;
	}
}

static void count_summary(struct fleet *f, const struct fleet_row *row, int64_t by)
{
	f->summary.findings[row->level] += (uint64_t)by;
	f->summary.risk += (uint64_t)(by * row->priority);
	if (f->vulnerabilities[row->vulnerability].facts.is_exploited) {
		f->summary.exploited += (uint64_t)by;
	}
	if (row->status == JUDGEMENT_FIXABLE) {
		f->summary.fixable += (uint64_t)by;
	}
}

/* Adds an asset to all counts, or takes it out of them again: the same marks either way. */
static void count_asset(struct fleet *f, uint32_t asset, int64_t by)
{
	struct fleet_asset *a = &f->assets[asset - 1].is;
	bool has_any = false;

	mark_rows(f, a->rows, a->row_count);
	for (uint32_t i = 0; i < a->row_count; i++) {
		f->rows[a->rows[i]].assets += (uint32_t)by;
	}
	mem_zero(a->levels, sizeof a->levels);
	a->accepted = 0;
	a->risk = 0;
	a->priority = 0;
	for (size_t i = 0; i < f->touched_count; i++) {
		struct fleet_vulnerability *v = &f->vulnerabilities[f->touched[i]];
		const struct fleet_row *row = &f->rows[f->marks[f->touched[i]].row];

		if (v->is_accepted && fleet_acceptance_of(f, v, asset) != 0) {
			v->accepted += (uint32_t)by;
			f->summary.accepted += (uint64_t)by;
			a->accepted++;
			continue;
		}
		has_any = true;
		v->assets += (uint32_t)by;
		a->levels[row->level]++;
		a->risk += row->priority;
		a->priority = row->priority > a->priority ? row->priority : a->priority;
		count_group(f, row, by);
		count_summary(f, row, by);
	}
	f->summary.assets += (uint32_t)(has_any ? by : 0);
}

static struct asset_state *asset_state(struct fleet *f, uint32_t asset)
{
	while (f->asset_count < asset) {
		f->assets = room(f->assets, f->asset_count, &f->asset_capacity, sizeof *f->assets);
		f->assets[f->asset_count++] = (struct asset_state){ .rows = NULL };
	}
	return &f->assets[asset - 1];
}

/* A row whose number is not known yet came with a commit behind the one that this sync follows: it
 * comes again with the next. */
static bool take_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct fleet *f = context;
	struct asset_state *a = asset_state(f, asset);
	uint32_t known = 0;

	a->rows = alloc_resize(a->rows, count, sizeof *a->rows);
	for (size_t i = 0; i < count; i++) {
		if (rows[i] < f->row_count) {
			a->rows[known++] = rows[i];
		}
	}
	a->is.rows = a->rows;
	a->is.row_count = known;
	f->held += known;
	return true;
}

/* --- following --- */

static void start_count(struct fleet *f)
{
	mem_zero(&f->summary, sizeof f->summary);
	for (uint32_t i = 0; i < f->ids.count; i++) {
		f->vulnerabilities[i].assets = 0;
		f->vulnerabilities[i].accepted = 0;
	}
	for (uint32_t i = 0; i < f->group_names.count; i++) {
		f->groups[i].assets = 0;
		f->groups[i].findings = 0;
		f->groups[i].fixable = 0;
		f->groups[i].weight = 0;
	}
	for (uint32_t i = 0; i < f->row_count; i++) {
		f->rows[i].assets = 0;
	}
	f->next_count = 1;
	f->is_sorted = false;
}

/* Counts those that are not counted yet. */
static int count_more(struct fleet *f)
{
	while (f->next_count <= f->asset_count) {
		uint32_t asset = f->next_count++;

		count_asset(f, asset, 1);
		f->is_sorted = false;
		if (clock_us() >= f->deadline_us && f->next_count <= f->asset_count) {
			return ERR_AGAIN;
		}
	}
	return 0;
}

static void follow_knowledge(struct fleet *f, const struct knowledge *knowledge)
{
	f->knowledge = knowledge;
	for (uint32_t i = 0; i < f->ids.count; i++) {
		know(f, &f->vulnerabilities[i]);
	}
	for (uint32_t i = 0; i < f->row_count; i++) {
		rank(f, &f->rows[i]);
	}
}

static bool load_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct fleet *f = context;

	(void)take_holding(f, asset, rows, count);
	f->next_load = asset + 1;
	return clock_us() < f->deadline_us;
}

/* Reads each asset at some moment; what changed since the first of these moments is read again. */
static int load(struct fleet *f, struct view *view, uint64_t last, struct why *why)
{
	uint32_t before = f->next_load;
	uint64_t newest = 0;
	int error = view_each_holding(view, TABLE_VULNERABILITIES, f->next_load, &newest,
				      load_holding, f, why);

	if (error != 0) {
		return error;
	}
	if (before == 1) {
		f->newest = last;
	}
	if (f->next_load > before && clock_us() >= f->deadline_us) {
		return ERR_AGAIN;
	}
	f->next_load = FLEET_END;
	return 0;
}

static bool take_change(void *context, const struct view_table_change *change)
{
	struct fleet *f = context;

	asset_state(f, change->asset)->is_changed = true;
	return true;
}

/* An asset that changed is taken out of the counts, read anew, and put in again. */
static int follow_asset(struct fleet *f, uint32_t asset, struct view *view, struct why *why)
{
	struct asset_state *a = &f->assets[asset - 1];
	bool is_counted = asset < f->next_count;
	int error;

	if (is_counted) {
		count_asset(f, asset, -1);
	}
	f->held -= a->is.row_count;
	a->is.row_count = 0;
	error = view_asset_holding(view, asset, TABLE_VULNERABILITIES, take_holding, f, why);
	if (is_counted) {
		count_asset(f, asset, 1);
	}
	a->is_changed = error != 0;
	f->is_sorted = false;
	return error;
}

/* What lies between was looked through. A change behind `last` may be of rows that are not known
 * yet: it comes again with the next sync. */
static int follow_changes(struct fleet *f, struct view *view, uint64_t last, struct why *why)
{
	int error = view_table_changes(view, TABLE_VULNERABILITIES, f->newest, take_change, f, why);

	if (error == 0 && last > f->newest) {
		f->newest = last;
	}
	for (uint32_t asset = 1; error == 0 && asset <= f->asset_count; asset++) {
		if (f->assets[asset - 1].is_changed) {
			error = follow_asset(f, asset, view, why);
			if (error == 0 && clock_us() >= f->deadline_us) {
				return ERR_AGAIN;
			}
		}
	}
	return error;
}

/* True where an acceptance has run out; those are dropped. */
static bool drop_expired(struct fleet *f, int64_t now_ms)
{
	size_t kept = 0;

	if (f->next_expiry_ms == 0 || now_ms < f->next_expiry_ms) {
		return false;
	}
	f->next_expiry_ms = 0;
	for (size_t i = 0; i < f->acceptance_count; i++) {
		struct fleet_acceptance *a = &f->acceptances[i];

		if (a->until_ms != 0 && a->until_ms <= now_ms) {
			continue;
		}
		if (a->until_ms != 0 &&
		    (f->next_expiry_ms == 0 || a->until_ms < f->next_expiry_ms)) {
			f->next_expiry_ms = a->until_ms;
		}
		f->acceptances[kept++] = *a;
	}
	f->acceptance_count = kept;
	for (uint32_t i = 0; i < f->ids.count; i++) {
		note_accepted(f, &f->vulnerabilities[i]);
	}
	return true;
}

void fleet_accept(struct fleet *f, const struct fleet_acceptance *list, size_t count)
{
	f->acceptances = alloc_resize(f->acceptances, count + 1, sizeof *f->acceptances);
	mem_copy(f->acceptances, list, count * sizeof *list);
	f->acceptance_count = count;
	f->next_expiry_ms = 1; /* looked at with the next sync, which counts everything anew */
}

int fleet_sync_some(struct fleet *f, struct view *view, const struct knowledge *knowledge,
		    int64_t now_ms, int64_t deadline_us, struct why *why)
{
	bool is_other = f->knowledge != knowledge;
	uint32_t rows_before = f->row_count;
	/* before anything is read: rows of every change up to this one are then known */
	uint64_t last = view_last_change(view);
	int error;

	f->deadline_us = deadline_us;
	if (is_other) {
		follow_knowledge(f, knowledge);
	}
	if (drop_expired(f, now_ms) || is_other) {
		start_count(f);
	}
	error = view_distinct_rows(view, TABLE_VULNERABILITIES, f->row_count, take_row, f, why);
	if (error == 0 && f->row_count > rows_before && clock_us() >= deadline_us) {
		return ERR_AGAIN;
	}
	if (error == 0 && f->next_load != FLEET_END) {
		error = load(f, view, last, why);
	}
	if (error == 0) {
		error = follow_changes(f, view, last, why);
	}
	return error == 0 ? count_more(f) : error;
}

int fleet_sync(struct fleet *f, struct view *view, const struct knowledge *knowledge,
	       int64_t now_ms, struct why *why)
{
	int error;

	do {
		error = fleet_sync_some(f, view, knowledge, now_ms, INT64_MAX, why);
	} while (error == ERR_AGAIN);
	return error;
}

/* --- order --- */

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

static void sort(struct fleet *f)
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

uint32_t fleet_vulnerability_count(const struct fleet *f)
{
	return f->ids.count;
}

const struct fleet_vulnerability *fleet_vulnerability_at(struct fleet *f, uint32_t position)
{
	sort(f);
	return &f->vulnerabilities[f->order[position]];
}

const struct fleet_vulnerability *fleet_vulnerability_named(const struct fleet *f, struct span id)
{
	struct rowhash key = rowhash_of(0, id);
	uint32_t number;

	return numbering_find(&f->ids, &key, &number) ? &f->vulnerabilities[number] : NULL;
}

uint32_t fleet_row_count(const struct fleet *f)
{
	return f->row_count;
}

const struct fleet_row *fleet_row(const struct fleet *f, uint32_t number)
{
	return &f->rows[number];
}

struct priority fleet_row_priority(const struct fleet *f, const struct fleet_row *row,
				   struct span listeners, struct writer *out_reason)
{
	return vulnerability_priority(&f->vulnerabilities[row->vulnerability].facts, row->status,
				      (struct reach){ row->exposure, listeners }, row->urgency,
				      out_reason);
}

const struct fleet_group *fleet_group_of(const struct fleet *f, const struct fleet_row *row)
{
	return &f->groups[row->group];
}

uint64_t fleet_bytes(const struct fleet *f)
{
	return f->text_bytes + f->row_capacity * sizeof *f->rows + f->held * sizeof(uint32_t) +
	       f->asset_capacity * sizeof *f->assets +
	       f->vulnerability_capacity * (sizeof *f->vulnerabilities + sizeof *f->marks) +
	       f->group_capacity * (sizeof *f->groups + sizeof *f->group_stamps) +
	       f->text_capacity * sizeof *f->text_of + numbering_bytes(&f->names) +
	       numbering_bytes(&f->ids) + numbering_bytes(&f->group_names);
}

const struct fleet_vulnerability *fleet_vulnerability_of(const struct fleet *f,
							 const struct fleet_row *row)
{
	return &f->vulnerabilities[row->vulnerability];
}

uint32_t fleet_group_count(const struct fleet *f)
{
	return f->group_names.count;
}

const struct fleet_group *fleet_group_at(struct fleet *f, uint32_t position)
{
	sort(f);
	return &f->groups[f->group_order[position]];
}

const struct fleet_asset *fleet_asset(const struct fleet *f, uint32_t asset)
{
	return asset >= 1 && asset <= f->asset_count ? &f->assets[asset - 1].is : NULL;
}

uint32_t fleet_asset_count(const struct fleet *f)
{
	return f->asset_count;
}

struct fleet_summary fleet_summary(const struct fleet *f)
{
	struct fleet_summary summary = f->summary;

	summary.vulnerabilities = 0;
	for (uint32_t i = 0; i < f->ids.count; i++) {
		summary.vulnerabilities += f->vulnerabilities[i].assets > 0;
	}
	return summary;
}
