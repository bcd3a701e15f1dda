/*
 * emit.h - writes JSON (RFC 8259) into a bounded buffer, commas and escapes right.
 *
 * Whatever bytes come in, what goes out is well-formed UTF-8: malformed sequences
 * become U+FFFD. A full buffer fails the writer for good; ask emit_ok() once, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "sys/buffer.h"

/* Objects and arrays within each other, at the most. */
#define EMIT_DEPTH_MAX 32

/* Fields are private to emit.c. */
struct emit {
	struct buffer *out;
	uint32_t has_items; /* a bit for each level that is open */
	unsigned depth;
	bool is_after_key;
	bool has_failed;
};

/* Appends to out, which stays the caller's. */
struct emit emit_over(struct buffer *out);

void emit_object(struct emit *j);
void emit_object_end(struct emit *j);
void emit_array(struct emit *j);
void emit_array_end(struct emit *j);

/* The name of the member whose value comes next. */
void emit_key(struct emit *j, const char *name);

/* Values. NULL writes null; so does a number that JSON cannot hold (not finite). */
void emit_text(struct emit *j, const char *value);
void emit_span(struct emit *j, struct span value);
void emit_integer(struct emit *j, int64_t value);
void emit_real(struct emit *j, double value);
void emit_boolean(struct emit *j, bool value);
void emit_null(struct emit *j);

/* Milliseconds since 1970 as RFC 3339 text. */
void emit_time(struct emit *j, int64_t wall_ms);

/* Bytes as lower-case hexadecimal text, at most 64 of them. */
void emit_hex(struct emit *j, struct span bytes);

/* One value that is JSON already; the caller vouches for it. */
void emit_raw(struct emit *j, struct span value);

/* True where everything had room and every object and array is closed. */
bool emit_ok(const struct emit *j);
