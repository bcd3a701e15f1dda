/* apt_policy.c - the first record that names the package, else the first for all, else defaults. */
#include "formats/apt_policy.h"

#include <fnmatch.h>
#include <string.h>

#include "base/reader.h"
#include "base/text.h"
#include "formats/ascii.h"
#include "formats/deb822.h"
#include "formats/split.h"

#define PRIORITY_NOT_AUTOMATIC 1
#define PRIORITY_BUT_AUTOMATIC 100
#define PRIORITY_MAX           INT16_MAX
#define TEXT_MAX               256

static bool is_yes(struct span value)
{
	return ascii_same(value, "yes") || ascii_same(value, "true") || span_is(value, "1");
}

static void take_field(const struct deb822_field *field, struct apt_release *out)
{
	const struct {
		const char *name;
		struct span *value;
	} texts[] = { { "Origin", &out->origin },
		      { "Label", &out->label },
		      { "Suite", &out->suite },
		      { "Codename", &out->codename },
		      { "Version", &out->version } };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (deb822_field_is(field, texts[i].name)) {
			*texts[i].value = field->value;
		}
	}
	if (deb822_field_is(field, "NotAutomatic")) {
		out->is_not_automatic = is_yes(field->value);
	} else if (deb822_field_is(field, "ButAutomaticUpgrades")) {
		out->is_but_automatic_upgrade = is_yes(field->value);
	}
}

void apt_release_parse(struct span file, struct apt_release *out)
{
	struct deb822_stanzas stanzas = deb822_stanzas_over(file);
	struct deb822_fields fields;
	struct deb822_field field;
	struct span stanza;

	*out = (struct apt_release){ .is_not_automatic = false };
	/* the armor of a signed one (OpenPGP's clear text) is a stanza of its own */
	while (deb822_stanzas_next(&stanzas, &stanza) && out->suite.len == 0 &&
	       out->codename.len == 0) {
		fields = deb822_fields_over(stanza);
		while (deb822_fields_next(&fields, &field)) {
			take_field(&field, out);
		}
	}
}

bool apt_release_is_security(const struct apt_release *release)
{
	return span_ends_with(release->suite, "-security") ||
	       span_ends_with(release->codename, "-security") ||
	       span_ends_with(release->label, "-Security") ||
	       span_starts_with(release->label, "Debian-Security");
}

/* A NUL-terminated copy for fnmatch(3). False where it is too long, or has a NUL. */
static bool to_text(struct span bytes, char out[TEXT_MAX])
{
	if (bytes.len >= TEXT_MAX || span_find(bytes, '\0') < bytes.len) {
		return false;
	}
	if (bytes.len > 0) {
		memcpy(out, bytes.ptr, bytes.len);
	}
	out[bytes.len] = '\0';
	return true;
}

static bool is_match(struct span pattern, struct span text)
{
	char pattern_text[TEXT_MAX];
	char text_text[TEXT_MAX];

	return to_text(pattern, pattern_text) && to_text(text, text_text) &&
	       fnmatch(pattern_text, text_text, 0) == 0;
}

/* What an archive does not state matches nothing, not even "*". */
static bool is_stated(struct span pattern, struct span text)
{
	return text.len > 0 && is_match(pattern, text);
}

/* "a=stable", "o=Debian", ...; "stable" alone is suite, codename or version. */
static bool is_release_part(const struct apt_release *release, struct span part)
{
	size_t equals = span_find(part, '=');
	struct span value = span_trim(span_after(part, equals + 1));
	struct span key = span_trim(span_first(part, equals));

	if (equals == part.len) {
		return is_stated(part, release->suite) || is_stated(part, release->codename) ||
		       is_stated(part, release->version);
	}
	switch (key.len == 1 ? key.ptr[0] : 0) {
	case 'a':
		return is_stated(value, release->suite);
	case 'n':
		return is_stated(value, release->codename);
	case 'v':
		return is_stated(value, release->version);
	case 'o':
		return is_stated(value, release->origin);
	case 'l':
		return is_stated(value, release->label);
	case 'c':
		return is_stated(value, release->component);
	default:
		return false;
	}
}

static bool is_release(const struct apt_release *release, struct span parts)
{
	struct reader r = reader_over(parts);
	bool is_any = false;

	while (reader_left(&r) > 0) {
		if (!is_release_part(release, span_trim(reader_until(&r, ',')))) {
			return false;
		}
		is_any = true;
	}
	return is_any;
}

static struct span without_quotes(struct span text)
{
	return text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"'
		       ? span_first(span_after(text, 1), text.len - 2)
		       : text;
}

struct record {
	struct span packages;
	struct span pin;
	int priority;
};

static bool is_pinned(const struct record *record, const struct apt_release *release,
		      struct span version)
{
	struct reader r = reader_over(record->pin);
	struct span value;
	struct span kind;

	if (!split_word(&r, &kind)) {
		return false;
	}
	value = span_trim(reader_rest(&r));
	if (ascii_same(kind, "version")) {
		return is_match(value, version);
	}
	if (ascii_same(kind, "origin")) {
		return span_equal(without_quotes(value), release->host) ||
		       is_stated(without_quotes(value), release->host);
	}
	return ascii_same(kind, "release") && is_release(release, value);
}

static bool parse_record(struct span stanza, struct record *out)
{
	struct deb822_fields fields = deb822_fields_over(stanza);
	struct deb822_field field;
	bool has_priority = false;
	int64_t number;

	*out = (struct record){ .priority = 0 };
	while (deb822_fields_next(&fields, &field)) {
		if (deb822_field_is(&field, "Package")) {
			out->packages = field.value;
		} else if (deb822_field_is(&field, "Pin")) {
			out->pin = field.value;
		} else if (deb822_field_is(&field, "Pin-Priority") &&
			   text_to_i64(field.value, &number) == 0 && number >= -PRIORITY_MAX &&
			   number <= PRIORITY_MAX) {
			out->priority = (int)number;
			has_priority = true;
		}
	}
	return has_priority && out->packages.len > 0 && out->pin.len > 0;
}

static bool names_package(struct span packages, struct span package)
{
	struct reader lines = reader_over(packages);
	struct span word;

	while (reader_left(&lines) > 0) {
		struct reader line = reader_over(reader_line(&lines));

		while (split_word(&line, &word)) {
			if (word.ptr[0] != '/' && is_match(word, package)) {
				return true;
			}
		}
	}
	return false;
}

struct apt_priority apt_policy_priority(struct span preferences, const struct apt_release *release,
					struct span package, struct span version)
{
	struct deb822_stanzas stanzas = deb822_stanzas_over(preferences);
	struct apt_priority general = { .value = APT_PRIORITY_DEFAULT };
	struct record record;
	struct span stanza;
	bool has_general = false;

	if (release->is_not_automatic) {
		general.value = release->is_but_automatic_upgrade ? PRIORITY_BUT_AUTOMATIC
								  : PRIORITY_NOT_AUTOMATIC;
	}
	while (deb822_stanzas_next(&stanzas, &stanza)) {
		if (!parse_record(stanza, &record) || !is_pinned(&record, release, version)) {
			continue;
		}
		if (span_is(record.packages, "*")) {
			general.value = has_general ? general.value : record.priority;
			has_general = true;
		} else if (names_package(record.packages, package)) {
			return (struct apt_priority){ record.priority, true };
		}
	}
	return general;
}
