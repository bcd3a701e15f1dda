/* change.c - lines and listings of changes. */
#include "cli/change.h"

#include <stdlib.h>
#include <string.h>

#include "sys/buffer.h"
#include "sys/alloc.h"

/* Longest detail that is shown. */
#define DETAIL_MAX 8192

static const char *const columns[] = { "no",    "index",      "at",    "observed_at",
				       "asset", "asset_name", "table", "op",
				       "key",   "detail",     NULL };

static const char *text_of(const json_t *change, const char *name)
{
	const char *text = json_string_value(json_object_get(change, name));

	return text != NULL ? text : "";
}

static void add(struct buffer *out, const char *text)
{
	(void)!buffer_append(out, span_of(text)); /* what is beyond the maximum is left out */
}

static void add_value(struct buffer *out, const json_t *value)
{
	char *number;
	size_t index;
	json_t *item;

	if (json_is_string(value)) {
		add(out, json_string_value(value));
	} else if (json_is_array(value)) {
		json_array_foreach(value, index, item)
		{
			add(out, index > 0 ? " " : "");
			add_value(out, item);
		}
	} else if (value == NULL || json_is_null(value)) {
		add(out, "-");
	} else {
		number = json_dumps(value, JSON_ENCODE_ANY);
		add(out, number);
		free(number);
	}
}

static void add_difference(struct buffer *out, const char *name, const json_t *old,
			   const json_t *row)
{
	add(out, out->len > 0 ? ", " : "");
	add(out, name);
	add(out, ": ");
	add_value(out, old);
	add(out, " -> ");
	add_value(out, row);
}

/* True where the key says it already. */
static bool is_in_key(const char *key, const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && text[0] != '\0' && strstr(key, text) != NULL;
}

char *change_detail(const json_t *change)
{
	json_t *row = json_object_get(change, "row");
	json_t *old = json_object_get(change, "old");
	const char *key = text_of(change, "key");
	const char *name;
	struct buffer out;
	json_t *value;
	char *detail;

	buffer_init(&out, DETAIL_MAX);
	json_object_foreach(json_is_object(row) ? row : old, name, value)
	{
		json_t *before = json_object_get(old, name);

		if (json_is_object(row) && json_is_object(old)) {
			if (!json_equal(value, before)) {
				add_difference(&out, name, before, value);
			}
		} else if (!json_is_null(value) && !is_in_key(key, value)) {
			add(&out, out.len > 0 ? " " : "");
			add(&out, name);
			add(&out, "=");
			add_value(&out, value);
		}
	}
	detail = alloc_span(buffer_span(&out));
	buffer_done(&out);
	return detail;
}

static void add_row(struct sheet *sheet, const json_t *change)
{
	char *detail = change_detail(change);

	for (size_t i = 0; columns[i + 1] != NULL; i++) {
		sheet_json(sheet, json_object_get(change, columns[i]));
	}
	sheet_text(sheet, span_of(detail));
	free(detail);
}

static void print_csv(const json_t *change, bool is_first, FILE *to)
{
	char *detail = change_detail(change);

	for (size_t i = 0; is_first && columns[i] != NULL; i++) {
		fprintf(to, "%s%s", i > 0 ? "," : "", columns[i]);
	}
	fputs(is_first ? "\r\n" : "", to);
	for (size_t i = 0; columns[i + 1] != NULL; i++) {
		const json_t *value = json_object_get(change, columns[i]);
		struct buffer text;

		buffer_init(&text, 1u << 16);
		if (!json_is_null(value)) {
			add_value(&text, value);
		}
		output_csv_field(buffer_span(&text), to);
		fputc(',', to);
		buffer_done(&text);
	}
	output_csv_field(span_of(detail), to);
	fputs("\r\n", to);
	free(detail);
}

void change_print_line(const json_t *change, enum output output, bool is_first, FILE *to)
{
	const char *op = text_of(change, "op");
	const char *sign = strcmp(op, "added") == 0 ? "+" : strcmp(op, "removed") == 0 ? "-" : "~";
	const char *at = text_of(change, "at");
	char *detail;

	if (output == OUTPUT_CSV) {
		print_csv(change, is_first, to);
		return;
	}
	/* 2026-11-21T12:00:00.000Z: the time of day is enough for what happens now */
	output_escaped(span_first(span_after(span_of(at), 11), 12), to);
	fputs("  ", to);
	output_escaped(span_of(text_of(change, "asset_name")), to);
	fprintf(to, "  %s ", sign);
	output_escaped(span_of(text_of(change, "table")), to);
	fputs("  ", to);
	output_escaped(span_of(text_of(change, "key")), to);
	detail = change_detail(change);
	fputs(detail[0] != '\0' ? "  " : "", to);
	output_escaped(span_of(detail), to);
	fputc('\n', to);
	free(detail);
}

void changes_print(const json_t *items, enum output output)
{
	static const char *const shown[] = { "at", "table", "op", "key", "detail", NULL };
	struct sheet *sheet = sheet_new(output == OUTPUT_CSV ? columns : shown);
	size_t index;
	json_t *change;

	json_array_foreach(items, index, change)
	{
		char *detail = change_detail(change);

		if (output == OUTPUT_CSV) {
			add_row(sheet, change);
		} else {
			for (size_t i = 0; i < 4; i++) {
				sheet_json(sheet, json_object_get(change, shown[i]));
			}
			sheet_text(sheet, span_of(detail));
		}
		free(detail);
	}
	sheet_print(sheet, output, output_width(), stdout);
	sheet_free(&sheet);
}
