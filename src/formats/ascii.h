/*
 * ascii.h - names whose case does not count, without the C library's locale.
 */
#pragma once

#include "base/span.h"

/* A to Z as a to z; other bytes as they are. */
uint8_t ascii_lower(uint8_t c);

/* True where the texts are the same but for the case of A to Z. */
bool ascii_same(struct span text, const char *wanted);
