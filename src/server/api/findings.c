/* findings.c - filters over the fleet, and the JSON that its pages share. */
#include "server/api/findings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "server/api/asset_find.h"
#include "sys/alloc.h"

#define MILLION 1000000.0

/* --- filters --- */

static bool read_wanted(struct call *call, const char *name, enum wanted *out)
{
	char text[CALL_TEXT_SIZE];
	bool is_true;

	if (!call_text(call, name, text) || !call_boolean(call, name, false, &is_true)) {
		return false;
	}
	*out = text[0] == '\0' ? WANTED_ANY : is_true ? WANTED_TRUE : WANTED_FALSE;
	return true;
}

typedef const char *name_of(int number);

static const char *status_name(int number)
{
	return judgement_status_name((enum judgement_status)number);
}

static const char *exposure_word(int number)
{
	return exposure_name((enum exposure)number);
}

/* One of a list of words; -1 where it is not given. */
static bool read_word(struct call *call, const char *name, name_of *words, int count, int *out)
{
	char text[CALL_TEXT_SIZE];
	char known[256] = "";
	struct writer w = writer_over((uint8_t *)known, sizeof known - 1);

	if (!call_text(call, name, text)) {
		return false;
	}
	*out = -1;
	for (int i = 0; i < count && text[0] != '\0'; i++) {
		writer_text(&w, i > 0 ? ", " : "");
		writer_text(&w, words(i));
		if (strcmp(text, words(i)) == 0) {
			*out = i;
			return true;
		}
	}
	if (text[0] != '\0') {
		call_fail(call, 400, "the parameter '%s' must be one of %s", name, known);
	}
	return text[0] == '\0';
}

static bool read_level(struct call *call, enum fleet_level *out)
{
	char text[CALL_TEXT_SIZE];

	*out = FLEET_NONE;
	if (!call_text(call, "level", text)) {
		return false;
	}
	if (text[0] != '\0' && !fleet_level_named(span_of(text), out)) {
		call_fail(call, 400,
			  "the parameter 'level' must be critical, high, medium, low or none");
		return false;
	}
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool findings_filter_read(struct call *call, struct findings_filter *out)
{
	if (!read_level(call, &out->level) || !read_wanted(call, "exploited", &out->exploited) ||
	    !read_wanted(call, "fixable", &out->fixable) ||
	    !read_wanted(call, "accepted", &out->accepted) ||
	    !read_word(call, "status", status_name, JUDGEMENT_FIXED, &out->status) ||
	    !read_word(call, "exposure", exposure_word, EXPOSURE_NETWORK + 1, &out->exposure) ||
	    !call_text(call, "package", out->package) || !call_text(call, "search", out->search)) {
		return false;
	}
	for (char *c = out->search; *c != '\0'; c++) {
		*c = (char)lower((uint8_t)*c);
	}
	return true;
}

static bool holds(struct span text, const char *wanted)
{
	size_t len = strlen(wanted);

	for (size_t i = 0; i + len <= text.len; i++) {
		size_t same = 0;

		while (same < len && lower(text.ptr[i + same]) == (uint8_t)wanted[same]) {
			same++;
		}
		if (same == len) {
			return true;
		}
	}
	return false;
}

static bool is_wanted(enum wanted wanted, bool is_true)
{
	return wanted == WANTED_ANY || (wanted == WANTED_TRUE) == is_true;
}

bool findings_fits(const struct findings_filter *f, const struct fleet_vulnerability *v)
{
	return is_wanted(f->exploited, v->facts.is_exploited);
}

static bool row_fits(const struct findings_filter *f, const struct fleet *fleet,
		     const struct fleet_vulnerability *v, const struct fleet_row *row)
{
	struct span source = fleet_group_of(fleet, row)->source;

	return row->level >= f->level &&
	       (f->status < 0 || row->status == (enum judgement_status)f->status) &&
	       (f->exposure < 0 || row->exposure == (enum exposure)f->exposure) &&
	       (f->fixable != WANTED_TRUE || row->status == JUDGEMENT_FIXABLE) &&
	       (f->package[0] == '\0' || span_is(row->package, f->package) ||
		span_is(source, f->package)) &&
	       (f->search[0] == '\0' || holds(v->id, f->search) ||
		holds(v->facts.summary, f->search) || holds(row->package, f->search) ||
		holds(source, f->search));
}

bool findings_rows_fit(const struct findings_filter *f, const struct fleet *fleet,
		       const struct fleet_vulnerability *v, const uint32_t *rows, size_t count)
{
	bool is_fixable = false;
	bool does_fit = false;

	for (size_t i = 0; rows != NULL && i < count; i++) {
		const struct fleet_row *row = fleet_row(fleet, rows[i]);

		is_fixable = is_fixable || row->status == JUDGEMENT_FIXABLE;
		does_fit = does_fit || row_fits(f, fleet, v, row);
	}
	for (uint32_t at = v->first_row; rows == NULL && at != FLEET_END;
	     at = fleet_row(fleet, at)->next) {
		const struct fleet_row *row = fleet_row(fleet, at);

		if (row->assets > 0) {
			is_fixable = is_fixable || row->status == JUDGEMENT_FIXABLE;
			does_fit = does_fit || row_fits(f, fleet, v, row);
		}
	}
	return does_fit && is_wanted(f->fixable, is_fixable);
}

/* --- an asset's --- */

/* qsort has no context: what is compared lies in the elements. */
struct sorted_row {
	uint32_t vulnerability;
	uint32_t priority;
	uint32_t number;
};

static int compare_rows(const void *a, const void *b)
{
	const struct sorted_row *x = a;
	const struct sorted_row *y = b;

	if (x->vulnerability != y->vulnerability) {
		return x->vulnerability < y->vulnerability ? -1 : 1;
	}
	if (x->priority != y->priority) {
		return x->priority > y->priority ? -1 : 1;
	}
	return x->number < y->number ? -1 : x->number > y->number;
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = a;
	const struct finding *y = b;

	if (x->row->priority != y->row->priority) {
		return x->row->priority > y->row->priority ? -1 : 1;
	}
	if (x->v->facts.is_exploited != y->v->facts.is_exploited) {
		return x->v->facts.is_exploited ? -1 : 1;
	}
	if (x->v->facts.epss_millionths != y->v->facts.epss_millionths) {
		return x->v->facts.epss_millionths > y->v->facts.epss_millionths ? -1 : 1;
	}
	return span_compare(x->v->id, y->v->id);
}

static void sort_rows(const struct fleet *fleet, const struct fleet_asset *a, uint32_t *out)
{
	struct sorted_row *sorted = alloc_zeroed((size_t)a->row_count + 1, sizeof *sorted);

	for (uint32_t i = 0; i < a->row_count; i++) {
		const struct fleet_row *row = fleet_row(fleet, a->rows[i]);

		sorted[i] = (struct sorted_row){ row->vulnerability, row->priority, a->rows[i] };
	}
	qsort(sorted, a->row_count, sizeof *sorted, compare_rows);
	for (uint32_t i = 0; i < a->row_count; i++) {
		out[i] = sorted[i].number;
	}
	free(sorted);
}

void findings_of_asset(const struct fleet *fleet, uint32_t asset, struct findings_list *out)
{
	const struct fleet_asset *a = fleet_asset(fleet, asset);
	uint32_t count = a != NULL ? a->row_count : 0;

	out->rows = alloc_zeroed((size_t)count + 1, sizeof *out->rows);
	out->items = alloc_zeroed((size_t)count + 1, sizeof *out->items);
	out->count = 0;
	if (count == 0) {
		return;
	}
	sort_rows(fleet, a, out->rows);
	for (uint32_t i = 0; i < count; i++) {
		const struct fleet_row *row = fleet_row(fleet, out->rows[i]);
		const struct fleet_vulnerability *v = fleet_vulnerability_of(fleet, row);

		if (out->count == 0 || out->items[out->count - 1].v != v) {
			out->items[out->count++] = (struct finding){ v, row, &out->rows[i], 0 };
		}
		out->items[out->count - 1].count++;
	}
	qsort(out->items, out->count, sizeof *out->items, compare_findings);
}

void findings_list_done(struct findings_list *list)
{
	free(list->rows);
	free(list->items);
	*list = (struct findings_list){ 0 };
}

bool findings_asset(struct call *call, struct view **out_view, struct finding_asset *out)
{
	struct why why = { 0 };
	int error;

	if (!asset_find(call, call->route.captures[0], out_view, out->id)) {
		return false;
	}
	error = view_asset_number(*out_view, span_of(out->id), &out->number, &why);
	if (error == 0) {
		error = view_asset_name(*out_view, out->number, out->id, out->name,
					sizeof out->name, &why);
	}
	if (error != 0) {
		call_fail_why(call, error, &why);
	}
	return error == 0;
}

/* --- members --- */

void findings_text(struct emit *j, const char *name, struct span value)
{
	emit_key(j, name);
	if (value.len > 0) {
		emit_span(j, value);
	} else {
		emit_null(j);
	}
}

void findings_number(struct emit *j, const char *name, int64_t value)
{
	emit_key(j, name);
	emit_integer(j, value);
}

void findings_fraction(struct emit *j, const char *name, int number, double divisor)
{
	emit_key(j, name);
	if (number >= 0) {
		emit_real(j, number / divisor);
	} else {
		emit_null(j);
	}
}

void findings_words(struct emit *j, const char *name, struct span text)
{
	struct reader r = reader_over(text);

	emit_key(j, name);
	emit_array(j);
	while (reader_left(&r) > 0) {
		emit_span(j, reader_until(&r, ' '));
	}
	emit_array_end(j);
}

void findings_facts(struct emit *j, const struct knowledge_vulnerability *facts)
{
	findings_text(j, "summary", facts->summary);
	findings_text(j, "severity", facts->severity);
	findings_fraction(j, "score", facts->score_tenths, 10);
	findings_text(j, "cvss", facts->cvss);
	emit_key(j, "is_exploited");
	emit_boolean(j, facts->is_exploited);
	emit_key(j, "is_ransomware");
	emit_boolean(j, facts->is_ransomware);
	findings_text(j, "kev_due", facts->kev_due);
	findings_fraction(j, "epss", facts->epss_millionths, MILLION);
	findings_fraction(j, "epss_percentile", facts->epss_percentile_millionths, MILLION);
	findings_text(j, "published", facts->published);
}

void findings_priority(struct emit *j, const struct fleet *fleet, const struct fleet_row *row,
		       struct span listeners)
{
	uint8_t text[1024];
	struct writer w = writer_over(text, sizeof text);

	(void)fleet_row_priority(fleet, row, listeners, &w);
	findings_number(j, "priority", row->priority);
	emit_key(j, "level");
	emit_text(j, fleet_level_name(row->level));
	emit_key(j, "reason");
	emit_span(j, writer_span(&w));
	findings_text(j, "confidence", span_of(confidence_name(row->confidence)));
}

void findings_levels(struct emit *j, const char *name, const uint64_t levels[FLEET_LEVELS])
{
	emit_key(j, name);
	emit_object(j);
	for (int i = FLEET_CRITICAL; i >= FLEET_NONE; i--) {
		findings_number(j, fleet_level_name((enum fleet_level)i), (int64_t)levels[i]);
	}
	emit_object_end(j);
}

void findings_add_name(struct span *names, size_t *count, struct span name)
{
	for (size_t i = 0; i < *count; i++) {
		if (span_equal(names[i], name)) {
			return;
		}
	}
	if (*count < FINDINGS_PACKAGES_MAX && name.len > 0) {
		names[(*count)++] = name;
	}
}

void findings_packages(struct emit *j, const char *name, const struct fleet *fleet,
		       const uint32_t *rows, size_t count)
{
	struct span names[FINDINGS_PACKAGES_MAX];
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		findings_add_name(names, &known, fleet_row(fleet, rows[i])->package);
	}
	emit_key(j, name);
	emit_array(j);
	for (size_t i = 0; i < known; i++) {
		emit_span(j, names[i]);
	}
	emit_array_end(j);
}

/* Of all that is held: sources, the fix where it is the same everywhere, and the most urgent row.
 */
struct gathered {
	struct span sources[FINDINGS_PACKAGES_MAX];
	size_t source_count;
	struct span fixed_version;
	bool are_fixes_many;
	const struct fleet_row *row;
};

static void gather(const struct fleet *fleet, const struct fleet_vulnerability *v,
		   struct gathered *out)
{
	*out = (struct gathered){ .source_count = 0 };
	for (uint32_t at = v->first_row; at != FLEET_END; at = fleet_row(fleet, at)->next) {
		const struct fleet_row *row = fleet_row(fleet, at);

		if (out->row == NULL || (row->assets > 0) > (out->row->assets > 0) ||
		    ((row->assets > 0) == (out->row->assets > 0) &&
		     row->priority > out->row->priority)) {
			out->row = row;
		}
		if (row->assets == 0) {
			continue;
		}
		findings_add_name(out->sources, &out->source_count,
				  fleet_group_of(fleet, row)->source);
		if (row->status == JUDGEMENT_FIXABLE) {
			out->are_fixes_many = out->are_fixes_many ||
					      (out->fixed_version.len > 0 &&
					       !span_equal(out->fixed_version, row->fixed_version));
			out->fixed_version = row->fixed_version;
		}
	}
}

void findings_vulnerability(struct emit *j, const struct fleet *fleet,
			    const struct fleet_vulnerability *v)
{
	struct gathered g;

	gather(fleet, v, &g);
	assert(g.row != NULL); /* it is known by its rows only */
	emit_key(j, "id");
	emit_span(j, v->id);
	findings_facts(j, &v->facts);
	findings_priority(j, fleet, g.row, span_of(NULL));
	findings_number(j, "assets", v->assets);
	findings_number(j, "accepted", v->accepted);
	emit_key(j, "packages");
	emit_array(j);
	for (size_t i = 0; i < g.source_count; i++) {
		emit_span(j, g.sources[i]);
	}
	emit_array_end(j);
	findings_text(j, "fixed_version", g.are_fixes_many ? span_of("") : g.fixed_version);
	emit_key(j, "is_fixable");
	emit_boolean(j, g.fixed_version.len > 0);
}

void findings_since(struct emit *j, const struct finding_time *time)
{
	emit_key(j, "first_seen");
	if (time->first_ms != 0) {
		emit_time(j, time->first_ms);
	} else {
		emit_null(j);
	}
	findings_number(j, "reopened", time->opened > 0 ? time->opened - 1 : 0);
}

void findings_accepted(struct emit *j, int64_t no)
{
	emit_key(j, "accepted");
	if (no != 0) {
		emit_integer(j, no);
	} else {
		emit_null(j);
	}
}

/* --- the command --- */

/* A feed's ecosystem, as the table language_packages names it; NULL: a system's package manager. */
static const char *ecosystem_of(struct span manager)
{
	static const char *const names[][2] = { { "npm", "npm" },
						{ "PyPI", "pypi" },
						{ "crates.io", "cargo" },
						{ "Go", "go" },
						{ "RubyGems", "rubygems" } };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (span_is(manager, names[i][0])) {
			return names[i][1];
		}
	}
	return NULL;
}

void findings_fix(const struct fleet_row *row, struct span release, struct span to_version,
		  const struct span *names, size_t count, struct writer *out)
{
	const char *ecosystem = ecosystem_of(row->manager);
	const struct judgement judgement = {
		.status = JUDGEMENT_FIXABLE,
		.stream = release,
		.installed = row->source_version,
		.fixed_version = to_version,
	};
	struct row package;

	if (ecosystem != NULL) {
		row_init(&package, schema_by_number(TABLE_LANGUAGE_PACKAGES));
		row_set_text(&package, LANGUAGE_PACKAGES_ECOSYSTEM, span_of(ecosystem));
		row_set_text(&package, LANGUAGE_PACKAGES_NAME, row->package);
		row_set_text(&package, LANGUAGE_PACKAGES_VERSION, row->version);
		row_set_text(&package, LANGUAGE_PACKAGES_PATH, row->path);
	} else {
		row_init(&package, schema_by_number(TABLE_PACKAGES));
		row_set_text(&package, PACKAGES_MANAGER, row->manager);
		row_set_text(&package, PACKAGES_NAME, row->package);
		row_set_text(&package, PACKAGES_VERSION, row->version);
		row_set_text(&package, PACKAGES_ARCHITECTURE, row->architecture);
	}
	vulnerability_fix_together(&package, &judgement, names, count, out);
}
