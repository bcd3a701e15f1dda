/*
 * body.h - reads a request's body: one JSON object of known members.
 *
 * A body that is not JSON, holds other members, or members of another type is refused with 400.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct call;

struct body {
	struct call *call; /* private to body.c */
	void *root;        /* a json_t; NULL where it was refused */
};

/* members: the names it may hold, separated by spaces. An absent body is an empty object. False
 * where it was refused. Free with body_done in either case. */
bool body_read(struct call *call, const char *members, struct body *out);
void body_done(struct body *body);

/* A text of at most max bytes without NUL; a missing one is refused where it is required, else *out
 * is empty with ptr NULL. Valid until body_done. */
bool body_text(struct body *body, const char *name, size_t max, bool is_required, struct span *out);

/* A text whose length was checked, with its NUL. */
void body_copy(struct span from, char *out);

/* A list of words, with one space between them; *out_is_given false where it is missing. A word has
 * no space in it. */
bool body_words(struct body *body, const char *name, char *out, size_t size, bool *out_is_given);

/* true or false; fallback where it is missing. */
bool body_boolean(struct body *body, const char *name, bool fallback, bool *out);

/* A whole number within min and max; fallback where it is missing. */
bool body_integer(struct body *body, const char *name, int64_t min, int64_t max, int64_t fallback,
		  int64_t *out);
