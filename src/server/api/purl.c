/* purl.c - scheme:type/namespace/name@version?qualifiers, each part percent-encoded. */
#include "server/api/purl.h"

#include "schema/schema.h"
#include "server/api/held_rows.h"

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* A slash in a name separates parts of the namespace, and stays. */
static void encode(struct span text, bool has_slashes, struct writer *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (is_plain(c) || (has_slashes && c == '/') || c == ':') {
			writer_u8(out, c);
		} else {
			writer_u8(out, '%');
			writer_u8(out, (uint8_t)digits[c >> 4]);
			writer_u8(out, (uint8_t)digits[c & 15]);
		}
	}
}

static void qualify(const char *name, struct span value, bool *is_first, struct writer *out)
{
	if (value.len > 0) {
		writer_text(out, *is_first ? "?" : "&");
		writer_text(out, name);
		writer_text(out, "=");
		encode(value, false, out);
		*is_first = false;
	}
}

/* An rpm's epoch is a qualifier. */
static struct span take_epoch(struct span *version)
{
	size_t colon = span_find(*version, ':');
	struct span epoch = span_first(*version, colon);

	if (colon == version->len) {
		return span_of(NULL);
	}
	*version = span_after(*version, colon + 1);
	return epoch;
}

void purl_of_package(const struct row *package, struct span os_id, struct span os_version,
		     struct writer *out)
{
	struct span manager = held_text(package, PACKAGES_MANAGER);
	struct span version = held_text(package, PACKAGES_VERSION);
	struct span epoch = { NULL, 0 };
	const char *type = span_is(manager, "dpkg")  ? "deb"
			   : span_is(manager, "rpm") ? "rpm"
			   : span_is(manager, "apk") ? "apk"
						     : NULL;
	bool is_first = true;

	if (type == NULL) {
		return;
	}
	if (span_is(manager, "rpm")) {
		epoch = take_epoch(&version);
	}
	writer_text(out, "pkg:");
	writer_text(out, type);
	writer_text(out, "/");
	if (os_id.len > 0) {
		encode(os_id, false, out);
		writer_text(out, "/");
	}
	encode(held_text(package, PACKAGES_NAME), false, out);
	writer_text(out, "@");
	encode(version, false, out);
	qualify("arch", held_text(package, PACKAGES_ARCHITECTURE), &is_first, out);
	if (os_id.len > 0 && os_version.len > 0) {
		writer_text(out, is_first ? "?distro=" : "&distro=");
		encode(os_id, false, out);
		writer_text(out, "-");
		encode(os_version, false, out);
		is_first = false;
	}
	qualify("epoch", epoch, &is_first, out);
}

/* PyPI's names are compared without regard to case, - and _. */
static void encode_pypi(struct span name, struct writer *out)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		c = c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c == '_' ? '-' : c;
		encode((struct span){ &c, 1 }, false, out);
	}
}

void purl_of_language(const struct row *package, struct writer *out)
{
	static const char *const types[][2] = {
		{ "npm", "npm" },     { "pypi", "pypi" },         { "go", "golang" },
		{ "cargo", "cargo" }, { "rubygems", "gem" },      { "maven", "maven" },
		{ "nuget", "nuget" }, { "composer", "composer" }, { "packagist", "composer" }
	};
	struct span ecosystem = held_text(package, LANGUAGE_PACKAGES_ECOSYSTEM);
	const char *type = NULL;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		type = span_is(ecosystem, types[i][0]) ? types[i][1] : type;
	}
	if (type == NULL) {
		return;
	}
	writer_text(out, "pkg:");
	writer_text(out, type);
	writer_text(out, "/");
	if (span_is(ecosystem, "pypi")) {
		encode_pypi(held_text(package, LANGUAGE_PACKAGES_NAME), out);
	} else {
		encode(held_text(package, LANGUAGE_PACKAGES_NAME), true, out);
	}
	writer_text(out, "@");
	encode(held_text(package, LANGUAGE_PACKAGES_VERSION), false, out);
}
