/*
 * rows_text.h - rows of a table for people and programs: aligned text, or JSON as the API has it.
 *
 * Rows are gathered first: each once, in the order of their keys.
 */
#pragma once

#include <stdio.h>

#include "sys/buffer.h"
#include "wire/row.h"

/* As many as the agent reports of a table, and what they may take. */
#define ROWS_TEXT_MAX       131072
#define ROWS_TEXT_BYTES_MAX (256u << 20)

struct rows_text {
	const struct table *table;
	struct buffer bytes;
	struct rows_text_row *rows;
	size_t count;
	bool is_cut; /* there were more */
};

void rows_text_init(struct rows_text *rows, const struct table *table);
void rows_text_done(struct rows_text *rows);

/* One row's canonical bytes; context is the struct rows_text. */
void rows_text_take(void *context, struct span row);

/* Orders the rows, and leaves those out that came twice. */
void rows_text_sort(struct rows_text *rows);

/* An array of objects, without a line's end. */
void rows_text_json(const struct rows_text *rows, FILE *to);

/* A head and a line a row. */
void rows_text_aligned(const struct rows_text *rows, FILE *to);

/* The columns of one row as "name":value pairs, without braces. */
void row_text_json(const struct row *row, FILE *to);

/* A text as JSON, in its quotes. */
void row_text_string(struct span text, FILE *to);
