/*
 * oui.c - "28-6F-B9   (hex)		Nokia" of IEEE, "286FB9 Nokia" and "8C1F64123 Somebody" of
 * nmap.
 *
 * Blocks of 28 and 36 bits are in IEEE's lists as two lines: the 24 bits that they share, and
 * "700000-7FFFFF     (base 16)		Somebody".
 */
#include "formats/oui.h"

#define DIGITS_MAX 12u

static unsigned hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return (unsigned)(c - '0');
	}
	c |= 0x20; /* to lower case */
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Digits up to the first blank, hyphens and colons between them passed over; how many there were,
 * 0 where something else was among them. */
static unsigned take_digits(struct reader *r, uint64_t *out)
{
	unsigned count = 0;
	uint64_t value = 0;

	while (reader_left(r) > 0 && reader_peek(r) != ' ' && reader_peek(r) != '\t') {
		uint8_t c = reader_u8(r);
		unsigned digit = hex_value(c);

		if (digit < 16 && count < DIGITS_MAX) {
			value = value << 4 | digit;
			count++;
		} else if (c != '-' && c != ':') {
			return 0;
		}
	}
	*out = value;
	return count;
}

static struct span name_of(struct span rest)
{
	return span_first(span_trim(rest), OUI_NAME_MAX);
}

/* "(hex)" or "(base 16)" is behind the digits of IEEE's lists. */
static bool take_mark(struct span *rest, const char *mark)
{
	struct span text = span_trim(*rest);
	size_t len = span_of(mark).len;

	if (!span_starts_with(text, mark)) {
		return false;
	}
	*rest = span_after(text, len);
	return true;
}

/* "700000-7FFFFF     (base 16)": the part of a block of 24 bits that the line before named. */
static bool take_range(uint64_t digits, uint64_t *shared, struct oui *out)
{
	uint64_t first = digits >> 24;
	uint64_t last = digits & 0xffffff;
	uint64_t size = last - first + 1;

	if (last < first || *shared == UINT64_MAX || (size != 0x100000 && size != 0x1000) ||
	    first % size != 0) {
		return false;
	}
	out->bits = size == 0x100000 ? 28 : 36;
	out->prefix = *shared << 24 | first;
	return true;
}

static bool parse_line(struct span line, uint64_t *shared, struct oui *out)
{
	struct reader r = reader_over(line);
	uint64_t digits = 0;
	unsigned count = take_digits(&r, &digits);
	struct span rest = r.rest;

	if (count == 6 && take_mark(&rest, "(hex)")) {
		*shared = digits;
		*out = (struct oui){ digits << 24, 24, name_of(rest) };
	} else if (count == 12 && take_mark(&rest, "(base 16)")) {
		out->name = name_of(rest);
		return take_range(digits, shared, out) && out->name.len > 0;
	} else if ((count == 6 || count == 7 || count == 9) &&
		   !span_starts_with(span_trim(rest), "(")) {
		*out = (struct oui){ digits << (48 - 4 * count), 4 * count, name_of(rest) };
	} else {
		return false;
	}
	return out->name.len > 0;
}

bool oui_next(struct reader *text, struct oui *out)
{
	uint64_t shared = UINT64_MAX;

	while (reader_left(text) > 0) {
		struct span line = reader_line(text);
		struct reader next = *text;
		struct oui made;
		struct oui part;

		if (!parse_line(line, &shared, &made)) {
			continue;
		}
		/* where a part of the block follows, it is what is meant */
		if (made.bits == 24 && shared != UINT64_MAX && reader_left(&next) > 0 &&
		    parse_line(reader_line(&next), &shared, &part) && part.bits > 24) {
			*text = next;
			made = part;
		}
		*out = made;
		return true;
	}
	return false;
}
