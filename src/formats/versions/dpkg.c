/*
 * dpkg.c - Debian's versions: deb-version(7); dpkg's lib/dpkg/version.c (dpkg_version_compare)
 * and lib/dpkg/parsehelp.c (parseversion).
 *
 * Malformed: a colon behind anything but a number separates no epoch; every other byte
 * sorts as deb-version(7) says of non-letters.
 */
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

/* strtol() and a check against INT_MAX in parseversion() */
#define EPOCH_MAX "2147483647"

struct parts {
	struct span epoch;
	struct span upstream;
	struct span revision;
};

/* [epoch:]upstream[-revision]: the first colon and the last hyphen separate. */
static struct parts split(struct span version)
{
	struct parts parts = { .upstream = version };
	size_t colon = span_find(version, ':');
	size_t hyphen;

	if (colon < version.len && scan_is_number(span_first(version, colon))) {
		parts.epoch = span_first(version, colon);
		parts.upstream = span_after(version, colon + 1);
	}
	hyphen = scan_find_last(parts.upstream, '-');
	parts.revision = span_after(parts.upstream, hyphen + 1);
	parts.upstream = span_first(parts.upstream, hyphen);
	return parts;
}

/* Where the next character sorts: ~ before the end, the end before letters, letters
 * before all others. A digit ends the comparison of characters as the end does. */
static int weight(const struct reader *r)
{
	uint8_t c = reader_peek(r);

	if (reader_left(r) == 0 || scan_is_digit(c)) {
		return 0;
	}
	if (c == '~') {
		return -1;
	}
	return scan_is_letter(c) ? c : c + 256;
}

/* Non-digits and numbers in turn, from the left. */
static int compare_part(struct span a, struct span b)
{
	struct reader ra = reader_over(a);
	struct reader rb = reader_over(b);
	int order = 0;

	while (order == 0 && (reader_left(&ra) > 0 || reader_left(&rb) > 0)) {
		int wa = weight(&ra);
		int wb = weight(&rb);

		order = scan_order(wa, wb);
		if (wa == 0 && wb == 0) {
			order = scan_compare_numbers(scan_digits(&ra), scan_digits(&rb));
		} else if (order == 0) {
			(void)reader_u8(&ra);
			(void)reader_u8(&rb);
		}
	}
	return order;
}

int version_dpkg_compare(struct span a, struct span b)
{
	struct parts pa = split(a);
	struct parts pb = split(b);
	int order = scan_compare_numbers(pa.epoch, pb.epoch);

	if (order == 0) {
		order = compare_part(pa.upstream, pb.upstream);
	}
	if (order == 0) {
		order = compare_part(pa.revision, pb.revision);
	}
	return order;
}

bool version_dpkg_is_valid(struct span version)
{
	size_t colon = span_find(version, ':');
	struct parts parts = split(version);

	if (colon < version.len && (!scan_is_number(span_first(version, colon)) ||
				    scan_compare_numbers(parts.epoch, span_of(EPOCH_MAX)) > 0)) {
		return false;
	}
	if (span_ends_with(version, "-") ||
	    (parts.revision.len > 0 && !scan_is_made_of(parts.revision, "+.~"))) {
		return false;
	}
	return scan_is_made_of(parts.upstream, ".-+~:") && scan_is_digit(parts.upstream.ptr[0]);
}
