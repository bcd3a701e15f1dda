/*
 * semver.h - the order of Semantic Versioning 2.0.0, section 11, for the schemes that
 * are made of it.
 */
#pragma once

#include "base/span.h"

/* Any number of numbers, those that are missing being zero; then the pre-release, its
 * identifiers compared by compare_text where they are no numbers. */
int semver_compare(struct span a, struct span b, int (*compare_text)(struct span a, struct span b));

/* True for least to most numbers, with the pre-release and build parts that section 9 and
 * 10 allow, no v before them; both parts only where all three numbers are there.
 * is_strict refuses leading zeros (section 2). */
bool semver_is_valid(struct span version, size_t least, size_t most, bool is_strict);
