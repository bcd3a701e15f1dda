/*
 * semver.c - Semantic Versioning 2.0.0 (semver.org), used by npm, crates.io, Hex and others.
 *
 * Malformed: the numbers are all that digits and dots come before anything else (missing
 * ones are zero), and what follows up to a + is the pre-release, as node-semver's loose
 * mode reads "1.2.3beta".
 */
#include "formats/versions/semver.h"

#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

struct parts {
	struct span numbers;
	struct span prerelease;
};

static struct parts split(struct span version)
{
	struct parts parts;
	struct reader r = reader_over(span_first(version, span_find(version, '+')));
	struct reader numbers;
	size_t len = 0;

	(void)(scan_take(&r, 'v') || scan_take(&r, 'V'));
	numbers = r;
	while (reader_left(&r) > 0 && (scan_is_digit(reader_peek(&r)) || reader_peek(&r) == '.')) {
		(void)reader_u8(&r);
		len++;
	}
	(void)scan_take(&r, '-');
	parts.numbers = reader_bytes(&numbers, len);
	parts.prerelease = reader_rest(&r);
	return parts;
}

static int compare_numbers(struct span a, struct span b)
{
	struct reader ra = reader_over(a);
	struct reader rb = reader_over(b);
	int order = 0;

	while (order == 0 && (reader_left(&ra) > 0 || reader_left(&rb) > 0)) {
		order = scan_compare_numbers(reader_until(&ra, '.'), reader_until(&rb, '.'));
	}
	return order;
}

/* Section 11.4: numbers by value and before texts, a row of identifiers after its prefixes. */
static int compare_prereleases(struct span a, struct span b,
			       int (*compare_text)(struct span a, struct span b))
{
	struct reader ra = reader_over(a);
	struct reader rb = reader_over(b);

	while (reader_left(&ra) > 0 && reader_left(&rb) > 0) {
		struct span ia = reader_until(&ra, '.');
		struct span ib = reader_until(&rb, '.');
		int order = scan_order(scan_is_number(ib), scan_is_number(ia));

		if (order == 0) {
			order = scan_is_number(ia) ? scan_compare_numbers(ia, ib)
						   : compare_text(ia, ib);
		}
		if (order != 0) {
			return order;
		}
	}
	return scan_order(reader_left(&ra) > 0, reader_left(&rb) > 0);
}

int semver_compare(struct span a, struct span b, int (*compare_text)(struct span a, struct span b))
{
	struct parts pa = split(a);
	struct parts pb = split(b);
	int order = compare_numbers(pa.numbers, pb.numbers);

	if (order == 0) { /* 11.3: a pre-release comes before its release */
		order = scan_order(pa.prerelease.len == 0, pb.prerelease.len == 0);
	}
	if (order == 0) {
		order = compare_prereleases(pa.prerelease, pb.prerelease, compare_text);
	}
	return order;
}

static bool is_good_number(struct span text, bool is_strict)
{
	return scan_is_number(text) && !(is_strict && text.len > 1 && text.ptr[0] == '0');
}

/* Identifiers between dots, none empty. */
static bool are_identifiers(struct span text, bool may_not_lead_with_zero)
{
	struct reader r = reader_over(text);

	if (text.len == 0 || span_ends_with(text, ".")) {
		return false;
	}
	while (reader_left(&r) > 0) {
		struct span identifier = reader_until(&r, '.');

		if (!scan_is_made_of(identifier, "-") ||
		    (scan_is_number(identifier) &&
		     !is_good_number(identifier, may_not_lead_with_zero))) {
			return false;
		}
	}
	return true;
}

bool semver_is_valid(struct span version, size_t least, size_t most, bool is_strict)
{
	struct span build = span_after(version, span_find(version, '+'));
	struct span core = span_first(version, span_find(version, '+'));
	struct span prerelease = span_after(core, span_find(core, '-'));
	struct reader numbers = reader_over(span_first(core, span_find(core, '-')));
	size_t count = 0;

	do {
		struct span number = scan_digits(&numbers);

		if (!is_good_number(number, is_strict)) {
			return false;
		}
		count++;
	} while (scan_take(&numbers, '.'));
	if (reader_left(&numbers) > 0 || count < least || count > most) {
		return false;
	}
	if ((prerelease.len > 0 || build.len > 0) && is_strict && count < 3) {
		return false;
	}
	return (prerelease.len == 0 || are_identifiers(span_after(prerelease, 1), is_strict)) &&
	       (build.len == 0 || are_identifiers(span_after(build, 1), false));
}

int version_semver_compare(struct span a, struct span b)
{
	return semver_compare(a, b, span_compare);
}

bool version_semver_is_valid(struct span version)
{
	return semver_is_valid(version, 3, 3, true);
}
