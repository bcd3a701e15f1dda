/*
 * utf8.h - characters as UTF-8 (RFC 3629).
 */
#pragma once

#include "base/writer.h"

/* Appends a character; U+FFFD for surrogates and for numbers that are none. */
void utf8_write(struct writer *w, uint32_t character);
