/* output.c - sheets, CSV, JSON. */
#include "cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"

/* Spaces between columns; least width that truncation leaves a column. */
#define GAP        2
#define COLUMN_MIN 6

struct sheet {
	const char *const *columns;
	size_t column_count;
	char **cells; /* row after row; raw */
	size_t cell_count;
	size_t capacity;
};

int output_of(const struct args *args, enum output *out, struct why *why)
{
	bool is_json = args_has(args, "--json");
	bool is_csv = args_has(args, "--csv");

	if (is_json && is_csv) {
		return why_set(why, ERR_USAGE, "--json and --csv exclude each other; give one");
	}
	*out = is_json ? OUTPUT_JSON : is_csv ? OUTPUT_CSV : OUTPUT_TABLE;
	return 0;
}

/* --- text --- */

/* The bytes as a terminal may see them; to be freed. */
static char *escape(struct span text)
{
	size_t size = 4 * text.len + 1;
	char *out = alloc_zeroed(size, 1);
	struct writer w = writer_over((uint8_t *)out, size - 1);

	text_write_escaped(&w, text);
	return out;
}

void output_escaped(struct span text, FILE *to)
{
	char *safe = escape(text);

	fputs(safe, to);
	free(safe);
}

/* The next character: its bytes, and the columns it takes. */
static size_t next_character(const char *text, size_t len, unsigned *out_width)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t taken = mbrtowc(&c, text, len, &state);
	int width;

	if (taken == (size_t)-1 || taken == (size_t)-2 || taken == 0) {
		*out_width = 1;
		return 1;
	}
	width = wcwidth(c);
	*out_width = width < 0 ? 1 : (unsigned)width;
	return taken;
}

unsigned output_text_width(struct span text)
{
	unsigned width = 0;

	for (size_t at = 0; at < text.len;) {
		unsigned each;

		at += next_character((const char *)text.ptr + at, text.len - at, &each);
		width += each;
	}
	return width;
}

unsigned output_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
		return 0;
	}
	return size.ws_col;
}

void output_csv_field(struct span text, FILE *to)
{
	bool is_quoted = false;

	for (size_t i = 0; i < text.len && !is_quoted; i++) {
		is_quoted = memchr(",\"\r\n", text.ptr[i], 4) != NULL;
	}
	if (is_quoted) {
		fputc('"', to);
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"') {
			fputc('"', to);
		}
		fputc(text.ptr[i], to);
	}
	if (is_quoted) {
		fputc('"', to);
	}
}

void output_json(const json_t *value, FILE *to)
{
	/* a terminal would obey control characters of C1, which JSON need not escape */
	size_t flags = isatty(fileno(to)) ? JSON_INDENT(2) | JSON_ENSURE_ASCII : JSON_COMPACT;

	json_dumpf(value, to, flags | JSON_ENCODE_ANY);
	fputc('\n', to);
}

/* --- sheets --- */

struct sheet *sheet_new(const char *const *columns)
{
	struct sheet *sheet = alloc_zeroed(1, sizeof *sheet);

	sheet->columns = columns;
	while (columns[sheet->column_count] != NULL) {
		sheet->column_count++;
	}
	return sheet;
}

void sheet_free(struct sheet **sheet)
{
	if (*sheet != NULL) {
		for (size_t i = 0; i < (*sheet)->cell_count; i++) {
			free((*sheet)->cells[i]);
		}
		free((*sheet)->cells);
		free(*sheet);
		*sheet = NULL;
	}
}

void sheet_text(struct sheet *sheet, struct span text)
{
	if (sheet->cell_count == sheet->capacity) {
		sheet->capacity = sheet->capacity > 0 ? 2 * sheet->capacity : 64;
		sheet->cells = alloc_resize(sheet->cells, sheet->capacity, sizeof *sheet->cells);
	}
	sheet->cells[sheet->cell_count++] = alloc_span(text);
}

static void append_value(struct buffer *out, const json_t *value)
{
	size_t index;
	json_t *item;
	char *number;

	if (json_is_string(value)) {
		(void)!buffer_append(out, (struct span){ (const uint8_t *)json_string_value(value),
							 json_string_length(value) });
	} else if (json_is_array(value)) {
		json_array_foreach(value, index, item)
		{
			(void)!buffer_append(out, span_of(index > 0 ? ", " : ""));
			append_value(out, item);
		}
	} else if (value != NULL && !json_is_null(value)) {
		number = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		(void)!buffer_append(out, span_of(number));
		free(number);
	}
}

void sheet_json(struct sheet *sheet, const json_t *value)
{
	struct buffer text;

	/* nothing the server sends in one value is longer */
	buffer_init(&text, 1u << 20);
	append_value(&text, value);
	sheet_text(sheet, buffer_span(&text));
	buffer_done(&text);
}

size_t sheet_rows(const struct sheet *sheet)
{
	return sheet->column_count > 0 ? sheet->cell_count / sheet->column_count : 0;
}

static const char *cell(const struct sheet *sheet, size_t row, size_t column)
{
	return sheet->cells[row * sheet->column_count + column];
}

static void print_csv(const struct sheet *sheet, FILE *to)
{
	for (size_t c = 0; c < sheet->column_count; c++) {
		fputs(c > 0 ? "," : "", to);
		output_csv_field(span_of(sheet->columns[c]), to);
	}
	fputs("\r\n", to);
	for (size_t r = 0; r < sheet_rows(sheet); r++) {
		for (size_t c = 0; c < sheet->column_count; c++) {
			fputs(c > 0 ? "," : "", to);
			output_csv_field(span_of(cell(sheet, r, c)), to);
		}
		fputs("\r\n", to);
	}
}

static bool is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789.-");

	return text[digits] == '\0';
}

struct column_shape {
	unsigned width;
	bool is_number;
};

static void measure(const struct sheet *sheet, struct column_shape *shapes)
{
	for (size_t c = 0; c < sheet->column_count; c++) {
		shapes[c].width = output_text_width(span_of(sheet->columns[c]));
		shapes[c].is_number = sheet_rows(sheet) > 0;
		for (size_t r = 0; r < sheet_rows(sheet); r++) {
			char *safe = escape(span_of(cell(sheet, r, c)));
			unsigned width = output_text_width(span_of(safe));

			shapes[c].width = width > shapes[c].width ? width : shapes[c].width;
			shapes[c].is_number = shapes[c].is_number && is_number(safe);
			free(safe);
		}
	}
}

/* Takes from the widest columns until all fit. */
static void fit(struct column_shape *shapes, size_t count, unsigned width)
{
	for (;;) {
		unsigned sum = GAP * (unsigned)(count - 1);
		size_t widest = 0;

		for (size_t c = 0; c < count; c++) {
			sum += shapes[c].width;
			widest = shapes[c].width > shapes[widest].width ? c : widest;
		}
		if (sum <= width || shapes[widest].width <= COLUMN_MIN) {
			return;
		}
		shapes[widest].width--;
	}
}

static void print_padding(unsigned count, FILE *to)
{
	while (count-- > 0) {
		fputc(' ', to);
	}
}

/* One cell within its width; the last column of a row gets no padding behind it. */
static void print_cell(const char *text, const struct column_shape *shape, bool is_last, FILE *to)
{
	char *safe = escape(span_of(text));
	size_t len = strlen(safe);
	unsigned width = output_text_width(span_of(safe));
	unsigned printed = 0;

	if (width <= shape->width) {
		print_padding(shape->is_number ? shape->width - width : 0, to);
		fputs(safe, to);
		print_padding(shape->is_number || is_last ? 0 : shape->width - width, to);
		free(safe);
		return;
	}
	for (size_t at = 0; at < len;) {
		unsigned each;
		size_t taken = next_character(safe + at, len - at, &each);

		if (printed + each > shape->width - 1) {
			break;
		}
		fwrite(safe + at, 1, taken, to);
		at += taken;
		printed += each;
	}
	fputs("\xe2\x80\xa6", to); /* an ellipsis */
	print_padding(is_last ? 0 : shape->width - 1 - printed, to);
	free(safe);
}

static void print_line(const char *const *cells, size_t count, const struct column_shape *shapes,
		       FILE *to)
{
	for (size_t c = 0; c < count; c++) {
		print_padding(c > 0 ? GAP : 0, to);
		print_cell(cells[c], &shapes[c], c + 1 == count, to);
	}
	fputc('\n', to);
}

static void print_table(const struct sheet *sheet, unsigned width, FILE *to)
{
	struct column_shape *shapes = alloc_zeroed(sheet->column_count, sizeof *shapes);

	measure(sheet, shapes);
	if (width > 0) {
		fit(shapes, sheet->column_count, width);
	}
	print_line(sheet->columns, sheet->column_count, shapes, to);
	for (size_t r = 0; r < sheet_rows(sheet); r++) {
		print_line((const char *const *)&sheet->cells[r * sheet->column_count],
			   sheet->column_count, shapes, to);
	}
	free(shapes);
}

void sheet_print(const struct sheet *sheet, enum output output, unsigned width, FILE *to)
{
	if (output == OUTPUT_CSV) {
		print_csv(sheet, to);
	} else {
		print_table(sheet, width, to);
	}
}

/* --- answers of the API --- */

void output_rows(const json_t *columns, const json_t *rows, enum output output)
{
	size_t count = json_array_size(columns);
	const char **names = alloc_zeroed(count + 1, sizeof *names);
	struct sheet *sheet;
	size_t r;
	json_t *row;

	for (size_t c = 0; c < count; c++) {
		names[c] = json_string_value(json_array_get(columns, c));
	}
	sheet = sheet_new(names);
	json_array_foreach(rows, r, row)
	{
		for (size_t c = 0; c < count; c++) {
			sheet_json(sheet, json_array_get(row, c));
		}
	}
	sheet_print(sheet, output, output_width(), stdout);
	sheet_free(&sheet);
	free(names);
}

void output_items(const json_t *items, const char *const *columns, enum output output)
{
	struct sheet *sheet = sheet_new(columns);
	size_t index;
	json_t *item;

	json_array_foreach(items, index, item)
	{
		for (size_t c = 0; columns[c] != NULL; c++) {
			sheet_json(sheet, json_object_get(item, columns[c]));
		}
	}
	sheet_print(sheet, output, output_width(), stdout);
	sheet_free(&sheet);
}

void output_answer(const json_t *answer, const char *const *columns, enum output output)
{
	if (output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else {
		output_items(json_object_get(answer, "items"), columns, output);
	}
}

int64_t output_time_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	int64_t wall_ms;

	return text != NULL && clock_from_text(span_of(text), &wall_ms) == 0 ? wall_ms : 0;
}
