/* ascii.c - case. */
#include "formats/ascii.h"

uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool ascii_same(struct span text, const char *wanted)
{
	struct span other = span_of(wanted);

	if (text.len != other.len) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (ascii_lower(text.ptr[i]) != ascii_lower(other.ptr[i])) {
			return false;
		}
	}
	return true;
}
