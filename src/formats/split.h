/*
 * split.h - lines cut into words and fields, for the line-based formats of this folder.
 */
#pragma once

#include "base/reader.h"

/* The next word between spaces and tabs, never empty; false where none is left. */
bool split_word(struct reader *line, struct span *word);

/* True where the line has exactly this many fields; fields is filled only then. */
bool split_fields(struct span line, uint8_t delimiter, struct span *fields, size_t count);

/* The next line of passwd(5) or group(5) that is an entry: blank lines and comments are passed
 * over, + and - lines of NIS too, which are counted. False at the end. */
bool split_account_line(struct reader *rest, size_t *nis, struct span *line);

/* True for a line of nothing but blanks. */
bool split_is_blank(struct span line);
