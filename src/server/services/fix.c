/*
 * fix.c - the command that mends a finding on the system that has it.
 *
 * Names and versions come from sensors and feeds, and people paste what is shown: a text with any
 * character that a shell would read gives no command at all.
 */
#include "base/reader.h"
#include "server/services/subject.h"

#define REBOOT " && systemctl reboot"

static bool is_plain(struct span text)
{
	static const char allowed[] = "+-.:_~@/=";

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !(c >= '0' && c <= '9') &&
		    span_find(span_of(allowed), c) == sizeof allowed - 1) {
			return false;
		}
	}
	/* nothing that a program would read as an option */
	return text.len > 0 && text.ptr[0] != '-' && text.ptr[0] != '~';
}

/* "linux-image-6.1.0-18-cloud-amd64" holds one kernel for good; the package that brings the next is
 * linux-image-cloud-amd64. False where the name is another. */
static bool write_kernel(struct span name, struct writer *out)
{
	static const char prefix[] = "linux-image-";
	struct reader r = reader_over(span_after(name, sizeof prefix - 1));
	struct span part;

	if (!span_starts_with(name, prefix) || reader_peek(&r) < '0' || reader_peek(&r) > '9') {
		return false;
	}
	part = reader_until(&r, '-');
	if (span_find(part, '+') == part.len) {
		part = reader_until(&r, '-'); /* the ABI; with Debian 13 "6.12.48+deb13" */
	}
	if (part.len == 0 || reader_left(&r) == 0) {
		return false;
	}
	writer_text(out, prefix);
	writer_bytes(out, reader_rest(&r));
	return true;
}

/* The package and those of the same source, each once. */
static void write_names(struct span name, const struct span *names, size_t count,
			struct writer *out)
{
	writer_bytes(out, name);
	for (size_t i = 0; i < count; i++) {
		bool is_new = is_plain(names[i]) && !span_equal(names[i], name);

		for (size_t earlier = 0; earlier < i; earlier++) {
			is_new = is_new && !span_equal(names[earlier], names[i]);
		}
		if (is_new) {
			writer_text(out, " ");
			writer_bytes(out, names[i]);
		}
	}
}

/* The package that brings the next kernel may be missing so far, so that --only-upgrade would do
 * nothing. */
static void fix_dpkg(const struct row *package, const struct span *names, size_t count,
		     struct writer *out)
{
	struct span name = subject_text(package, PACKAGES_NAME);
	size_t mark = writer_used(out);

	writer_text(out, "apt-get install ");
	if (write_kernel(name, out)) {
		writer_text(out, REBOOT);
		return;
	}
	writer_rewind(out, mark);
	writer_text(out, "apt-get install --only-upgrade ");
	write_names(name, names, count, out);
	if (span_starts_with(name, "linux-image-")) {
		writer_text(out, REBOOT);
	}
}

static bool is_rpm_kernel(struct span name)
{
	return span_is(name, "kernel") || span_is(name, "kernel-core") ||
	       span_starts_with(name, "kernel-modules");
}

/* Rebuilds announce under names of their own: only Red Hat's packages follow Red Hat's advisories.
 */
static void fix_rpm(const struct row *package, const struct judgement *judgement,
		    const struct span *names, size_t count, struct writer *out)
{
	struct span name = subject_text(package, PACKAGES_NAME);
	struct span advisory = judgement->entry.advisory;

	writer_text(out, "dnf upgrade ");
	if (span_starts_with(subject_text(package, PACKAGES_VENDOR), "Red Hat") &&
	    span_starts_with(advisory, "RH") && is_plain(advisory)) {
		writer_text(out, "--advisory=");
		writer_bytes(out, advisory);
	} else if (is_rpm_kernel(name)) {
		writer_text(out, "kernel");
	} else {
		write_names(name, names, count, out);
	}
	if (is_rpm_kernel(name)) {
		writer_text(out, REBOOT);
	}
}

static void fix_apk(const struct row *package, struct writer *out)
{
	struct span name = subject_text(package, PACKAGES_NAME);

	writer_text(out, "apk upgrade ");
	writer_bytes(out, name);
	if (span_is(name, "linux-lts") || span_is(name, "linux-virt")) {
		writer_text(out, " && reboot");
	}
}

/* A package of another package's own is brought up to date by that one. */
static void fix_npm(struct span name, struct span fixed, struct span path, struct writer *out)
{
	static const char folder[] = "/node_modules/";
	size_t at = 0;
	struct span top;

	while (at < path.len && !span_starts_with(span_after(path, at), folder)) {
		at++;
	}
	top = span_after(path, at + sizeof folder - 1);
	if (subject_find_last(top, folder) >= 0) {
		size_t len = span_find(top, '/');

		if (span_starts_with(top, "@")) {
			len += 1 + span_find(span_after(top, len + 1), '/');
		}
		top = span_first(top, len);
		if (is_plain(top)) {
			writer_text(out, "npm update --global ");
			writer_bytes(out, top);
		}
		return;
	}
	writer_text(out, "npm install --global ");
	writer_bytes(out, name);
	writer_text(out, "@");
	writer_bytes(out, fixed);
}

/* An environment's own pip is beside its lib folder. */
static void fix_pypi(struct span name, struct span fixed, struct span path, struct writer *out)
{
	static const char library[] = "/lib/python3";
	long at = subject_find_last(path, library);

	if (at > 0 && span_starts_with(path, "/opt/") && is_plain(path)) {
		writer_bytes(out, span_first(path, (size_t)at));
		writer_text(out, "/bin/");
	}
	writer_text(out, "pip install --upgrade '");
	writer_bytes(out, name);
	writer_text(out, ">=");
	writer_bytes(out, fixed);
	writer_text(out, "'");
}

/* A module is in its program: that one has to be built again. */
static void fix_go(struct span name, struct span fixed, struct span path, struct writer *out)
{
	writer_text(out, "go get ");
	if (span_is(name, "stdlib") || span_is(name, "toolchain")) {
		writer_text(out, "go@");
	} else {
		writer_bytes(out, name);
		writer_text(out, span_starts_with(fixed, "v") ? "@" : "@v");
	}
	writer_bytes(out, fixed);
	writer_text(out, " && go build # in the sources of ");
	writer_bytes(out, is_plain(path) ? path : span_of("the program"));
}

static void fix_language(const struct row *package, struct span fixed, struct writer *out)
{
	struct span ecosystem = subject_text(package, LANGUAGE_PACKAGES_ECOSYSTEM);
	struct span name = subject_text(package, LANGUAGE_PACKAGES_NAME);
	struct span path = subject_text(package, LANGUAGE_PACKAGES_PATH);

	if (span_is(ecosystem, "npm")) {
		fix_npm(name, fixed, path, out);
	} else if (span_is(ecosystem, "pypi")) {
		fix_pypi(name, fixed, path, out);
	} else if (span_is(ecosystem, "go")) {
		fix_go(name, fixed, path, out);
	} else if (span_is(ecosystem, "rubygems") || span_is(ecosystem, "cargo")) {
		writer_text(out, span_is(ecosystem, "cargo") ? "cargo" : "gem");
		writer_text(out, " install ");
		writer_bytes(out, name);
		writer_text(out, " --version ");
		writer_bytes(out, fixed);
	}
}

void vulnerability_fix_together(const struct row *package, const struct judgement *judgement,
				const struct span *names, size_t count, struct writer *out)
{
	bool is_language = package->table->number == TABLE_LANGUAGE_PACKAGES;
	struct span name =
		subject_text(package, is_language ? LANGUAGE_PACKAGES_NAME : PACKAGES_NAME);
	struct span manager = subject_text(package, PACKAGES_MANAGER);

	if (judgement->fixed_version.len == 0 || judgement->status >= JUDGEMENT_FIXED ||
	    !is_plain(name) || !is_plain(judgement->fixed_version)) {
		return;
	}
	if (is_language) {
		fix_language(package, judgement->fixed_version, out);
	} else if (span_is(manager, "dpkg")) {
		fix_dpkg(package, names, count, out);
	} else if (span_is(manager, "rpm")) {
		fix_rpm(package, judgement, names, count, out);
	} else if (span_is(manager, "apk")) {
		fix_apk(package, out);
	} else if (span_is(manager, "cpe")) { /* how it was installed no banner tells */
		writer_text(out, "# upgrade ");
		writer_bytes(out, name);
		writer_text(out, " to ");
		writer_bytes(out, judgement->fixed_version);
		writer_text(out, " or later");
	}
}

void vulnerability_fix(const struct row *package, const struct judgement *judgement,
		       struct writer *out)
{
	vulnerability_fix_together(package, judgement, NULL, 0, out);
}
