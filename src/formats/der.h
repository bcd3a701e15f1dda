/*
 * der.h - distinguished encoding rules of ASN.1 (X.690): tag, length, value.
 *
 * Works on the sticky reader: what is not there, or is not DER, fails the
 * reader, so that a parser may follow its structure and ask reader_ok() once.
 * Depth is the caller's nesting of readers; nothing here recurses.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* Identifier octets of the universal types used. */
enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_NUMERIC_STRING = 0x12,
	DER_PRINTABLE_STRING = 0x13,
	DER_TELETEX_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_VISIBLE_STRING = 0x1a,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* Identifier octet of a context-specific tag. */
#define DER_CONTEXT(number)             (0x80u | (number))
#define DER_CONTEXT_CONSTRUCTED(number) (0xa0u | (number))

struct der_element {
	uint8_t tag; /* identifier octet; high tag numbers are refused */
	struct span value;
	struct span whole; /* with tag and length */
};

/* The next element, of any tag. Fails the reader for high tag numbers, for
 * indefinite and needlessly long lengths, and past the end. */
struct der_element der_any(struct reader *r);

/* The value of the next element, which must have this tag; else fails the reader. */
struct span der_take(struct reader *r, uint8_t tag);

/* A reader over the next element, which must have this tag; else fails both. */
struct reader der_enter(struct reader *r, uint8_t tag);

/* The same where the next element has this tag; else false, and nothing is consumed. */
bool der_take_optional(struct reader *r, uint8_t tag, struct span *value);

/* An unsigned integer's bytes without leading zeros; negative ones fail the reader. */
struct span der_unsigned(struct reader *r);

/* A bit string of whole bytes; others fail the reader. */
struct span der_bit_string(struct reader *r);

/* DER's only TRUE and FALSE; others fail the reader. */
bool der_boolean(struct reader *r);

/* Appends an object identifier's value in dotted decimals. False, with nothing
 * appended, where it is malformed or an arc exceeds 64 bits. */
bool der_write_oid(struct span oid, struct writer *w);

/* True where an object identifier's value has these bytes. */
#define DER_OID_IS(oid, ...)                                                                       \
	span_equal((oid), (struct span){ (const uint8_t[]){ __VA_ARGS__ },                         \
					 sizeof((const uint8_t[]){ __VA_ARGS__ }) })
