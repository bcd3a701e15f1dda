/*
 * release.c - which stream of the feeds speaks of a system, from its os-release(5).
 *
 * A derivative is judged by its own stream only: ID_LIKE says what it resembles, not whose packages
 * and fixes it has. Red Hat's rebuilds carry Red Hat's own versions and are judged by them.
 */
#include "base/writer.h"
#include "server/services/subject.h"

/* Debian's releases that have no number yet: testing and unstable state only their codename, and
 * cannot be told from each other. */
static const struct {
	const char *codename;
	const char *number;
} debian_codenames[] = {
	{ "stretch", "9" },   { "buster", "10" }, { "bullseye", "11" },
	{ "bookworm", "12" }, { "trixie", "13" }, { "forky", "14" },
	{ "duke", "15" },     { "sid", "sid" },   { "unstable", "sid" },
};

static const struct {
	const char *id;
	const char *stream;
} red_hat_like[] = {
	{ "rhel", "redhat" },      { "centos", "redhat" }, { "rocky", "redhat" },
	{ "almalinux", "redhat" }, { "ol", "redhat" },
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The first parts of a dotted number: "3.19.1" with 2 is "3.19"; empty where it is none. */
static struct span number_of(struct span text, unsigned parts)
{
	size_t len = 0;

	while (len < text.len && (is_digit(text.ptr[len]) || text.ptr[len] == '.')) {
		if (text.ptr[len] == '.' && --parts == 0) {
			break;
		}
		len++;
	}
	return len < text.len && text.ptr[len] != '.' ? span_of(NULL) : span_first(text, len);
}

static bool put(const char *family, struct span release, struct release *out)
{
	struct writer w = writer_over((uint8_t *)out->stream, sizeof out->stream - 1);

	if (release.len == 0) {
		return false;
	}
	writer_text(&w, family);
	writer_text(&w, ":");
	writer_bytes(&w, release);
	if (!writer_ok(&w)) {
		return false;
	}
	out->stream[writer_used(&w)] = '\0';
	return true;
}

static bool put_debian(const struct row *os, struct release *out)
{
	struct span number = number_of(subject_text(os, OS_VERSION_ID), 1);
	struct span codename = subject_text(os, OS_CODENAME);

	if (number.len > 0) {
		return put("debian", number, out);
	}
	if (codename.len == 0) { /* "forky/sid" of /etc/debian_version */
		codename = subject_text(os, OS_VERSION);
		codename = span_first(codename, span_find(codename, '/'));
	}
	for (size_t i = 0; i < COUNT_OF(debian_codenames); i++) {
		if (span_is(codename, debian_codenames[i].codename)) {
			return put("debian", span_of(debian_codenames[i].number), out);
		}
	}
	return false;
}

static bool put_alpine(const struct row *os, struct release *out)
{
	struct span version = subject_text(os, OS_VERSION_ID);

	if (subject_find_last(version, "_alpha") >= 0 || span_is(version, "edge")) {
		return put("alpine", span_of("edge"), out);
	}
	return put("alpine", number_of(version, 2), out);
}

static void put_architecture(const struct row *os, struct release *out)
{
	struct span architecture = subject_text(os, OS_ARCHITECTURE);
	struct writer w = writer_over((uint8_t *)out->architecture, sizeof out->architecture - 1);

	writer_bytes(&w, architecture);
}

bool release_of_os(const struct row *os, struct release *out)
{
	struct span id = subject_text(os, OS_ID);
	bool is_known = false;

	*out = (struct release){ 0 };
	put_architecture(os, out);
	if (span_is(id, "debian")) {
		is_known = put_debian(os, out);
	} else if (span_is(id, "ubuntu")) {
		is_known = put("ubuntu", number_of(subject_text(os, OS_VERSION_ID), 2), out);
	} else if (span_is(id, "alpine")) {
		is_known = put_alpine(os, out);
	}
	for (size_t i = 0; i < COUNT_OF(red_hat_like); i++) {
		if (span_is(id, red_hat_like[i].id)) {
			is_known = put(red_hat_like[i].stream,
				       number_of(subject_text(os, OS_VERSION_ID), 1), out);
		}
	}
	if (!is_known) {
		out->stream[0] = '\0';
	}
	return is_known;
}
