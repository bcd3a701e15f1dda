/*
 * event.h - events for people: one line each.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "cli/output.h"

/* An Event of the API as one line: time, asset, kind, and its values. As CSV a row, behind a head
 * where is_first. */
void event_print_line(const json_t *event, enum output output, bool is_first, FILE *to);

/* A listing of events. */
void events_print(const json_t *items, enum output output);
