/* der.c - X.690: definite lengths in their shortest form, tags of one octet. */
#include "formats/der.h"

#define LENGTH_OCTETS_MAX 4
#define HIGH_TAG          0x1f

static size_t take_length(struct reader *r)
{
	unsigned first = reader_u8(r);
	unsigned octets = first & 0x7f;
	size_t length = 0;

	if (first < 0x80) {
		return first;
	}
	if (octets == 0 || octets > LENGTH_OCTETS_MAX || reader_peek(r) == 0) {
		reader_fail(r);
		return 0;
	}
	for (unsigned i = 0; i < octets; i++) {
		length = length << 8 | reader_u8(r);
	}
	if (length < 0x80) {
		reader_fail(r);
	}
	return length;
}

struct der_element der_any(struct reader *r)
{
	struct reader start = *r;
	size_t before = reader_left(r);
	struct der_element element = { 0 };

	element.tag = reader_u8(r);
	if ((element.tag & HIGH_TAG) == HIGH_TAG) {
		reader_fail(r);
	}
	element.value = reader_bytes(r, take_length(r));
	if (!reader_ok(r)) {
		return (struct der_element){ 0 };
	}
	element.whole = reader_bytes(&start, before - reader_left(r));
	return element;
}

struct span der_take(struct reader *r, uint8_t tag)
{
	struct der_element element = der_any(r);

	if (element.tag != tag) {
		reader_fail(r);
		return (struct span){ NULL, 0 };
	}
	return element.value;
}

struct reader der_enter(struct reader *r, uint8_t tag)
{
	struct reader inner = reader_over(der_take(r, tag));

	if (!reader_ok(r)) {
		reader_fail(&inner);
	}
	return inner;
}

bool der_take_optional(struct reader *r, uint8_t tag, struct span *value)
{
	if (reader_left(r) == 0 || reader_peek(r) != tag) {
		return false;
	}
	*value = der_take(r, tag);
	return reader_ok(r);
}

struct span der_unsigned(struct reader *r)
{
	struct span value = der_take(r, DER_INTEGER);

	if (value.len == 0 || (value.ptr[0] & 0x80) != 0) {
		reader_fail(r);
		return (struct span){ NULL, 0 };
	}
	while (value.len > 0 && value.ptr[0] == 0) {
		value = span_after(value, 1);
	}
	return value;
}

struct span der_bit_string(struct reader *r)
{
	struct reader bits = der_enter(r, DER_BIT_STRING);

	if (reader_u8(&bits) != 0 || !reader_ok(&bits)) {
		reader_fail(r);
		return (struct span){ NULL, 0 };
	}
	return reader_rest(&bits);
}

bool der_boolean(struct reader *r)
{
	struct span value = der_take(r, DER_BOOLEAN);

	if (value.len != 1 || (value.ptr[0] != 0 && value.ptr[0] != 0xff)) {
		reader_fail(r);
		return false;
	}
	return value.ptr[0] != 0;
}

/* One arc in base 128, its first octet not a leading zero. */
static uint64_t take_arc(struct reader *r)
{
	uint64_t arc = 0;
	uint8_t octet;

	if (reader_peek(r) == 0x80) {
		reader_fail(r);
	}
	do {
		octet = reader_u8(r);
		if (arc > UINT64_MAX >> 7) {
			reader_fail(r);
		}
		arc = arc << 7 | (octet & 0x7f);
	} while ((octet & 0x80) != 0);
	return arc;
}

bool der_write_oid(struct span oid, struct writer *w)
{
	struct reader r = reader_over(oid);
	size_t mark = writer_used(w);
	bool was_ok = writer_ok(w);
	uint64_t first = take_arc(&r); /* the first two arcs in one */
	uint64_t root = first < 80 ? first / 40 : 2;

	writer_decimal(w, root);
	writer_u8(w, '.');
	writer_decimal(w, first - root * 40);
	while (reader_left(&r) > 0) {
		writer_u8(w, '.');
		writer_decimal(w, take_arc(&r));
	}
	if (!reader_ok(&r) && was_ok) {
		writer_rewind(w, mark);
	}
	return reader_ok(&r);
}
