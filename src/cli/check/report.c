/* report.c - text and JSON. */
#include "cli/check/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/output.h"

static const char *const levels[] = { "critical", "high", "medium", "low", "none" };

static size_t count_of(const struct findings *findings, const char *name, const char *text)
{
	size_t count = 0;
	size_t i;
	json_t *finding;

	json_array_foreach(findings->list, i, finding)
	{
		const char *its = json_string_value(json_object_get(finding, name));

		count += its != NULL && strcmp(its, text) == 0;
	}
	return count;
}

static size_t count_exploited(const struct findings *findings)
{
	size_t count = 0;
	size_t i;
	json_t *finding;

	json_array_foreach(findings->list, i, finding)
	{
		count += json_is_true(json_object_get(finding, "is_exploited"));
	}
	return count;
}

/* Arguments need not be UTF-8. */
static json_t *json_of(const char *text)
{
	uint8_t room[4096];
	struct writer w = writer_over(room, sizeof room);

	text_write_utf8(&w, span_of(text), sizeof room);
	return json_stringn((const char *)room, writer_used(&w));
}

/* --- text --- */

static void print_rows(const struct findings *findings, FILE *to)
{
	static const char *const columns[] = { "priority", "id",     "package", "installed",
					       "fixed",    "status", "why",     NULL };
	static const char *const members[] = { "id",     "package", "version", "fixed_version",
					       "status", "reason",  NULL };
	struct sheet *sheet = sheet_new(columns);
	size_t i;
	json_t *finding;

	json_array_foreach(findings->list, i, finding)
	{
		char priority[32];

		snprintf(priority, sizeof priority, "%lld %s",
			 json_integer_value(json_object_get(finding, "priority")),
			 json_string_value(json_object_get(finding, "level")));
		sheet_text(sheet, span_of(priority));
		for (size_t m = 0; members[m] != NULL; m++) {
			sheet_json(sheet, json_object_get(finding, members[m]));
		}
	}
	if (sheet_rows(sheet) > 0) {
		sheet_print(sheet, OUTPUT_TABLE, to == stdout ? output_width() : 0, to);
		fputc('\n', to);
	}
	sheet_free(&sheet);
}

static void print_unjudged(const struct findings *findings, FILE *to)
{
	size_t i;
	json_t *item;

	json_array_foreach(findings->unjudged, i, item)
	{
		fprintf(to, "not judged: %lld packages of %s: no feed was given for them\n",
			json_integer_value(json_object_get(item, "packages")),
			json_string_value(json_object_get(item, "stream")));
	}
}

void report_text(const struct report *report, FILE *to)
{
	const struct findings *findings = report->findings;
	size_t total = json_array_size(findings->list);

	print_rows(findings, to);
	output_escaped(inventory_system(report->inventory), to);
	fprintf(to, ": %zu packages", report->inventory->packages.count);
	if (report->inventory->languages.count > 0) {
		fprintf(to, " and %zu of languages", report->inventory->languages.count);
	}
	fprintf(to, ", %zu finding%s", total, total == 1 ? "" : "s");
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		size_t count = count_of(findings, "level", levels[i]);

		if (count > 0) {
			fprintf(to, ", %zu %s", count, levels[i]);
		}
	}
	fprintf(to, "; %zu fixable, %zu exploited in the wild\n",
		count_of(findings, "status", "fixable"), count_exploited(findings));
	print_unjudged(findings, to);
}

/* --- JSON --- */

static json_t *summary_of(const struct report *report)
{
	json_t *by_level = json_object();

	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		json_object_set_new(
			by_level, levels[i],
			json_integer((json_int_t)count_of(report->findings, "level", levels[i])));
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "packages",
			 (json_int_t)report->inventory->packages.count, "language_packages",
			 (json_int_t)report->inventory->languages.count, "findings",
			 (json_int_t)json_array_size(report->findings->list), "fixable",
			 (json_int_t)count_of(report->findings, "status", "fixable"), "exploited",
			 (json_int_t)count_exploited(report->findings), "levels", by_level);
}

static json_t *feeds_of(const struct report *report)
{
	json_t *feeds = json_array();

	for (size_t i = 0; i < report->feed_count; i++) {
		json_array_append_new(feeds,
				      json_pack("{s:o, s:s}", "file", json_of(report->feeds[i]),
						"feed", report->kinds[i]));
	}
	return feeds;
}

void report_json(const struct report *report, FILE *to)
{
	struct span name = inventory_system(report->inventory);
	const char *stream = report->inventory->release.stream;
	json_t *document = json_pack(
		"{s:s, s:o, s:o, s:o, s:o, s:O, s:O, s:o}", "schema", FINDINGS_SCHEMA, "target",
		json_of(report->target), "system", json_stringn((const char *)name.ptr, name.len),
		"release", stream[0] != '\0' ? json_string(stream) : json_null(), "feeds",
		feeds_of(report), "findings", report->findings->list, "not_judged",
		report->findings->unjudged, "summary", summary_of(report));

	output_json(document, to);
	json_decref(document);
}
