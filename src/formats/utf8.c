/* utf8.c - one lead byte, then six bits a byte. */
#include "formats/utf8.h"

#define REPLACEMENT 0xfffd

static uint8_t follower(uint32_t bits)
{
	return (uint8_t)(0x80 | (bits & 0x3f));
}

void utf8_write(struct writer *w, uint32_t character)
{
	uint32_t c = character;

	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		c = REPLACEMENT;
	}
	if (c < 0x80) {
		writer_u8(w, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		writer_u8(w, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			writer_u8(w, (uint8_t)(0xe0 | c >> 12));
		} else {
			writer_u8(w, (uint8_t)(0xf0 | c >> 18));
			writer_u8(w, follower(c >> 12));
		}
		writer_u8(w, follower(c >> 6));
	}
	writer_u8(w, follower(c));
}
