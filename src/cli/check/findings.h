/*
 * findings.h - everything that is wrong with an inventory, most urgent first.
 *
 * A finding is a JSON object; all texts in it are well-formed UTF-8, and strangers'.
 */
#pragma once

#include <jansson.h>

#include "base/attr.h"
#include "cli/check/inventory.h"

#define FINDINGS_SCHEMA "bartizan-check-1"

struct findings {
	json_t *list;     /* an array, sorted by priority */
	json_t *unjudged; /* an array: streams that packages are of and no feed speaks of */
};

/* ERR_NOT_FOUND where nothing is installed there, ERR_UNSUPPORTED where no feed speaks of the
 * system, each with what to do. */
MUST_USE int findings_of(const struct inventory *inventory, const struct knowledge *knowledge,
			 struct findings *out, struct why *why);
void findings_done(struct findings *findings);

/* Levels from 0, none, to 4, critical; -1 for another word. "any" is none. */
int findings_level(const char *word);

/* Findings of at least a level. */
size_t findings_count(const struct findings *findings, int level);
