/* scan.c - digits, letters and numbers. */
#include "formats/versions/scan.h"

#include "formats/ascii.h"

bool scan_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool scan_is_letter(uint8_t c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

bool scan_is_alnum(uint8_t c)
{
	return scan_is_digit(c) || scan_is_letter(c);
}

static struct span run(struct reader *r, bool (*belongs)(uint8_t c))
{
	struct reader ahead = *r;
	size_t len = 0;

	while (reader_left(&ahead) > 0 && belongs(reader_u8(&ahead))) {
		len++;
	}
	return reader_bytes(r, len);
}

struct span scan_digits(struct reader *r)
{
	return run(r, scan_is_digit);
}

struct span scan_letters(struct reader *r)
{
	return run(r, scan_is_letter);
}

static bool is_separator(uint8_t c)
{
	return !scan_is_alnum(c);
}

void scan_skip_separators(struct reader *r)
{
	(void)run(r, is_separator);
}

bool scan_take(struct reader *r, uint8_t c)
{
	if (reader_left(r) == 0 || reader_peek(r) != c) {
		return false;
	}
	(void)reader_u8(r);
	return true;
}

bool scan_take_word(struct reader *r, const char *word)
{
	struct reader ahead = *r;

	for (; *word != '\0'; word++) {
		if (reader_left(&ahead) == 0 || ascii_lower(reader_u8(&ahead)) != (uint8_t)*word) {
			return false;
		}
	}
	*r = ahead;
	return true;
}

bool scan_is_number(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!scan_is_digit(text.ptr[i])) {
			return false;
		}
	}
	return text.len > 0;
}

bool scan_is_made_of(struct span text, const char *others)
{
	struct span also = span_of(others);

	for (size_t i = 0; i < text.len; i++) {
		if (!scan_is_alnum(text.ptr[i]) && span_find(also, text.ptr[i]) == also.len) {
			return false;
		}
	}
	return text.len > 0;
}

size_t scan_find_last(struct span text, uint8_t byte)
{
	for (size_t i = text.len; i > 0; i--) {
		if (text.ptr[i - 1] == byte) {
			return i - 1;
		}
	}
	return text.len;
}

static struct span without_zeros(struct span digits)
{
	size_t zeros = 0;

	while (zeros < digits.len && digits.ptr[zeros] == '0') {
		zeros++;
	}
	return span_after(digits, zeros);
}

int scan_compare_numbers(struct span a, struct span b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (a.len != b.len) {
		return a.len < b.len ? -1 : 1;
	}
	return span_compare(a, b);
}

bool scan_is_zero(struct span digits)
{
	return without_zeros(digits).len == 0;
}

int scan_compare_folded(struct span a, struct span b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i])) {
			return ascii_lower(a.ptr[i]) < ascii_lower(b.ptr[i]) ? -1 : 1;
		}
	}
	return (a.len > b.len) - (a.len < b.len);
}

int scan_order(int a, int b)
{
	return (a > b) - (a < b);
}
