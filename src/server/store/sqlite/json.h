/*
 * json.h - appending JSON (RFC 8259) to a buffer.
 *
 * What comes out is well-formed whatever text goes in.
 */
#pragma once

#include "base/attr.h"
#include "sys/buffer.h"
#include "wire/row.h"

/* A string with its quotes. Control characters are escaped, malformed UTF-8 becomes U+FFFD.
 * ERR_FULL. */
MUST_USE int json_append_text(struct buffer *out, struct span text);
MUST_USE int json_append_integer(struct buffer *out, int64_t value);

/* Bytes that are JSON already, or punctuation. */
MUST_USE int json_append_raw(struct buffer *out, struct span json);

/* An array of a row's list. */
MUST_USE int json_append_list(struct buffer *out, const struct value *list);

/* The list that json_append_list wrote, as a decoded value: its CBOR goes to out, which has room
 * for the JSON and 16 bytes more. */
struct value json_read_list(struct span json, struct writer *out);
