/*
 * literals.h - what a text must hold for a pattern to match it: of each of a few sets of literals
 * at least one.
 *
 * It errs to one side only: where a pattern's syntax is not understood, or needs nothing, there is
 * nothing to look for, and the pattern must always be tried.
 */
#pragma once

#include "base/span.h"

#define LITERALS_MAX     64 /* alternatives */
#define LITERAL_LONGEST  10 /* bytes; of longer ones the end is looked for */
#define LITERAL_SHORTEST 2

struct literal {
	uint8_t bytes[LITERAL_LONGEST]; /* A to Z as a to z */
	size_t len;
};

/* Alternatives; none: nothing is known. */
struct literals {
	struct literal all[LITERALS_MAX];
	size_t count;
};

#define LITERALS_SETS_MAX 8

/* One of each set is in every text that the pattern matches; no set: nothing is known. */
struct literals_needs {
	struct literals sets[LITERALS_SETS_MAX];
	size_t count;
};

/* Of a pattern in PCRE2's syntax without (?x). */
void literals_needed(struct span pattern, struct literals_needs *out);
