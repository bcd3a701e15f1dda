/*
 * cbor.c - RFC 8949: a head byte of major type (3 bits) and additional information (5 bits),
 * an argument of 0, 1, 2, 4 or 8 bytes, and what belongs to it.
 */
#include "wire/cbor.h"

#include "base/error.h"
#include "base/text.h"

enum {
	MAJOR_UINT = 0,
	MAJOR_NEGATIVE = 1,
	MAJOR_BYTES = 2,
	MAJOR_TEXT = 3,
	MAJOR_ARRAY = 4,
	MAJOR_MAP = 5,
	MAJOR_TAG = 6,
	MAJOR_SIMPLE = 7,
};

enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

struct head {
	unsigned major;
	unsigned info;
	uint64_t argument;
};

struct cbor_reader cbor_over(struct span bytes)
{
	return (struct cbor_reader){ .bytes = reader_over(bytes), .error = 0 };
}

void cbor_fail(struct cbor_reader *r, int error)
{
	if (r->error == 0) {
		r->error = error;
	}
	reader_fail(&r->bytes);
}

int cbor_error(const struct cbor_reader *r)
{
	return r->error;
}

int cbor_done(const struct cbor_reader *r)
{
	if (r->error != 0) {
		return r->error;
	}
	return reader_done(&r->bytes) ? 0 : ERR_MALFORMED;
}

/* Section 3: the argument, and 4.2.1: in its shortest form. */
static uint64_t take_argument(struct cbor_reader *r, unsigned info)
{
	uint64_t value;

	switch (info) {
	case 24:
		value = reader_u8(&r->bytes);
		if (value < 24) {
			cbor_fail(r, ERR_MALFORMED);
		}
		return value;
	case 25:
		value = reader_be16(&r->bytes);
		if (value <= UINT8_MAX) {
			cbor_fail(r, ERR_MALFORMED);
		}
		return value;
	case 26:
		value = reader_be32(&r->bytes);
		if (value <= UINT16_MAX) {
			cbor_fail(r, ERR_MALFORMED);
		}
		return value;
	case 27:
		value = reader_be64(&r->bytes);
		if (value <= UINT32_MAX) {
			cbor_fail(r, ERR_MALFORMED);
		}
		return value;
	default:
		return info;
	}
}

/* Sets the error where the head byte is none of the subset. */
static void judge(struct cbor_reader *r, unsigned major, unsigned info)
{
	if (info >= 28 && info <= 30) {
		cbor_fail(r, ERR_MALFORMED); /* reserved: not well-formed */
	} else if (major == MAJOR_SIMPLE) {
		if (info < SIMPLE_FALSE || info > SIMPLE_NULL) {
			cbor_fail(r, ERR_UNSUPPORTED);
		}
	} else if (major == MAJOR_TAG || info == 31) {
		cbor_fail(r, ERR_UNSUPPORTED);
	}
}

static struct head take_head(struct cbor_reader *r)
{
	struct head h = { 0 };
	uint8_t first = reader_u8(&r->bytes);

	h.major = first >> 5;
	h.info = first & 31;
	if (!reader_ok(&r->bytes)) {
		cbor_fail(r, ERR_MALFORMED);
		return h;
	}
	judge(r, h.major, h.info);
	if (r->error == 0 && h.major != MAJOR_SIMPLE) {
		h.argument = take_argument(r, h.info);
	}
	if (!reader_ok(&r->bytes)) {
		cbor_fail(r, ERR_MALFORMED);
	}
	return h;
}

static uint64_t take(struct cbor_reader *r, unsigned major)
{
	struct head h;

	if (r->error != 0) {
		return 0;
	}
	h = take_head(r);
	if (r->error == 0 && h.major != major) {
		cbor_fail(r, ERR_MALFORMED);
	}
	return r->error == 0 ? h.argument : 0;
}

enum cbor_kind cbor_peek(struct cbor_reader *r)
{
	uint8_t first = reader_peek(&r->bytes);
	unsigned major = first >> 5;

	if (r->error != 0 || reader_left(&r->bytes) == 0) {
		return CBOR_END;
	}
	judge(r, major, first & 31);
	if (r->error != 0) {
		return CBOR_END;
	}
	if (major == MAJOR_SIMPLE) {
		return (first & 31) == SIMPLE_NULL ? CBOR_NULL : CBOR_BOOL;
	}
	return (enum cbor_kind)major;
}

uint64_t cbor_uint(struct cbor_reader *r)
{
	return take(r, MAJOR_UINT);
}

int64_t cbor_int(struct cbor_reader *r)
{
	bool is_negative = cbor_peek(r) == CBOR_NEGATIVE;
	uint64_t value = take(r, is_negative ? MAJOR_NEGATIVE : MAJOR_UINT);

	if (value > INT64_MAX) {
		cbor_fail(r, ERR_LIMIT);
		return 0;
	}
	return is_negative ? -1 - (int64_t)value : (int64_t)value;
}

bool cbor_bool(struct cbor_reader *r)
{
	struct head h;

	if (r->error != 0) {
		return false;
	}
	h = take_head(r);
	if (r->error == 0 && (h.major != MAJOR_SIMPLE || h.info == SIMPLE_NULL)) {
		cbor_fail(r, ERR_MALFORMED);
	}
	return r->error == 0 && h.info == SIMPLE_TRUE;
}

static struct span take_string(struct cbor_reader *r, unsigned major)
{
	uint64_t len = take(r, major);
	struct span bytes;

	if (len > reader_left(&r->bytes)) {
		cbor_fail(r, ERR_MALFORMED);
		return (struct span){ NULL, 0 };
	}
	bytes = reader_bytes(&r->bytes, (size_t)len);
	if (major == MAJOR_TEXT && !text_is_utf8(bytes)) {
		cbor_fail(r, ERR_MALFORMED);
		return (struct span){ NULL, 0 };
	}
	return bytes;
}

struct span cbor_bytes(struct cbor_reader *r)
{
	return take_string(r, MAJOR_BYTES);
}

struct span cbor_text(struct cbor_reader *r)
{
	return take_string(r, MAJOR_TEXT);
}

static size_t take_count(struct cbor_reader *r, unsigned major, size_t bytes_each)
{
	uint64_t count = take(r, major);

	if (count > reader_left(&r->bytes) / bytes_each) {
		cbor_fail(r, ERR_MALFORMED); /* an item is a byte at the least */
		return 0;
	}
	return (size_t)count;
}

size_t cbor_array(struct cbor_reader *r)
{
	return take_count(r, MAJOR_ARRAY, 1);
}

size_t cbor_map(struct cbor_reader *r)
{
	return take_count(r, MAJOR_MAP, 2);
}

bool cbor_take_null(struct cbor_reader *r)
{
	if (cbor_peek(r) != CBOR_NULL) {
		return false;
	}
	(void)reader_u8(&r->bytes);
	return true;
}

/* Takes one item's head and, of a string, its bytes; returns how many items follow within it. */
static uint64_t skip_one(struct cbor_reader *r)
{
	switch (cbor_peek(r)) {
	case CBOR_BYTES:
		(void)cbor_bytes(r);
		return 0;
	case CBOR_TEXT:
		(void)cbor_text(r);
		return 0;
	case CBOR_ARRAY:
		return cbor_array(r);
	case CBOR_MAP:
		return 2 * (uint64_t)cbor_map(r);
	case CBOR_END:
		cbor_fail(r, ERR_MALFORMED);
		return 0;
	default:
		(void)take_head(r);
		return 0;
	}
}

struct span cbor_item(struct cbor_reader *r)
{
	struct span start = r->bytes.rest;
	uint64_t left[CBOR_DEPTH_MAX + 1] = { 1 };
	unsigned depth = 0;

	while (r->error == 0) {
		uint64_t inside;

		while (depth > 0 && left[depth] == 0) {
			depth--;
		}
		if (left[depth] == 0) {
			return span_first(start, start.len - reader_left(&r->bytes));
		}
		left[depth]--;
		inside = skip_one(r);
		if (inside > 0) {
			if (depth == CBOR_DEPTH_MAX) {
				cbor_fail(r, ERR_LIMIT);
				break;
			}
			left[++depth] = inside;
		}
	}
	return (struct span){ NULL, 0 };
}

static void write_head(struct writer *w, unsigned major, uint64_t argument)
{
	uint8_t first = (uint8_t)(major << 5);

	if (argument < 24) {
		writer_u8(w, (uint8_t)(first | argument));
	} else if (argument <= UINT8_MAX) {
		writer_u8(w, first | 24);
		writer_u8(w, (uint8_t)argument);
	} else if (argument <= UINT16_MAX) {
		writer_u8(w, first | 25);
		writer_be16(w, (uint16_t)argument);
	} else if (argument <= UINT32_MAX) {
		writer_u8(w, first | 26);
		writer_be32(w, (uint32_t)argument);
	} else {
		writer_u8(w, first | 27);
		writer_be64(w, argument);
	}
}

void cbor_write_uint(struct writer *w, uint64_t value)
{
	write_head(w, MAJOR_UINT, value);
}

void cbor_write_int(struct writer *w, int64_t value)
{
	if (value < 0) {
		write_head(w, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
	} else {
		write_head(w, MAJOR_UINT, (uint64_t)value);
	}
}

void cbor_write_bool(struct writer *w, bool value)
{
	writer_u8(w, (uint8_t)(MAJOR_SIMPLE << 5 | (value ? SIMPLE_TRUE : SIMPLE_FALSE)));
}

void cbor_write_null(struct writer *w)
{
	writer_u8(w, MAJOR_SIMPLE << 5 | SIMPLE_NULL);
}

void cbor_write_bytes_head(struct writer *w, size_t len)
{
	write_head(w, MAJOR_BYTES, len);
}

void cbor_write_bytes(struct writer *w, struct span bytes)
{
	write_head(w, MAJOR_BYTES, bytes.len);
	writer_bytes(w, bytes);
}

void cbor_write_text(struct writer *w, struct span text)
{
	write_head(w, MAJOR_TEXT, text.len);
	writer_bytes(w, text);
}

void cbor_write_array(struct writer *w, size_t count)
{
	write_head(w, MAJOR_ARRAY, count);
}

void cbor_write_map(struct writer *w, size_t count)
{
	write_head(w, MAJOR_MAP, count);
}
