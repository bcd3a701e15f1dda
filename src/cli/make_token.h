/*
 * make_token.h - asking the server for a token, which it shows only once.
 */
#pragma once

#include <jansson.h>

#include "sys/args.h"
#include "sys/why.h"

/* Posts body, which it takes over, to path and prints the token that comes back, alone, so that
 * $(...) works; with
 * --json the whole answer. An exit status, and the reason in why where it is not EXIT_FINE. */
int make_token(const struct args *args, const char *path, json_t *body, struct why *why);
