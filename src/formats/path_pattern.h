/*
 * path_pattern.h - patterns of paths, as policies exclude files.
 *
 * "*" stands for any bytes of one name, "**" for any bytes, slashes too; every other byte for
 * itself. A pattern covers the path it stands for, and all below. Time is at most the product of
 * both lengths, whatever they hold.
 */
#pragma once

#include <stdbool.h>

#include "base/span.h"

/* A longer pattern covers nothing. */
#define PATH_PATTERN_MAX 1024

bool path_pattern_covers(struct span pattern, struct span path);
