/* banner.c - versions within banners, and the release that a revision belongs to. */
#include "server/services/banner.h"

#include <stdio.h>

#include "base/mem.h"
#include "server/services/subject.h"

/* Where in a banner the version lies: behind `before`, up to a blank or the end; `between` stands
 * between upstream's version and the distribution's revision. */
static const struct form {
	const char *before;
	const char *between;
	const char *epoch;
	const char *package;
	const char *source;
} forms[] = {
	{ "OpenSSH_", " Debian-", "1:", "openssh-server", "openssh" },
	{ "OpenSSH_", " Ubuntu-", "1:", "openssh-server", "openssh" },
	{ "5.5.5-", "-MariaDB-", "1:", "mariadb-server", "mariadb" },
	{ "", "-MariaDB-", "1:", "mariadb-server", "mariadb" },
};

/* Releases by what a revision ends with, or by the version that they were released with. */
static const struct {
	const char *source;
	const char *version; /* "": by the mark alone */
	const char *mark;
	const char *stream;
} releases[] = {
	{ "", "", "deb13u", "debian:13" },
	{ "", "", "deb12u", "debian:12" },
	{ "", "", "deb11u", "debian:11" },
	{ "", "", "deb10u", "debian:10" },
	{ "", "", "ubuntu0.20.04", "ubuntu:20.04" },
	{ "", "", "ubuntu0.22.04", "ubuntu:22.04" },
	{ "", "", "ubuntu0.24.04", "ubuntu:24.04" },
	{ "openssh", "10.0p1", "", "debian:13" },
	{ "openssh", "9.2p1", "", "debian:12" },
	{ "openssh", "8.4p1", "", "debian:11" },
	{ "openssh", "7.9p1", "", "debian:10" },
	{ "openssh", "9.6p1", "ubuntu", "ubuntu:24.04" },
	{ "openssh", "8.9p1", "ubuntu", "ubuntu:22.04" },
	{ "openssh", "8.2p1", "ubuntu", "ubuntu:20.04" },
};

/* The place of a text in another, or its length. */
static size_t find(struct span text, const char *part)
{
	for (size_t i = 0; i < text.len; i++) {
		if (span_starts_with(span_after(text, i), part)) {
			return i;
		}
	}
	return text.len;
}

static bool is_version(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool is_good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			       (c >= 'A' && c <= 'Z') || c == '.' || c == '+' || c == '~' ||
			       c == '-';

		if (!is_good) {
			return false;
		}
	}
	return text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9';
}

static struct span up_to_blank(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] > ' ') {
		len++;
	}
	return span_first(text, len);
}

/* Where no release is known the package may not be judged. */
static bool find_release(const struct form *form, struct span upstream, struct span revision,
			 struct release *out)
{
	for (size_t i = 0; i < COUNT_OF(releases); i++) {
		bool is_marked = releases[i].mark[0] == '\0' ||
				 find(revision, releases[i].mark) < revision.len;
		bool is_of = releases[i].version[0] == '\0' ||
			     (span_is(span_of(form->source), releases[i].source) &&
			      span_is(upstream, releases[i].version));
		bool is_ubuntu = find(revision, "ubuntu") < revision.len;

		if (is_marked && is_of &&
		    is_ubuntu == span_starts_with(span_of(releases[i].stream), "ubuntu")) {
			*out = (struct release){ .architecture = "" };
			snprintf(out->stream, sizeof out->stream, "%s", releases[i].stream);
			return true;
		}
	}
	return false;
}

static bool take(const struct form *form, struct span banner, struct banner_package *out)
{
	size_t start = find(banner, form->before);
	struct span rest = span_after(banner, start + span_of(form->before).len);
	size_t middle = find(rest, form->between);
	struct span upstream = span_first(rest, middle);
	struct span revision;
	int written;

	if ((start == banner.len && form->before[0] != '\0') || middle == rest.len) {
		return false;
	}
	revision = up_to_blank(span_after(rest, middle + span_of(form->between).len));
	if (!is_version(upstream) || !is_version(revision) ||
	    upstream.len + revision.len > BANNER_VERSION_SIZE / 2 ||
	    !find_release(form, upstream, revision, &out->release)) {
		return false;
	}
	written = snprintf(out->version, sizeof out->version, "%s%.*s-%.*s", form->epoch,
			   (int)upstream.len, (const char *)upstream.ptr, (int)revision.len,
			   (const char *)revision.ptr);
	out->package = form->package;
	out->source = form->source;
	return written > 0 && (size_t)written < sizeof out->version;
}

bool banner_package_of(struct span banner, struct banner_package *out)
{
	struct banner_package package = { .package = NULL };

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (take(&forms[i], banner, &package)) {
			*out = package;
			return true;
		}
	}
	return false;
}

void banner_package_row(const struct banner_package *package, struct row *out)
{
	row_init(out, schema_by_number(TABLE_PACKAGES));
	row_set_text(out, PACKAGES_MANAGER, span_of("dpkg"));
	row_set_text(out, PACKAGES_NAME, span_of(package->package));
	row_set_text(out, PACKAGES_VERSION, span_of(package->version));
	row_set_text(out, PACKAGES_STATUS, span_of("installed"));
	row_set_text(out, PACKAGES_SOURCE, span_of(package->source));
	row_set_text(out, PACKAGES_SOURCE_VERSION, span_of(package->version));
}
