/*
 * change.h - changes for people: one line each.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "cli/output.h"

/* A Change of the API as one line: time, asset, +, ~ or -, table, key, and what is different. As
 * CSV a row, behind a head where is_first. */
void change_print_line(const json_t *change, enum output output, bool is_first, FILE *to);

/* A listing of changes. */
void changes_print(const json_t *items, enum output output);

/* What an update changed: "version: 1 -> 2, size_bytes: 3 -> 4"; for a row that came or went, its
 * values beside the key. To be freed. */
char *change_detail(const json_t *change);
