/*
 * literals.h - what a text must hold for a pattern to match it: at least one of a few literals.
 *
 * It errs to one side only: where a pattern's syntax is not understood, or needs nothing, there is
 * nothing to look for, and the pattern must always be tried.
 */
#pragma once

#include "base/span.h"

#define LITERALS_MAX     64 /* alternatives */
#define LITERAL_LONGEST  24 /* bytes; of longer ones the end is looked for */
#define LITERAL_SHORTEST 2

struct literal {
	uint8_t bytes[LITERAL_LONGEST]; /* A to Z as a to z */
	size_t len;
};

/* One of them is in every text that the pattern matches; none: nothing is known. */
struct literals {
	struct literal all[LITERALS_MAX];
	size_t count;
};

/* Of a pattern in PCRE2's syntax without (?x). */
void literals_needed(struct span pattern, struct literals *out);
