/* event.c - lines and listings of events. */
#include "cli/event.h"

#include <stdlib.h>
#include <string.h>

#include "sys/alloc.h"
#include "sys/buffer.h"

/* Longest detail that is shown. */
#define DETAIL_MAX 8192

static const char *const columns[] = { "no",         "at",   "received_at", "asset",
				       "asset_name", "kind", "detail",      NULL };

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
	} else {
		number = json_dumps(value, JSON_ENCODE_ANY);
		add(out, number);
		free(number);
	}
}

/* "executable=/bin/ls pid=42": what is known. To be freed. */
static char *detail_of(const json_t *event)
{
	json_t *row = json_object_get(event, "row");
	struct buffer out;
	const char *name;
	json_t *value;
	char *detail;

	buffer_init(&out, DETAIL_MAX);
	json_object_foreach(row, name, value)
	{
		if (!json_is_null(value)) {
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

static struct span text_of(const json_t *event, const char *name)
{
	const json_t *value = json_object_get(event, name);

	return (struct span){ (const uint8_t *)json_string_value(value),
			      json_string_length(value) };
}

static void print_csv(const json_t *event, const char *detail, bool is_first, FILE *to)
{
	for (size_t i = 0; is_first && columns[i] != NULL; i++) {
		fprintf(to, "%s%s", i > 0 ? "," : "", columns[i]);
	}
	fputs(is_first ? "\r\n" : "", to);
	fprintf(to, "%lld", (long long)json_integer_value(json_object_get(event, "no")));
	for (size_t i = 1; columns[i + 1] != NULL; i++) {
		fputc(',', to);
		output_csv_field(text_of(event, columns[i]), to);
	}
	fputc(',', to);
	output_csv_field(span_of(detail), to);
	fputs("\r\n", to);
}

void event_print_line(const json_t *event, enum output output, bool is_first, FILE *to)
{
	char *detail = detail_of(event);

	if (output == OUTPUT_CSV) {
		print_csv(event, detail, is_first, to);
	} else {
		output_escaped(text_of(event, "at"), to);
		fputs("  ", to);
		output_escaped(text_of(event, "asset_name"), to);
		fputs("  ", to);
		output_escaped(text_of(event, "kind"), to);
		fputs("  ", to);
		output_escaped(span_of(detail), to);
		fputc('\n', to);
	}
	free(detail);
}

void events_print(const json_t *items, enum output output)
{
	size_t index;
	json_t *event;

	json_array_foreach(items, index, event)
	{
		event_print_line(event, output, index == 0, stdout);
	}
}
