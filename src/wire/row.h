/*
 * row.h - one row of a table: its values, and its canonical bytes.
 *
 * The bytes are a CBOR array of the columns' values in the schema's order, null for unknown,
 * deterministic (RFC 8949 4.2.1), so that equal rows have equal bytes and equal hashes.
 */
#pragma once

#include "base/attr.h"
#include "base/rowhash.h"
#include "base/writer.h"
#include "schema/schema.h"

/* Longest canonical row, longest text in it, most items of a list. What a sensor finds
 * beyond the last two is cut; what it sends beyond the first is refused. */
#define ROW_BYTES_MAX 16384
#define ROW_TEXT_MAX  4096
#define ROW_LIST_MAX  512

enum value_kind { VALUE_NULL, VALUE_TEXT, VALUE_INTEGER, VALUE_BOOLEAN, VALUE_LIST };

struct value {
	enum value_kind kind;
	int64_t number;           /* VALUE_INTEGER (times too); 0 or 1 for VALUE_BOOLEAN */
	struct span text;         /* VALUE_TEXT; a decoded VALUE_LIST: its CBOR array */
	const struct span *items; /* VALUE_LIST to be encoded: its texts */
	size_t item_count;        /* of a VALUE_LIST, either way */
};

/* Borrowed: spans point into the caller's memory, or into the bytes that were decoded. */
struct row {
	const struct table *table;
	struct value values[SCHEMA_COLUMNS_MAX]; /* by column; VALUE_NULL where not set */
};

/* All null. */
void row_init(struct row *row, const struct table *table);
void row_set_text(struct row *row, unsigned column, struct span text);

/* Null where the text is empty. */
void row_set_text_if_any(struct row *row, unsigned column, struct span text);
void row_set_integer(struct row *row, unsigned column, int64_t number);
void row_set_boolean(struct row *row, unsigned column, bool value);
void row_set_list(struct row *row, unsigned column, const struct span *items, size_t count);

/* Writes the canonical bytes: all columns, but of the appended ones (schema.h) none behind the last
 * that is not null. Text is mended to UTF-8 and cut at ROW_TEXT_MAX, lists at
 * ROW_LIST_MAX; trailing items of lists, then text, are cut further where the row would be over
 * ROW_BYTES_MAX. ERR_FULL where the writer has no room (nothing is then written). */
MUST_USE int row_encode(const struct row *row, struct writer *out);

/* The values of canonical bytes. Fewer columns than the table has are null, more are
 * ignored (a newer sensor). ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT. */
MUST_USE int row_decode(const struct table *table, struct span bytes, struct row *out);

/* Writes a list's items one by one: the next text of a decoded list's CBOR array; start with
 * *at = 0; false at the end. */
bool row_list_next(const struct value *list, size_t *at, struct span *out_item);

/* The key columns' values as text, separated by one space; for people. */
void row_write_key(const struct row *row, struct writer *out);

/* True where both rows have the same key. */
bool row_same_key(const struct row *a, const struct row *b);
