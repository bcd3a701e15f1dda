/* rows_text.c - two ways to print the same values. */
#include "agent/rows_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/rowhash.h"
#include "base/text.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* Wider values are printed whole, and push the rest of their line to the right. */
#define WIDTH_MAX 40
#define CELL_MAX  (4 * ROW_BYTES_MAX)
#define KEY_MAX   512

struct rows_text_row {
	size_t offset;
	uint32_t len;
	struct rowhash hash;
	char *key;
};

void rows_text_init(struct rows_text *rows, const struct table *table)
{
	memset(rows, 0, sizeof *rows);
	rows->table = table;
	buffer_init(&rows->bytes, ROWS_TEXT_BYTES_MAX);
}

void rows_text_done(struct rows_text *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->rows[i].key);
	}
	free(rows->rows);
	buffer_done(&rows->bytes);
	rows_text_init(rows, rows->table);
}

static struct span bytes_of(const struct rows_text *rows, size_t index)
{
	return span_first(span_after(buffer_span(&rows->bytes), rows->rows[index].offset),
			  rows->rows[index].len);
}

void rows_text_take(void *context, struct span bytes)
{
	struct rows_text *rows = context;
	uint8_t key[KEY_MAX];
	struct writer w = writer_over(key, sizeof key);
	size_t offset = rows->bytes.len;
	struct row row;

	if (rows->count == ROWS_TEXT_MAX || row_decode(rows->table, bytes, &row) != 0 ||
	    buffer_append(&rows->bytes, bytes) != 0) {
		rows->is_cut = true;
		return;
	}
	if (rows->count % 1024 == 0) {
		rows->rows = alloc_resize(rows->rows, rows->count + 1024, sizeof *rows->rows);
	}
	row_write_key(&row, &w);
	rows->rows[rows->count++] =
		(struct rows_text_row){ .offset = offset,
					.len = (uint32_t)bytes.len,
					.hash = rowhash_of(rows->table->number, bytes),
					.key = alloc_span(writer_span(&w)) };
}

static int compare(const void *a, const void *b)
{
	const struct rows_text_row *left = a;
	const struct rows_text_row *right = b;
	int order = strcmp(left->key, right->key);

	return order != 0 ? order : rowhash_compare(&left->hash, &right->hash);
}

void rows_text_sort(struct rows_text *rows)
{
	size_t kept = 0;

	if (rows->count == 0) {
		return;
	}
	qsort(rows->rows, rows->count, sizeof *rows->rows, compare);
	for (size_t i = 0; i < rows->count; i++) {
		if (kept > 0 && rowhash_equal(&rows->rows[kept - 1].hash, &rows->rows[i].hash)) {
			free(rows->rows[i].key);
		} else {
			rows->rows[kept++] = rows->rows[i];
		}
	}
	rows->count = kept;
}

/* --- JSON --- */

void row_text_string(struct span text, FILE *to)
{
	putc('"', to);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '"' || c == '\\') {
			fprintf(to, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(to, "\\u%04x", c);
		} else {
			putc(c, to);
		}
	}
	putc('"', to);
}

static void time_text(int64_t seconds, char out[CLOCK_TEXT_SIZE])
{
	clock_to_text(seconds > INT64_MAX / 1000   ? INT64_MAX
		      : seconds < INT64_MIN / 1000 ? INT64_MIN
						   : seconds * 1000,
		      out);
}

static void print_list(const struct value *value, FILE *to)
{
	const char *separator = "";
	struct span item;
	size_t at = 0;

	putc('[', to);
	while (row_list_next(value, &at, &item)) {
		fputs(separator, to);
		row_text_string(item, to);
		separator = ",";
	}
	putc(']', to);
}

static void print_value(const struct column *column, const struct value *value, FILE *to)
{
	char time[CLOCK_TEXT_SIZE];

	switch (value->kind) {
	case VALUE_TEXT:
		row_text_string(value->text, to);
		break;
	case VALUE_BOOLEAN:
		fputs(value->number != 0 ? "true" : "false", to);
		break;
	case VALUE_INTEGER:
		if (column->type == COLUMN_TIME) {
			time_text(value->number, time);
			fprintf(to, "\"%s\"", time);
		} else {
			fprintf(to, "%" PRId64, value->number);
		}
		break;
	case VALUE_LIST:
		print_list(value, to);
		break;
	case VALUE_NULL:
	default:
		fputs("null", to);
		break;
	}
}

void row_text_json(const struct row *row, FILE *to)
{
	for (size_t i = 0; i < row->table->column_count; i++) {
		fprintf(to, "%s\"%s\":", i > 0 ? "," : "", row->table->columns[i].name);
		print_value(&row->table->columns[i], &row->values[i], to);
	}
}

void rows_text_json(const struct rows_text *rows, FILE *to)
{
	putc('[', to);
	for (size_t i = 0; i < rows->count; i++) {
		struct row row;

		if (row_decode(rows->table, bytes_of(rows, i), &row) == 0) {
			fputs(i > 0 ? ",\n {" : "\n {", to);
			row_text_json(&row, to);
			putc('}', to);
		}
	}
	fputs(rows->count > 0 ? "\n]" : "]", to);
}

/* --- aligned --- */

/* A value as a terminal may show it. */
static struct span cell_of(const struct column *column, const struct value *value, uint8_t *out)
{
	struct writer w = writer_over(out, CELL_MAX);
	char time[CLOCK_TEXT_SIZE];
	struct span item;
	size_t at = 0;

	switch (value->kind) {
	case VALUE_TEXT:
		text_write_escaped(&w, value->text);
		break;
	case VALUE_BOOLEAN:
		writer_text(&w, value->number != 0 ? "yes" : "no");
		break;
	case VALUE_INTEGER:
		if (column->type == COLUMN_TIME) {
			time_text(value->number, time);
			writer_text(&w, time);
		} else {
			writer_text(&w, value->number < 0 ? "-" : "");
			writer_decimal(&w, value->number < 0 ? 0 - (uint64_t)value->number
							     : (uint64_t)value->number);
		}
		break;
	case VALUE_LIST:
		while (row_list_next(value, &at, &item)) {
			writer_text(&w, writer_used(&w) > 0 ? ", " : "");
			text_write_escaped(&w, item);
		}
		break;
	case VALUE_NULL:
	default:
		break;
	}
	if (writer_used(&w) == 0) {
		writer_text(&w, "-");
	}
	return writer_span(&w);
}

/* Characters, each taken to be one column wide. */
static size_t width_of(struct span text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++) {
		width += (text.ptr[i] & 0xc0) != 0x80;
	}
	return width;
}

static void print_cell(struct span text, size_t width, bool is_last, FILE *to)
{
	fwrite(text.ptr, 1, text.len, to);
	if (is_last) {
		putc('\n', to);
		return;
	}
	for (size_t i = width_of(text); i < width; i++) {
		putc(' ', to);
	}
	fputs("  ", to);
}

static void measure(const struct rows_text *rows, size_t widths[SCHEMA_COLUMNS_MAX], uint8_t *cell)
{
	for (size_t c = 0; c < rows->table->column_count; c++) {
		widths[c] = strlen(rows->table->columns[c].name);
	}
	for (size_t i = 0; i < rows->count; i++) {
		struct row row;

		if (row_decode(rows->table, bytes_of(rows, i), &row) != 0) {
			continue;
		}
		for (size_t c = 0; c < rows->table->column_count; c++) {
			size_t width =
				width_of(cell_of(&rows->table->columns[c], &row.values[c], cell));

			if (width > widths[c]) {
				widths[c] = width < WIDTH_MAX ? width : WIDTH_MAX;
			}
		}
	}
}

void rows_text_aligned(const struct rows_text *rows, FILE *to)
{
	uint8_t *cell OWNED(alloc_free) = alloc_zeroed(1, CELL_MAX);
	size_t widths[SCHEMA_COLUMNS_MAX];
	size_t last = rows->table->column_count - 1;

	measure(rows, widths, cell);
	for (size_t c = 0; c <= last; c++) {
		print_cell(span_of(rows->table->columns[c].name), widths[c], c == last, to);
	}
	for (size_t i = 0; i < rows->count; i++) {
		struct row row;

		if (row_decode(rows->table, bytes_of(rows, i), &row) != 0) {
			continue;
		}
		for (size_t c = 0; c <= last; c++) {
			print_cell(cell_of(&rows->table->columns[c], &row.values[c], cell),
				   widths[c], c == last, to);
		}
	}
}
