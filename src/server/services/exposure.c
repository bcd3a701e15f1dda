/*
 * exposure.c - whether a package's code is within reach of anybody.
 *
 * Vulnerabilities of a kernel's source are in the kernel that runs: not in other images that are
 * installed beside it, in headers, in documentation.
 */
#include "base/text.h"
#include "server/services/subject.h"

const char *exposure_name(enum exposure exposure)
{
	static const char *const names[] = {
		[EXPOSURE_UNKNOWN] = "unknown",     [EXPOSURE_NOT_RUNNING] = "not-running",
		[EXPOSURE_INSTALLED] = "installed", [EXPOSURE_RUNNING] = "running",
		[EXPOSURE_LOCAL] = "local",         [EXPOSURE_NETWORK] = "network",
	};

	return names[exposure];
}

/* "linux-image-6.1.0-18-amd64", "linux-modules-5.15.0-91-generic": what the running kernel's
 * release ends. Debian's -unsigned and -dbg kinds hold no kernel that is booted. */
static bool is_running_dpkg(struct span name, struct span running)
{
	static const char *const prefixes[] = { "linux-image-", "linux-image-unsigned-",
						"linux-modules-", "linux-modules-extra-" };

	for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
		if (span_starts_with(name, prefixes[i]) &&
		    span_equal(span_after(name, span_of(prefixes[i]).len), running)) {
			return true;
		}
	}
	return false;
}

static bool is_running_rpm(const struct row *package, struct span name, struct span running)
{
	uint8_t release[SUBJECT_ROOM];
	struct writer w = writer_over(release, sizeof release);
	struct span version = subject_text(package, PACKAGES_VERSION);
	size_t colon = span_find(version, ':');
	static const char *const parts[] = { "kernel", "kernel-core", "kernel-modules",
					     "kernel-modules-core", "kernel-modules-extra" };

	writer_bytes(&w, colon < version.len ? span_after(version, colon + 1) : version);
	writer_text(&w, ".");
	writer_bytes(&w, subject_text(package, PACKAGES_ARCHITECTURE));
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (span_is(name, parts[i])) {
			return writer_ok(&w) && span_equal(writer_span(&w), running);
		}
	}
	return false;
}

/* Package linux-lts 6.6.14-r0 is release 6.6.14-0-lts. */
static bool is_running_apk(const struct row *package, struct span name, struct span running)
{
	uint8_t release[SUBJECT_ROOM];
	struct writer w = writer_over(release, sizeof release);
	struct span version = subject_text(package, PACKAGES_VERSION);
	long at = subject_find_last(version, "-r");

	if (at < 0 || !span_starts_with(name, "linux-")) {
		return false;
	}
	writer_bytes(&w, span_first(version, (size_t)at));
	writer_text(&w, "-");
	writer_bytes(&w, span_after(version, (size_t)at + 2));
	writer_bytes(&w, span_after(name, sizeof "linux" - 1));
	return writer_ok(&w) && span_equal(writer_span(&w), running);
}

/* linux, linux-6.1, linux-lts, linux-hwe-5.15, kernel; not linux-firmware, linux-pam. */
static bool is_kernel_source(struct span source)
{
	static const char *const others[] = { "linux-firmware", "linux-pam", "linux-atm",
					      "linux-base" };

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		if (span_starts_with(source, others[i])) {
			return false;
		}
	}
	return span_is(source, "linux") || span_is(source, "kernel") ||
	       span_starts_with(source, "linux-");
}

enum exposure exposure_of_package(const struct row *package, struct span running_release,
				  enum exposure fallback)
{
	struct span name = subject_text(package, PACKAGES_NAME);
	struct subject subject;
	bool is_running;

	if (running_release.len == 0 || !subject_of_package(package, span_of(NULL), &subject) ||
	    !is_kernel_source(subject.package)) {
		return fallback;
	}
	is_running = is_running_dpkg(name, running_release) ||
		     is_running_rpm(package, name, running_release) ||
		     is_running_apk(package, name, running_release);
	return is_running ? EXPOSURE_RUNNING : EXPOSURE_NOT_RUNNING;
}

enum exposure exposure_of_address(struct span address)
{
	return span_starts_with(address, "127.") || span_is(address, "::1") ||
			       span_starts_with(address, "::ffff:127.")
		       ? EXPOSURE_LOCAL
		       : EXPOSURE_NETWORK;
}

/* --- in words --- */

/* Listeners that are named. */
#define NAMED_MAX 3

struct listener_words listener_words_over(uint8_t *room, size_t size)
{
	return (struct listener_words){ .text = writer_over(room, size) };
}

void listener_words_add(struct listener_words *words, struct span protocol, struct span address,
			int64_t port)
{
	bool is_bracketed = span_find(address, ':') < address.len;

	if (words->count++ >= NAMED_MAX || port < 0) {
		return;
	}
	writer_text(&words->text, words->count > 1 ? ", " : "");
	writer_bytes(&words->text, protocol);
	writer_text(&words->text, is_bracketed ? " [" : " ");
	writer_bytes(&words->text, address);
	writer_text(&words->text, is_bracketed ? "]:" : ":");
	writer_decimal(&words->text, (uint64_t)port);
}

struct span listener_words_end(struct listener_words *words)
{
	if (words->count > NAMED_MAX) {
		writer_text(&words->text, " and ");
		writer_decimal(&words->text, words->count - NAMED_MAX);
		writer_text(&words->text, " more");
	}
	return writer_ok(&words->text) ? writer_span(&words->text) : span_of(NULL);
}
