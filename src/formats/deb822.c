/* deb822.c - stanzas and fields. */
#include "formats/deb822.h"

#include "formats/ascii.h"
#include "formats/split.h"

struct deb822_stanzas deb822_stanzas_over(struct span file)
{
	return (struct deb822_stanzas){ .rest = reader_over(file) };
}

bool deb822_stanzas_next(struct deb822_stanzas *it, struct span *stanza)
{
	struct reader start = it->rest;
	size_t before;
	size_t after;

	/* blank lines in front */
	while (reader_left(&it->rest) > 0 && split_is_blank(reader_line(&it->rest))) {
		start = it->rest;
	}
	before = reader_left(&start);
	after = reader_left(&it->rest);
	while (reader_left(&it->rest) > 0 && !split_is_blank(reader_line(&it->rest))) {
		after = reader_left(&it->rest);
	}
	if (before == 0) {
		return false;
	}
	*stanza = reader_bytes(&start, before - after);
	return true;
}

struct deb822_fields deb822_fields_over(struct span stanza)
{
	return (struct deb822_fields){ .rest = reader_over(stanza) };
}

/* Passes over continuation lines, and over comments that stand between them. */
static void skip_continuation(struct reader *r)
{
	struct reader ahead = *r;

	while (reader_left(&ahead) > 0) {
		uint8_t first = reader_peek(&ahead);

		if (first != ' ' && first != '\t' && first != '#') {
			return;
		}
		(void)reader_line(&ahead);
		if (first != '#') {
			*r = ahead;
		}
	}
}

/* Printable ASCII without blanks and colons, not beginning with # or - (deb822(5)). */
static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= 0x20 || name.ptr[i] >= 0x7f) {
			return false;
		}
	}
	return name.len > 0 && name.ptr[0] != '-';
}

bool deb822_fields_next(struct deb822_fields *it, struct deb822_field *out)
{
	while (reader_left(&it->rest) > 0) {
		struct reader start = it->rest;
		struct span line = reader_line(&it->rest);
		size_t colon = span_find(line, ':');
		struct span name = span_trim(span_first(line, colon));
		struct span all;

		if (split_is_blank(line) || line.ptr[0] == '#') {
			continue;
		}
		if (colon == line.len || line.ptr[0] == ' ' || line.ptr[0] == '\t' ||
		    !is_name(name)) {
			it->malformed++;
			continue;
		}
		skip_continuation(&it->rest);
		all = reader_bytes(&start, reader_left(&start) - reader_left(&it->rest));
		out->name = name;
		out->value = span_trim(span_after(all, colon + 1));
		return true;
	}
	return false;
}

bool deb822_field_is(const struct deb822_field *field, const char *name)
{
	return ascii_same(field->name, name);
}

size_t deb822_whole(struct span bytes)
{
	struct reader r = reader_over(bytes);
	size_t whole = 0;
	bool has_stanza = false;

	while (reader_left(&r) > 0) {
		bool is_blank = split_is_blank(reader_line(&r));
		size_t consumed = bytes.len - reader_left(&r);

		has_stanza = has_stanza || !is_blank;
		/* without its LF, a line of blanks may yet go on */
		if (is_blank && has_stanza && bytes.ptr[consumed - 1] == '\n') {
			whole = consumed;
		}
	}
	return whole;
}
