/*
 * fixture.h - files of tests/corpus for the tests of this folder, and for those only.
 */
#pragma once

#include "base/span.h"

/* A file by its path below tests/corpus, on the heap in its exact size; freed at exit.
 * A file that cannot be read ends the test program. */
struct span fixture(const char *path);

/* Calls parse with every truncation of good, each on the heap in its exact size, so
 * that a sanitizer sees the first byte too many. */
void fixture_truncate(struct span good, void (*parse)(struct span part));

/* What a writer holds, as a text that ends in NUL; static, until the next call. */
#define FIXTURE_TEXT_MAX 4096
const char *fixture_text(struct span bytes);
