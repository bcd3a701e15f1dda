/*
 * arguments.h - the bodies of BUS_REQUEST and BUS_REPLY: an operation's name, and maps of
 * text -> text, unsigned number or boolean, in CBOR.
 *
 * What was read borrows from the bytes that it was read from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"

/* Most pairs of a map. */
#define ARGUMENTS_MAX 65536

enum argument_kind { ARGUMENT_TEXT, ARGUMENT_UINT, ARGUMENT_BOOL };

struct argument {
	struct span name;
	enum argument_kind kind;
	struct span text;
	uint64_t number; /* of ARGUMENT_UINT; 0 or 1 for ARGUMENT_BOOL */
};

struct argument argument_text(const char *name, const char *value);
struct argument argument_span(const char *name, struct span value);
struct argument argument_uint(const char *name, uint64_t value);
struct argument argument_bool(const char *name, bool value);

/* A map that was read and checked whole. Fields are private. */
struct arguments {
	struct span pairs; /* behind the map's head */
	size_t count;
};

/* ERR_NOT_FOUND where the map has no such name, ERR_MALFORMED where its value is of another kind.
 */
MUST_USE int arguments_text(const struct arguments *map, const char *name, struct span *out);
MUST_USE int arguments_uint(const struct arguments *map, const char *name, uint64_t *out);
MUST_USE int arguments_bool(const struct arguments *map, const char *name, bool *out);

/* Walks a map: start with *at = 0; false at the end. */
bool arguments_next(const struct arguments *map, size_t *at, struct argument *out);

/* A request's body. The writer fails where it has no room. */
void request_write(struct writer *out, const char *operation, const struct argument *arguments,
		   size_t count);
MUST_USE int request_read(struct span body, struct span *out_operation, struct arguments *out);

/* A reply's body: a result, or a failure with an HTTP status, a code ("not_found") and a message
 * that says what to do. */
struct reply {
	unsigned status; /* 0: it succeeded */
	struct span code;
	struct span message;
	struct arguments result;
};

void reply_write(struct writer *out, const struct argument *result, size_t count);
void reply_write_failure(struct writer *out, unsigned status, const char *code,
			 const char *message);
MUST_USE int reply_read(struct span body, struct reply *out);
