/*
 * output.h - rows for people and for programs: aligned columns, CSV (RFC 4180), JSON.
 *
 * What comes from sensors is a stranger's text: on its way to people control characters become
 * \xNN.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/args.h"
#include "sys/why.h"

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

/* By --json and --csv; ERR_USAGE where both are given. */
MUST_USE int output_of(const struct args *args, enum output *out, struct why *why);

struct sheet;

/* columns are borrowed, ended by NULL. */
struct sheet *sheet_new(const char *const *columns);
void sheet_free(struct sheet **sheet);

/* Cells from left to right; after the last column the next row begins. */
void sheet_text(struct sheet *sheet, struct span text);

/* A JSON value as text: null is empty, a list is separated by ", ". */
void sheet_json(struct sheet *sheet, const json_t *value);

size_t sheet_rows(const struct sheet *sheet);

/* width: columns of the terminal; 0: nothing is truncated. */
void sheet_print(const struct sheet *sheet, enum output output, unsigned width, FILE *to);

/* The width of the terminal that stdout is, 0 where it is none. */
unsigned output_width(void);

/* One JSON document and a newline: indented for a terminal, else compact. */
void output_json(const json_t *value, FILE *to);

/* One CSV field, quoted where it must be. */
void output_csv_field(struct span text, FILE *to);

/* Text with control characters escaped. */
void output_escaped(struct span text, FILE *to);

/* Columns that text takes on a terminal. */
unsigned output_text_width(struct span text);

/* Prints rows that the API gave, [[value, ...], ...], under their columns' names. */
void output_rows(const json_t *columns, const json_t *rows, enum output output);

/* Prints the members of objects in a list; columns name them. */
void output_items(const json_t *items, const char *const *columns, enum output output);

/* Prints {"items": [...]}: whole as JSON, else its items. */
void output_answer(const json_t *answer, const char *const *columns, enum output output);

/* A moment that the API wrote, milliseconds since 1970; 0 where there is none. */
int64_t output_time_of(const json_t *object, const char *member);
