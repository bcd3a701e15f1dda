/* apt_packages.c - stanzas by their blank lines, fields only of those that are asked for. */
#include "formats/apt_packages.h"

#include <string.h>

#include "formats/deb822.h"

static const char first_field[] = "Package: ";

struct apt_packages_iterator apt_packages_over(struct span bytes)
{
	return (struct apt_packages_iterator){ .rest = reader_over(bytes) };
}

/* The length up to the first blank line, which is left to the caller; false where none comes. */
static bool find_blank_line(struct span bytes, size_t *out_len)
{
	const uint8_t *at = bytes.len > 0 ? memmem(bytes.ptr, bytes.len, "\n\n", 2) : NULL;

	if (at == NULL) {
		return false;
	}
	*out_len = (size_t)(at - bytes.ptr);
	return true;
}

bool apt_packages_next(struct apt_packages_iterator *it, struct apt_package *out)
{
	struct reader ahead;
	size_t len;

	for (;;) {
		while (reader_peek(&it->rest) == '\n') {
			(void)reader_u8(&it->rest);
		}
		ahead = it->rest;
		if (!find_blank_line(reader_rest(&ahead), &len)) {
			return false;
		}
		out->stanza = reader_bytes(&it->rest, len);
		if (span_starts_with(out->stanza, first_field)) {
			struct span line = span_after(out->stanza, sizeof first_field - 1);

			out->name = span_trim(span_first(line, span_find(line, '\n')));
			return true;
		}
	}
}

size_t apt_packages_left(const struct apt_packages_iterator *it)
{
	return reader_left(&it->rest);
}

bool apt_package_version(const struct apt_package *package, struct span *out_version,
			 struct span *out_architecture)
{
	struct deb822_fields fields = deb822_fields_over(package->stanza);
	struct span architecture = { NULL, 0 };
	struct span version = { NULL, 0 };
	struct deb822_field field;

	while ((version.len == 0 || architecture.len == 0) && deb822_fields_next(&fields, &field)) {
		if (deb822_field_is(&field, "Version")) {
			version = field.value;
		} else if (deb822_field_is(&field, "Architecture")) {
			architecture = field.value;
		}
	}
	if (version.len == 0 || architecture.len == 0) {
		return false;
	}
	*out_version = version;
	*out_architecture = architecture;
	return true;
}
