/* dpkg.c - what the inventory wants of a stanza of dpkg's status database. */
#include "formats/dpkg.h"

#include "base/text.h"
#include "formats/split.h"

struct dpkg_iterator dpkg_over(struct span file)
{
	return (struct dpkg_iterator){ .stanzas = deb822_stanzas_over(file) };
}

/* "install ok installed": what is wanted, an error flag, and how it is. */
static struct span third_word(struct span status)
{
	struct reader r = reader_over(status);
	struct span word = { NULL, 0 };

	for (int i = 0; i < 3; i++) {
		if (!split_word(&r, &word)) {
			return (struct span){ NULL, 0 };
		}
	}
	return word;
}

/* "name" or "name (version)" (Debian policy 5.6.1). */
static void take_source(struct span value, struct dpkg_package *out)
{
	size_t open = span_find(value, '(');
	struct span version = span_after(value, open + 1);

	out->source = span_trim(span_first(value, open));
	out->source_version = span_trim(span_first(version, span_find(version, ')')));
}

static bool take_size(struct span value, struct dpkg_package *out)
{
	uint64_t kib;

	if (text_to_u64(value, DPKG_SIZE_KIB_MAX, &kib) != 0) {
		return false;
	}
	out->size_bytes = kib * 1024;
	out->has_size = true;
	return true;
}

static bool take_field(const struct deb822_field *field, struct dpkg_package *out)
{
	if (deb822_field_is(field, "Package")) {
		out->name = field->value;
	} else if (deb822_field_is(field, "Version")) {
		out->version = field->value;
	} else if (deb822_field_is(field, "Architecture")) {
		out->architecture = field->value;
	} else if (deb822_field_is(field, "Status")) {
		out->status = third_word(field->value);
	} else if (deb822_field_is(field, "Source")) {
		take_source(field->value, out);
	} else if (deb822_field_is(field, "Section")) {
		out->section = field->value;
	} else if (deb822_field_is(field, "Maintainer")) {
		out->maintainer = field->value;
	} else if (deb822_field_is(field, "Installed-Size")) {
		return take_size(field->value, out);
	}
	return true;
}

static bool parse(struct span stanza, struct dpkg_package *out)
{
	struct deb822_fields fields = deb822_fields_over(stanza);
	struct deb822_field field;

	*out = (struct dpkg_package){ .status = span_of("installed") };
	while (deb822_fields_next(&fields, &field)) {
		if (!take_field(&field, out)) {
			return false;
		}
	}
	if (out->source.len == 0) {
		out->source = out->name;
	}
	if (out->source_version.len == 0) {
		out->source_version = out->version;
	}
	/* what was never installed has no version */
	return out->name.len > 0 && out->status.len > 0 &&
	       (out->version.len > 0 || span_is(out->status, "not-installed"));
}

bool dpkg_next(struct dpkg_iterator *it, struct dpkg_package *out)
{
	struct span stanza;

	while (deb822_stanzas_next(&it->stanzas, &stanza)) {
		struct dpkg_package package;

		if (!parse(stanza, &package)) {
			it->malformed++;
		} else if (!span_is(package.status, "not-installed")) {
			*out = package;
			return true;
		}
	}
	return false;
}
