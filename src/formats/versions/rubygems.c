/*
 * rubygems.c - Ruby gems: Gem::Version in rubygems' lib/rubygems/version.rb (correct?,
 * canonical_segments, <=>).
 *
 * Segments are runs of digits and runs of letters, and a hyphen is ".pre."; a word comes
 * before the end and before numbers. Zeros before the first word do not count: the
 * numbers before it are compared as if zeros went on for ever, then what follows.
 * Malformed: other bytes separate, as they do to scan().
 */
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

/* Where the first word begins. */
static size_t find_word(struct span version)
{
	size_t at = 0;

	while (at < version.len && version.ptr[at] != '-' && !scan_is_letter(version.ptr[at])) {
		at++;
	}
	return at;
}

static int compare_numbers(struct span a, struct span b)
{
	struct reader ra = reader_over(a);
	struct reader rb = reader_over(b);
	int order = 0;

	while (order == 0 && (reader_left(&ra) > 0 || reader_left(&rb) > 0)) {
		scan_skip_separators(&ra);
		scan_skip_separators(&rb);
		order = scan_compare_numbers(scan_digits(&ra), scan_digits(&rb));
	}
	return order;
}

/* The next segment; true for a number, which the end is too: zero. */
static bool next(struct reader *r, struct span *segment)
{
	while (reader_left(r) > 0 && !scan_is_alnum(reader_peek(r))) {
		if (reader_u8(r) == '-') {
			*segment = span_of("pre");
			return false;
		}
	}
	*segment = scan_letters(r);
	if (segment->len > 0) {
		return false;
	}
	*segment = scan_digits(r);
	return true;
}

static int compare_rest(struct span a, struct span b)
{
	struct reader ra = reader_over(a);
	struct reader rb = reader_over(b);
	struct span sa;
	struct span sb;
	int order = 0;

	while (order == 0 && (reader_left(&ra) > 0 || reader_left(&rb) > 0)) {
		bool is_number = next(&ra, &sa);

		order = scan_order(is_number, next(&rb, &sb));
		if (order == 0) {
			order = is_number ? scan_compare_numbers(sa, sb) : span_compare(sa, sb);
		}
	}
	return order;
}

int version_rubygems_compare(struct span a, struct span b)
{
	size_t word_a = find_word(a);
	size_t word_b = find_word(b);
	int order = compare_numbers(span_first(a, word_a), span_first(b, word_b));

	return order != 0 ? order : compare_rest(span_after(a, word_a), span_after(b, word_b));
}

/* VERSION_PATTERN: number{.alnum}[-alnum-or-hyphen{.alnum-or-hyphen}]; the empty version,
 * which it takes for 0, is refused. */
bool version_rubygems_is_valid(struct span version)
{
	size_t hyphen;
	struct reader r;

	version = span_trim(version);
	hyphen = span_find(version, '-');
	r = reader_over(span_first(version, hyphen));
	if (version.len == 0 || !scan_is_number(reader_until(&r, '.')) ||
	    span_ends_with(span_first(version, hyphen), ".") || span_ends_with(version, ".") ||
	    span_ends_with(version, "-")) {
		return false;
	}
	while (reader_left(&r) > 0) {
		if (!scan_is_made_of(reader_until(&r, '.'), "")) {
			return false;
		}
	}
	r = reader_over(span_after(version, hyphen + 1));
	while (reader_left(&r) > 0) {
		if (!scan_is_made_of(reader_until(&r, '.'), "-")) {
			return false;
		}
	}
	return true;
}
