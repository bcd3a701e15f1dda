/*
 * rpm.c - RPM's versions: rpm-version(7); rpm's rpmio/rpmvercmp.c (rpmvercmp) and
 * rpmio/rpmver.c (parseEVR, rpmverCmp).
 *
 * Malformed: nothing is to rpmvercmp(); a colon behind anything but digits separates no
 * epoch, and bytes outside ASCII are separators.
 */
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

/* RPMTAG_EPOCH is an unsigned number of 32 bits. */
#define EPOCH_MAX "4294967295"

struct parts {
	struct span epoch;
	struct span version;
	struct span release;
	bool has_release;
};

/* [epoch:]version[-release]: digits before the first colon, the last hyphen. */
static struct parts split(struct span evr)
{
	struct parts parts = { .version = evr };
	size_t colon = span_find(evr, ':');
	size_t hyphen;

	if (colon == 0 || (colon < evr.len && scan_is_number(span_first(evr, colon)))) {
		parts.epoch = span_first(evr, colon);
		parts.version = span_after(evr, colon + 1);
	}
	hyphen = scan_find_last(parts.version, '-');
	parts.has_release = hyphen < parts.version.len;
	parts.release = span_after(parts.version, hyphen + 1);
	parts.version = span_first(parts.version, hyphen);
	return parts;
}

/* What can come next, in ascending order: 1~ < 1 < 1^ < 1a < 1.1 */
enum rank { TILDE, END, CARET, WORD, NUMBER };

static enum rank next(struct reader *r, struct span *segment)
{
	while (reader_left(r) > 0 && !scan_is_alnum(reader_peek(r)) && reader_peek(r) != '~' &&
	       reader_peek(r) != '^') {
		(void)reader_u8(r);
	}
	if (reader_left(r) == 0) {
		return END;
	}
	if (scan_take(r, '~')) {
		return TILDE;
	}
	if (scan_take(r, '^')) {
		return CARET;
	}
	*segment = scan_digits(r);
	if (segment->len > 0) {
		return NUMBER;
	}
	*segment = scan_letters(r);
	return WORD;
}

/* rpmvercmp() */
static int compare_part(struct span a, struct span b)
{
	struct reader ra = reader_over(a);
	struct reader rb = reader_over(b);
	struct span sa = { 0 };
	struct span sb = { 0 };
	enum rank rank;
	int order;

	do {
		rank = next(&ra, &sa);
		order = scan_order((int)rank, (int)next(&rb, &sb));
		if (order == 0 && rank == NUMBER) {
			order = scan_compare_numbers(sa, sb);
		} else if (order == 0 && rank == WORD) {
			order = span_compare(sa, sb);
		}
	} while (order == 0 && rank != END);
	return order;
}

int version_rpm_compare(struct span a, struct span b)
{
	struct parts pa = split(a);
	struct parts pb = split(b);
	int order = scan_compare_numbers(pa.epoch, pb.epoch);

	if (order == 0) {
		order = compare_part(pa.version, pb.version);
	}
	if (order == 0) {
		order = scan_order(pa.has_release, pb.has_release);
	}
	if (order == 0) {
		order = compare_part(pa.release, pb.release);
	}
	return order;
}

/* ALLOWED_CHARS_VERREL of rpm's build/rpmbuild_internal.h, without the characters of macros */
bool version_rpm_is_valid(struct span version)
{
	struct parts parts = split(version);

	if (span_starts_with(version, ":") ||
	    scan_compare_numbers(parts.epoch, span_of(EPOCH_MAX)) > 0) {
		return false;
	}
	return scan_is_made_of(parts.version, "._+~^") &&
	       (!parts.has_release || scan_is_made_of(parts.release, "._+~^"));
}
