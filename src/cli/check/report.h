/*
 * report.h - findings for people and for programs: aligned text, one JSON document, SARIF 2.1.0.
 */
#pragma once

#include <stdio.h>

#include "cli/check/findings.h"

struct report {
	const struct inventory *inventory;
	const struct findings *findings;
	const char *target;       /* what was judged, as it was given */
	const char *const *feeds; /* files */
	const char *const *kinds; /* names of the feeds they are of */
	size_t feed_count;
};

void report_text(const struct report *report, FILE *to);
void report_json(const struct report *report, FILE *to);
void report_sarif(const struct report *report, FILE *to);
