/*
 * hpack.h - header lists of HTTP/2 (RFC 7541), of a peer that was told to keep no table.
 *
 * With SETTINGS_HEADER_TABLE_SIZE 0 every field is in the static table or written out, so that
 * there is no state between two fields: a reference to anything else is malformed. Names and values
 * are strangers' bytes; what is longer than the limits is cut.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

#define HPACK_NAME_MAX   128u
#define HPACK_VALUE_MAX  2048u
#define HPACK_STRING_MAX (16u << 10) /* as it is written */

struct hpack_field {
	size_t name_len;
	size_t value_len;
	uint8_t name[HPACK_NAME_MAX];
	uint8_t value[HPACK_VALUE_MAX];
};

/* The next field of a block; ERR_AGAIN where the block is at its end, ERR_MALFORMED. */
MUST_USE int hpack_next(struct reader *block, struct hpack_field *out);

/* A field that is not to be kept (RFC 7541 section 6.2.2), name and value as they are, each shorter
 * than 127 bytes: what is longer is cut. */
void hpack_write(struct writer *w, struct span name, struct span value);
