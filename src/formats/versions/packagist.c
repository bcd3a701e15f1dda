/*
 * packagist.c - Composer's packages: PHP's version_compare(), in ext/standard/versioning.c
 * (php_version_compare, compare_special_version_forms), which composer/semver's Comparator
 * ends in.
 *
 * Runs of digits and of letters; the first two that differ decide. Words rank by how they
 * begin: unknown < dev < a < b < rc < the end < any number < p, so 1.0p1 > 1.0.1.
 * Malformed: all other bytes separate. PHP has a "#" equal to every number, and so 1.# = 1
 * and 1.# = 1.1 although 1 < 1.1; here it separates like the rest.
 */
#include "base/attr.h"
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

enum rank { UNKNOWN, DEV, ALPHA, BETA, CANDIDATE, END, NUMBER, PATCH };

static const struct {
	const char *prefix;
	enum rank rank;
} words[] = {
	{ "dev", DEV },      { "a", ALPHA },      { "b", BETA },
	{ "RC", CANDIDATE }, { "rc", CANDIDATE }, { "p", PATCH },
};

static struct span without_v(struct span version)
{
	struct reader r = reader_over(version);

	(void)(scan_take(&r, 'v') || scan_take(&r, 'V'));
	return scan_is_digit(reader_peek(&r)) ? reader_rest(&r) : version;
}

static enum rank next(struct reader *r, struct span *number)
{
	struct span word;

	scan_skip_separators(r);
	*number = scan_digits(r);
	if (number->len > 0) {
		return NUMBER;
	}
	word = scan_letters(r);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (span_starts_with(word, words[i].prefix)) {
			return words[i].rank;
		}
	}
	return word.len > 0 ? UNKNOWN : END;
}

int version_packagist_compare(struct span a, struct span b)
{
	struct reader ra = reader_over(without_v(a));
	struct reader rb = reader_over(without_v(b));
	struct span na;
	struct span nb;
	enum rank rank;
	int order;

	do {
		rank = next(&ra, &na);
		order = scan_order((int)rank, (int)next(&rb, &nb));
		if (order == 0) {
			order = scan_compare_numbers(na, nb);
		}
	} while (order == 0 && rank != END);
	return order;
}

static void take_separator(struct reader *r)
{
	(void)(scan_take(r, '.') || scan_take(r, '_') || scan_take(r, '-'));
}

/* [separator]stability{[separator]number}, or nothing */
static void take_stability(struct reader *r)
{
	static const char *const names[] = { "stable", "beta",  "b",  "rc", "alpha",
					     "a",      "patch", "pl", "p" };
	struct reader ahead = *r;

	take_separator(&ahead);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (scan_take_word(&ahead, names[i])) {
			do {
				*r = ahead;
				(void)(scan_take(&ahead, '.') || scan_take(&ahead, '-'));
			} while (scan_digits(&ahead).len > 0);
			return;
		}
	}
}

/* VersionParser::normalize() of composer/semver: number{.number}[stability][-dev], or
 * dev-branch; what follows a + does not matter. Its forms of dates are refused. */
bool version_packagist_is_valid(struct span version)
{
	struct reader r = reader_over(span_first(version, span_find(version, '+')));
	struct reader ahead;
	size_t numbers = 0;

	if (span_starts_with(version, "dev-")) {
		return version.len > 4;
	}
	(void)(scan_take(&r, 'v') || scan_take(&r, 'V'));
	ahead = r;
	while (numbers < 4 && scan_digits(&ahead).len > 0) {
		r = ahead;
		numbers++;
		if (!scan_take(&ahead, '.')) {
			break;
		}
	}
	take_stability(&r);
	ahead = r;
	(void)(scan_take(&ahead, '.') || scan_take(&ahead, '-'));
	if (scan_take_word(&ahead, "dev")) {
		r = ahead;
	}
	return numbers > 0 && reader_left(&r) == 0;
}
