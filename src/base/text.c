/* text.c - conversions with no locale and no allocation. */
#include "base/text.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

static int parse_digits(struct span digits, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (digits.len == 0) {
		return ERR_MALFORMED;
	}
	for (size_t i = 0; i < digits.len; i++) {
		unsigned digit = (unsigned)digits.ptr[i] - '0';

		if (digit >= base) {
			return ERR_MALFORMED;
		}
		if (value > (UINT64_MAX - digit) / base) {
			return ERR_LIMIT;
		}
		value = value * base + digit;
	}
	if (value > max) {
		return ERR_LIMIT;
	}
	*out = value;
	return 0;
}

int text_to_u64(struct span digits, uint64_t max, uint64_t *out)
{
	return parse_digits(digits, 10, max, out);
}

int text_to_octal(struct span digits, uint64_t max, uint64_t *out)
{
	return parse_digits(digits, 8, max, out);
}

int text_to_i64(struct span digits, int64_t *out)
{
	bool is_negative = digits.len > 0 && digits.ptr[0] == '-';
	uint64_t magnitude;
	uint64_t max = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	int error = parse_digits(is_negative ? span_after(digits, 1) : digits, 10, max, &magnitude);

	if (error != 0) {
		return error;
	}
	*out = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return 0;
}

void text_to_hex(struct span bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		out[2 * i] = digits[bytes.ptr[i] >> 4];
		out[2 * i + 1] = digits[bytes.ptr[i] & 15];
	}
	out[2 * bytes.len] = '\0';
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

int text_from_hex(struct span hex, uint8_t *out, size_t out_len)
{
	if (hex.len != 2 * out_len) {
		return ERR_MALFORMED;
	}
	for (size_t i = 0; i < hex.len; i++) {
		if (hex_digit(hex.ptr[i]) < 0) {
			return ERR_MALFORMED;
		}
	}
	for (size_t i = 0; i < out_len; i++) {
		out[i] = (uint8_t)(hex_digit(hex.ptr[2 * i]) << 4 | hex_digit(hex.ptr[2 * i + 1]));
	}
	return 0;
}

/* The length of the well-formed character at the start, 0 where there is none
 * (RFC 3629 section 4). */
static size_t character_length(struct span s)
{
	uint8_t lead = s.len > 0 ? s.ptr[0] : 0xff;
	uint8_t low = 0x80;
	uint8_t high = 0xbf;
	size_t length;

	if (lead < 0x80) {
		return 1;
	}
	if (lead >= 0xc2 && lead <= 0xdf) {
		length = 2;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		length = 3;
		low = lead == 0xe0 ? 0xa0 : low;
		high = lead == 0xed ? 0x9f : high;
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		length = 4;
		low = lead == 0xf0 ? 0x90 : low;
		high = lead == 0xf4 ? 0x8f : high;
	} else {
		return 0;
	}
	if (s.len < length || s.ptr[1] < low || s.ptr[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < length; i++) {
		if ((s.ptr[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return length;
}

bool text_is_utf8(struct span bytes)
{
	while (bytes.len > 0) {
		size_t length = character_length(bytes);

		if (length == 0) {
			return false;
		}
		bytes = span_after(bytes, length);
	}
	return true;
}

static bool is_plain(uint8_t c)
{
	return c > 0 && c < 0x80;
}

size_t text_plain_length(struct span bytes)
{
	size_t i = 0;

	for (; bytes.len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t word;

		mem_copy(&word, bytes.ptr + i, sizeof word);
		/* a byte of 0 borrows its highest bit; a borrow beyond only ends the run early */
		if (((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) != 0) {
			break;
		}
	}
	while (i < bytes.len && is_plain(bytes.ptr[i])) {
		i++;
	}
	return i;
}

void text_write_utf8(struct writer *w, struct span bytes, size_t max_bytes)
{
	static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };
	struct reader r = reader_over(bytes);
	size_t written = 0;

	while (reader_left(&r) > 0) {
		size_t plain = text_plain_length(span_first(r.rest, max_bytes - written));
		size_t length = plain > 0 ? plain : character_length(r.rest);
		struct span piece = reader_bytes(&r, length > 0 ? length : 1);

		if (length == 0 || piece.ptr[0] == 0) {
			piece = (struct span){ replacement, sizeof replacement };
		}
		if (piece.len > max_bytes - written) {
			return;
		}
		writer_bytes(w, piece);
		written += piece.len;
	}
}

void text_write_escaped(struct writer *w, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	struct reader r = reader_over(bytes);

	while (reader_left(&r) > 0) {
		size_t length = character_length(r.rest);
		struct span piece = reader_bytes(&r, length > 0 ? length : 1);
		/* C0, DEL, and C1, which in UTF-8 is C2 80 to C2 9F */
		bool is_control = length == 0 || piece.ptr[0] < 0x20 || piece.ptr[0] == 0x7f ||
				  (length == 2 && piece.ptr[0] == 0xc2 && piece.ptr[1] < 0xa0);

		if (!is_control) {
			writer_bytes(w, piece);
			continue;
		}
		for (size_t i = 0; i < piece.len; i++) {
			writer_text(w, "\\x");
			writer_u8(w, (uint8_t)digits[piece.ptr[i] >> 4]);
			writer_u8(w, (uint8_t)digits[piece.ptr[i] & 15]);
		}
	}
}

bool text_has_word(struct span list, struct span word)
{
	while (list.len > 0) {
		size_t end = span_find(list, ' ');

		if (span_equal(span_first(list, end), word)) {
			return true;
		}
		list = span_after(list, end < list.len ? end + 1 : end);
	}
	return false;
}

void text_write_field(struct writer *w, const char *text)
{
	struct span bytes = span_of(text);

	writer_be16(w, (uint16_t)bytes.len);
	writer_bytes(w, bytes);
}

void text_read_field(struct reader *r, char *out, size_t size)
{
	struct span text = reader_bytes(r, reader_be16(r));

	if (text.len >= size) {
		reader_fail(r);
		text.len = 0;
	}
	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
}
