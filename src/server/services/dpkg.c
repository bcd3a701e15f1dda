/*
 * dpkg.c - Debian's and Ubuntu's packages: the tracker speaks of source packages and their
 * versions, so a binary is judged by what dpkg says of its source.
 */
#include "formats/versions/versions.h"
#include "server/services/subject.h"

static bool is_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9') {
			return false;
		}
	}
	return text.len > 0;
}

/* "1.2-3+b1" was built again of the source 1.2-3 (deb-version(7), Debian's wiki on binNMU). */
static struct span without_rebuild(struct span version, bool *is_rebuilt)
{
	long at = subject_find_last(version, "+b");

	if (at > 0 && is_digits(span_after(version, (size_t)at + 2))) {
		*is_rebuilt = true;
		return span_first(version, (size_t)at);
	}
	return version;
}

/* "linux-signed-amd64", "linux-signed-6.1-arm64" (Debian), "linux-signed-hwe-5.15" (Ubuntu): the
 * code is linux's, linux-6.1's, linux-hwe-5.15's, and the binary has its version. */
static bool signed_kernel(struct subject *s, struct span source, struct span version)
{
	static const char *const architectures[] = { "-amd64", "-arm64", "-i386" };
	static const char prefix[] = "linux-signed";
	struct writer w = writer_over(s->package_room, sizeof s->package_room);
	struct span rest = span_after(source, sizeof prefix - 1);

	if (!span_starts_with(source, prefix) || (rest.len > 0 && rest.ptr[0] != '-')) {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(architectures); i++) {
		if (span_ends_with(rest, architectures[i])) {
			rest = span_first(rest, rest.len - span_of(architectures[i]).len);
		}
	}
	writer_text(&w, "linux");
	writer_bytes(&w, rest);
	s->package = writer_span(&w);
	s->version = version;
	return writer_ok(&w);
}

/* "grub-efi-amd64-signed 1+2.06+13+deb12u1" is grub2 2.06-13+deb12u1 signed. */
static bool signed_grub(struct subject *s, struct span source, struct span version)
{
	struct writer w = writer_over(s->version_room, sizeof s->version_room);
	struct span rest = span_after(version, span_find(version, '+') + 1);
	size_t plus = span_find(rest, '+');

	if (!span_starts_with(source, "grub-efi-") || !span_ends_with(source, "-signed") ||
	    plus >= rest.len) {
		return false;
	}
	writer_bytes(&w, span_first(rest, plus));
	writer_text(&w, "-");
	writer_bytes(&w, span_after(rest, plus + 1));
	s->package = span_of("grub2");
	s->version = writer_span(&w);
	return writer_ok(&w);
}

/* "shim-signed 1.44~1+deb12u1+15.8-1~deb12u1", of the source version 1.44~1+deb12u1, is shim
 * 15.8-1~deb12u1 signed. */
static bool signed_shim(struct subject *s, struct span source, struct span source_version,
			struct span version)
{
	struct span rest = span_after(version, source_version.len + 1);

	if (!span_is(source, "shim-signed") || rest.len == 0 || source_version.len == 0 ||
	    !span_equal(span_first(version, source_version.len), source_version) ||
	    version.ptr[source_version.len] != '+') {
		return false;
	}
	s->package = span_of("shim");
	s->version = rest;
	return true;
}

bool subject_of_dpkg(const struct row *package, struct span stream, struct subject *out)
{
	struct span version = subject_text(package, PACKAGES_VERSION);
	struct span status = subject_text(package, PACKAGES_STATUS);
	struct span source = subject_text(package, PACKAGES_SOURCE);
	struct span source_version = subject_text(package, PACKAGES_SOURCE_VERSION);
	bool is_rebuilt = false;

	*out = (struct subject){ .stream = stream,
				 .compare = version_dpkg_compare,
				 .is_valid = version_dpkg_is_valid };
	out->is_removed = span_is(status, "config-files") || span_is(status, "not-installed");
	out->package = source.len > 0 ? source : subject_text(package, PACKAGES_NAME);
	out->version =
		without_rebuild(source_version.len > 0 ? source_version : version, &is_rebuilt);
	out->rule = is_rebuilt                                 ? "bin-nmu"
		    : source_version.len > 0 || source.len > 0 ? "source"
							       : "binary";
	if (signed_kernel(out, source, without_rebuild(version, &is_rebuilt)) ||
	    signed_grub(out, source, version) ||
	    signed_shim(out, source, source_version, version)) {
		out->rule = "signed";
	}
	return out->package.len > 0 && out->version.len > 0;
}

bool subject_backported(struct subject *subject)
{
	long at = subject_find_last(subject->version, "~bpo");

	if (at <= 0 || !span_starts_with(subject->stream, "debian:")) {
		return false;
	}
	subject->version = span_first(subject->version, (size_t)at);
	subject->rule = "backport";
	return true;
}
