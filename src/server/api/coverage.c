/* coverage.c - releases of assets, held against the streams that feeds speak of. */
#include "server/api/coverage.h"

#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"

static void copy_text(const struct row *row, unsigned column, char *out, size_t size)
{
	struct span text =
		row->values[column].kind == VALUE_TEXT ? row->values[column].text : span_of("");

	text = span_first(text, size - 1);
	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

void coverage_of(const struct row *os, const struct knowledge *knowledge, struct coverage *out)
{
	*out = (struct coverage){ .is_covered = false };
	if (os != NULL) {
		copy_text(os, OS_NAME, out->system_name, sizeof out->system_name);
		if (out->system_name[0] == '\0') {
			copy_text(os, OS_ID, out->system_name, sizeof out->system_name);
		}
		(void)release_of_os(os, &out->release);
	}
	if (os == NULL) {
		snprintf(
			out->problem, sizeof out->problem,
			"the asset has not told what system it runs; only what a scan found of its "
			"services is judged");
	} else if (out->release.stream[0] == '\0') {
		snprintf(out->problem, sizeof out->problem,
			 "no feed speaks of %s; Debian, Ubuntu, Alpine, Red Hat Enterprise Linux "
			 "and its rebuilds can be judged",
			 out->system_name[0] != '\0' ? out->system_name : "this system");
	} else if (knowledge == NULL) {
		snprintf(out->problem, sizeof out->problem,
			 "no feed is in force yet: 'bartizan feed update' fetches them");
	} else if (!knowledge_has_stream(knowledge, span_of(out->release.stream))) {
		snprintf(out->problem, sizeof out->problem,
			 "none of the feeds that are in force speaks of %s: see 'bartizan feed "
			 "status'",
			 out->release.stream);
	} else {
		out->is_covered = true;
	}
}

void coverage_write(struct emit *j, const struct coverage *c)
{
	emit_key(j, "release");
	emit_text(j, c->release.stream[0] != '\0' ? c->release.stream : NULL);
	emit_key(j, "system");
	emit_text(j, c->system_name[0] != '\0' ? c->system_name : NULL);
	emit_key(j, "is_covered");
	emit_boolean(j, c->is_covered);
	emit_key(j, "problem");
	emit_text(j, c->problem[0] != '\0' ? c->problem : NULL);
}

/* --- one asset --- */

struct looking {
	const struct knowledge *knowledge;
	struct coverage *out;
	uint32_t row;
};

static bool take_first(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	struct looking *l = context;

	(void)asset;
	l->row = count > 0 ? rows[0] : UINT32_MAX;
	return false;
}

static bool take_os(void *context, uint32_t number, const struct row *row)
{
	struct looking *l = context;

	if (number == l->row) {
		coverage_of(row, l->knowledge, l->out);
	}
	return false;
}

int coverage_of_asset(struct view *view, uint32_t asset, const struct knowledge *knowledge,
		      struct coverage *out, struct why *why)
{
	struct looking l = { knowledge, out, UINT32_MAX };
	int error = view_asset_holding(view, asset, TABLE_OS, take_first, &l, why);

	coverage_of(NULL, knowledge, out);
	if (error == 0 && l.row != UINT32_MAX) {
		error = view_distinct_rows(view, TABLE_OS, l.row, take_os, &l, why);
	}
	return error;
}
