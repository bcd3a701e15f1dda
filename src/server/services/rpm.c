/*
 * rpm.c - Red Hat's packages: advisories name the source package and the version with which it is
 * fixed, one for each module stream and minor release that is maintained.
 */
#include "base/reader.h"
#include "formats/versions/versions.h"
#include "server/services/subject.h"

/* Whose builds of modules bear the numbers that advisories say. */
#define BUILDER "Red Hat, Inc."

/* Without "N:". */
static struct span without_epoch(struct span version)
{
	size_t colon = span_find(version, ':');

	return colon < version.len ? span_after(version, colon + 1) : version;
}

/* A source package's file name has no epoch; the binary of the same version and release has the
 * source's own. Of a binary with another version nothing says the epoch: it is taken as it is. */
static bool with_epoch(struct subject *s, struct span source_version, struct span version)
{
	struct writer w = writer_over(s->version_room, sizeof s->version_room);
	size_t colon = span_find(version, ':');

	if (colon >= version.len || span_find(source_version, ':') < source_version.len) {
		return false;
	}
	if (!span_equal(without_epoch(version), source_version)) {
		return false;
	}
	writer_bytes(&w, span_first(version, colon + 1));
	writer_bytes(&w, source_version);
	s->version = writer_span(&w);
	return writer_ok(&w);
}

/* The epoch of the source is not known where the binary's version is another: neither's counts. */
static int compare_without_epoch(struct span a, struct span b)
{
	return version_rpm_compare(without_epoch(a), without_epoch(b));
}

/* "20.16.0-1" of "20.16.0-1.module+el9.4.0+22197+9e60f127": what a rebuild has in common with what
 * it was built from. */
static struct span without_build(struct span version)
{
	long at = subject_find_last(version, ".module");

	return at < 0 ? version : span_first(version, (size_t)at);
}

static int compare_rebuilt(struct span a, struct span b)
{
	return version_rpm_compare(without_build(a), without_build(b));
}

static int compare_rebuilt_without_epoch(struct span a, struct span b)
{
	return compare_without_epoch(without_build(a), without_build(b));
}

/* Red Hat's documents say "nodejs:18/nodejs" of what is in a module's stream. False where that is
 * too long. */
static bool take_module(struct subject *s, struct span module, struct span vendor)
{
	struct writer w = writer_over(s->package_room, sizeof s->package_room);

	writer_bytes(&w, module);
	writer_text(&w, "/");
	writer_bytes(&w, s->package);
	s->package = writer_span(&w);
	s->rule = "rpm-module";
	if (!span_is(vendor, BUILDER)) {
		s->compare = s->compare == version_rpm_compare ? compare_rebuilt
							       : compare_rebuilt_without_epoch;
		s->rule = "rpm-module-rebuilt";
	}
	return writer_ok(&w);
}

bool subject_of_rpm(const struct row *package, struct span stream, struct subject *out)
{
	struct span version = subject_text(package, PACKAGES_VERSION);
	struct span source = subject_text(package, PACKAGES_SOURCE);
	struct span source_version = subject_text(package, PACKAGES_SOURCE_VERSION);

	*out = (struct subject){ .stream = stream,
				 .compare = version_rpm_compare,
				 .is_valid = version_rpm_is_valid,
				 .has_lines = true };
	out->package = source.len > 0 ? source : subject_text(package, PACKAGES_NAME);
	out->version = source_version.len > 0 ? source_version : version;
	out->rule = source.len > 0 ? "source" : "binary";
	if (with_epoch(out, source_version, version)) {
		out->rule = "rpm-epoch";
	} else if (source_version.len > 0 && !span_equal(without_epoch(version), source_version)) {
		out->compare = compare_without_epoch;
		out->rule = "rpm-no-epoch";
	}
	if (subject_text(package, PACKAGES_MODULE).len > 0 &&
	    !take_module(out, subject_text(package, PACKAGES_MODULE),
			 subject_text(package, PACKAGES_VENDOR))) {
		return false;
	}
	return out->package.len > 0 && out->version.len > 0;
}

/* ".el9_2" of "5.14.0-284.52.1.el9_2": the minor release that it was built for. */
static struct span minor_of(struct span version)
{
	long at = subject_find_last(version, ".el");
	struct span tag = at < 0 ? span_of(NULL) : span_after(version, (size_t)at + 1);

	return span_first(tag, span_find(tag, '.'));
}

/* How many dotted parts of the upstream version are the same from the left. */
static int same_parts(struct span a, struct span b)
{
	struct reader ra = reader_over(span_first(a, span_find(a, '-')));
	struct reader rb = reader_over(span_first(b, span_find(b, '-')));
	int same = 0;

	while (reader_left(&ra) > 0 && reader_left(&rb) > 0 && same < 8 &&
	       span_equal(reader_until(&ra, '.'), reader_until(&rb, '.'))) {
		same++;
	}
	return same;
}

int subject_rpm_nearness(struct span installed, struct span fixed)
{
	struct span a = without_epoch(installed);
	struct span b = without_epoch(fixed);
	bool is_module = subject_find_last(a, ".module") >= 0;
	struct span minor = minor_of(a);

	if (span_find(b, '-') < b.len && is_module != (subject_find_last(b, ".module") >= 0)) {
		return -1;
	}
	return 2 * same_parts(a, b) + (minor.len > 0 && span_equal(minor, minor_of(b)) ? 1 : 0);
}
