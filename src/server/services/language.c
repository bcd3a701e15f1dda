/*
 * language.c - packages of npm, PyPI, crates.io, Go and RubyGems, as OSV names and orders them.
 */
#include "formats/ascii.h"
#include "formats/versions/versions.h"
#include "server/services/subject.h"

static const struct {
	const char *ecosystem; /* of language_packages */
	const char *stream;
	int (*compare)(struct span a, struct span b);
	bool (*is_valid)(struct span version);
} ecosystems[] = {
	{ "npm", "npm", version_semver_compare, version_semver_is_valid },
	{ "pypi", "PyPI", version_pypi_compare, version_pypi_is_valid },
	{ "cargo", "crates.io", version_semver_compare, version_semver_is_valid },
	{ "go", "Go", version_go_compare, version_go_is_valid },
	{ "rubygems", "RubyGems", version_rubygems_compare, version_rubygems_is_valid },
};

/* Folders that only a distribution's packages write: its own feed, which knows of backported fixes,
 * speaks of what lies there. */
static const char *const distribution_folders[] = {
	"/usr/lib/python3/dist-packages/",
	"/usr/share/nodejs/",
	"/usr/share/rubygems-integration/",
	"/usr/share/gems/",
};

struct span vulnerability_stream_of(const struct row *language_package)
{
	struct span ecosystem = subject_text(language_package, LANGUAGE_PACKAGES_ECOSYSTEM);

	for (size_t i = 0; i < COUNT_OF(ecosystems); i++) {
		if (span_is(ecosystem, ecosystems[i].ecosystem)) {
			return span_of(ecosystems[i].stream);
		}
	}
	return span_of(NULL);
}

/* PEP 503: lower case, and runs of "-", "_" and "." are one "-". False where there is no room. */
static bool normal_name(struct span name, struct writer *w)
{
	bool is_run = false;

	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		bool is_separator = c == '-' || c == '_' || c == '.';

		if (!is_separator) {
			writer_u8(w, ascii_lower(c));
		} else if (!is_run) {
			writer_u8(w, '-');
		}
		is_run = is_separator;
	}
	return writer_ok(w);
}

/* "go1.22.1" is 1.22.1. */
static struct span without_go(struct span version)
{
	return span_starts_with(version, "go") ? span_after(version, 2) : version;
}

bool subject_of_language(const struct row *package, struct subject *out)
{
	struct writer w = writer_over(out->package_room, sizeof out->package_room);
	struct span path = subject_text(package, LANGUAGE_PACKAGES_PATH);

	*out = (struct subject){ .stream = vulnerability_stream_of(package),
				 .package = subject_text(package, LANGUAGE_PACKAGES_NAME),
				 .version = subject_text(package, LANGUAGE_PACKAGES_VERSION),
				 .rule = "ecosystem",
				 .is_of_ecosystem = true };
	for (size_t i = 0; i < COUNT_OF(ecosystems); i++) {
		if (span_is(out->stream, ecosystems[i].stream)) {
			out->compare = ecosystems[i].compare;
			out->is_valid = ecosystems[i].is_valid;
		}
	}
	if (span_is(out->stream, "PyPI")) {
		if (!normal_name(out->package, &w)) {
			return false;
		}
		out->rule = span_equal(out->package, writer_span(&w)) ? "ecosystem" : "pypi-name";
		out->package = writer_span(&w);
	} else if (span_is(out->stream, "Go")) {
		out->version = without_go(out->version);
	}
	for (size_t i = 0; i < COUNT_OF(distribution_folders); i++) {
		out->is_foreign |= span_starts_with(path, distribution_folders[i]);
	}
	return out->stream.len > 0 && out->package.len > 0 && out->version.len > 0;
}
