/*
 * mask_name.h - which names' values are secrets: those of options, variables, fields and headers.
 */
#pragma once

#include "base/span.h"

/* --db-password, API_KEY, "token", ...; not those that only mention one (--password-file). */
bool mask_is_secret_name(struct span name);

/* Of headers whose values go on behind blanks: Authorization, Cookie, ... */
bool mask_is_header_name(struct span name);
