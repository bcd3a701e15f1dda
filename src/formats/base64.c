/* base64.c - RFC 4648 section 4. */
#include "formats/base64.h"

#include "base/error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == '+') {
		return 62;
	}
	return c == '/' ? 63 : -1;
}

static bool is_whitespace(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Writes what the last, incomplete quantum holds. False where that cannot be. */
static bool finish(uint32_t bits, size_t characters, size_t padding, struct writer *w)
{
	size_t rest = characters % 4;

	if (padding > 0 && (rest + padding) % 4 != 0) {
		return false;
	}
	switch (rest) {
	case 0:
		return padding == 0;
	case 2:
		writer_u8(w, (uint8_t)(bits >> 4));
		return (bits & 0xf) == 0;
	case 3:
		writer_u8(w, (uint8_t)(bits >> 10));
		writer_u8(w, (uint8_t)(bits >> 2));
		return (bits & 0x3) == 0;
	default:
		return false;
	}
}

static bool decode(struct span text, enum base64_mode mode, struct writer *w)
{
	uint32_t bits = 0;
	size_t characters = 0;
	size_t padding = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		int value = value_of(c);

		if (mode == BASE64_WHITESPACE && is_whitespace(c)) {
			continue;
		}
		if (c == '=') {
			if (++padding > 2) {
				return false;
			}
			continue;
		}
		if (value < 0 || padding > 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)value;
		if (++characters % 4 == 0) {
			writer_u8(w, (uint8_t)(bits >> 16));
			writer_u8(w, (uint8_t)(bits >> 8));
			writer_u8(w, (uint8_t)bits);
		}
	}
	return finish(bits, characters, padding, w);
}

int base64_decode(struct span text, enum base64_mode mode, struct writer *w)
{
	size_t mark = writer_used(w);

	if (!writer_ok(w)) {
		return ERR_FULL;
	}
	if (!decode(text, mode, w)) {
		writer_rewind(w, mark);
		return ERR_MALFORMED;
	}
	if (!writer_ok(w)) {
		writer_rewind(w, mark);
		return ERR_FULL;
	}
	return 0;
}

void base64_encode(struct span bytes, struct writer *w)
{
	uint32_t bits = 0;
	unsigned held = 0; /* bits not yet written */

	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | bytes.ptr[i];
		for (held += 8; held >= 6; held -= 6) {
			writer_u8(w, (uint8_t)alphabet[bits >> (held - 6) & 0x3f]);
		}
	}
	if (held > 0) {
		writer_u8(w, (uint8_t)alphabet[bits << (6 - held) & 0x3f]);
	}
}

void base64_encode_padded(struct span bytes, struct writer *w)
{
	base64_encode(bytes, w);
	for (size_t i = bytes.len % 3; i > 0 && i < 3; i++) {
		writer_u8(w, '=');
	}
}
