#include "fingerprints/cpe.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "formats/ascii.h"
#include "formats/cpe_name.h"

#include <stdio.h>

#define COMPONENTS     11 /* of a formatted string, after "cpe:2.3:" */
#define COMPONENTS_URI 7
#define NAME_MAX       64

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

/* %21: a byte; %01 and %02 stand for ? and * (section 6.1.2.1.2), which here nobody means. */
static uint8_t next_byte(struct reader *r)
{
	struct reader ahead = *r;
	uint8_t byte = 0;

	if (reader_peek(r) == '%') {
		(void)reader_u8(&ahead);
		if (text_from_hex(reader_bytes(&ahead, 2), &byte, 1) == 0 && byte > 2) {
			*r = ahead;
			return byte;
		}
	}
	return reader_u8(r);
}

/* A component: "" is any, "-" is not applicable; white space becomes "_". */
static int write_component(struct writer *out, struct span component)
{
	struct reader r = reader_over(span_trim(component));

	if (reader_left(&r) == 0) {
		writer_u8(out, '*');
		return 0;
	}
	while (reader_left(&r) > 0) {
		uint8_t c = ascii_lower(next_byte(&r));

		c = c == ' ' || c == '\t' ? '_' : c;
		if (c < ' ' || c >= 0x7f) {
			return ERR_MALFORMED; /* formatted strings are printable ASCII */
		}
		if (!is_plain(c)) {
			writer_u8(out, '\\');
		}
		writer_u8(out, c);
	}
	return 0;
}

static int write_all(struct span rest, struct writer *out)
{
	struct reader r = reader_over(rest);
	size_t count = 0;
	int error = 0;

	writer_text(out, "cpe:2.3");
	while (error == 0 && reader_left(&r) > 0) {
		struct span component = reader_until(&r, ':');

		if (count++ == 0 && !span_is(component, "a") && !span_is(component, "o") &&
		    !span_is(component, "h")) {
			return ERR_MALFORMED;
		}
		writer_u8(out, ':');
		error = write_component(out, component);
	}
	if (error != 0 || count < 3 || count > COMPONENTS_URI) {
		return ERR_MALFORMED;
	}
	for (; count < COMPONENTS; count++) {
		writer_text(out, ":*");
	}
	return 0;
}

int cpe_from_uri(struct span uri, struct writer *out)
{
	size_t mark = writer_used(out);
	struct cpe_name name;
	int error = ERR_MALFORMED;

	if (cpe_name_read(uri, &name) == 0) {
		writer_bytes(out, uri);
		error = 0;
	} else if (span_starts_with(uri, "cpe:/")) {
		error = write_all(span_after(uri, 5), out);
	}
	error = error == 0 && !writer_ok(out) ? ERR_FULL : error;
	if (error != 0) {
		writer_rewind(out, mark);
	}
	return error;
}

int cpe_of_match(const struct fingerprint_match *m, const char *of, struct writer *out)
{
	char name[NAME_MAX];
	struct span uri;

	if (snprintf(name, sizeof name, "%s.cpe23", of) >= (int)sizeof name) {
		return ERR_NOT_FOUND;
	}
	uri = fingerprint_param(m, name);
	return uri.len == 0 ? ERR_NOT_FOUND : cpe_from_uri(uri, out);
}
