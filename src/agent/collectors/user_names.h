/*
 * user_names.h - from a user's number to the name that passwd(5) has for it.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"
#include "base/writer.h"

/* The name, borrowed from the file; where it has none, the number, written to w. */
struct span user_names_of(struct span passwd, uint32_t uid, struct writer *w);
